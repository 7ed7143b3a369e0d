"""Tiny wav files whose pitch tells the emotion: enough for a network on sounds to learn from."""

import numpy as np
import pandas as pd
from clips import write_sound

PITCHES = {"anger": 3000.0, "fear": 1500.0, "sadness": 500.0}


def write_voices(folder, *, subjects="abcdef", takes=2, seconds=0.12):
    """Write a wav per subject, emotion and take; return their clip table."""
    rng = np.random.default_rng(0)
    rows = []
    time = np.arange(round(seconds * 16000)) / 16000
    for subject in subjects:
        for emotion, pitch in PITCHES.items():
            for take in range(takes):
                tone = np.sin(2 * np.pi * pitch * rng.uniform(0.9, 1.1) * time)
                sound = 0.2 * tone + 0.01 * rng.standard_normal(len(time))
                path = folder / f"{subject}_{emotion}_{take}.wav"
                write_sound(path, (sound[None] * 32767).astype(np.int16))
                rows.append({"clip": path.name, "path": str(path), "subject": subject,
                             "emotion": emotion})  # fmt: skip
    return pd.DataFrame(rows)
