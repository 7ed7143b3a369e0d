"""Networks that learn from clips: tensors of clips, one training loop, the systems built on them.

`tensors` turns clips into arrays through the extraction engine, `training` is the loop that all
networks share.
"""
