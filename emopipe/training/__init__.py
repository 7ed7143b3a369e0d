"""What all networks share: tensors of clips, the training loop, the base of their estimators."""
