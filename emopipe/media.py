"""Recordings and images: a path becomes frames with true times, or a mono signal."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

STATUSES = (
    "ok",
    "partial",
    "no_video",
    "no_audio",
    "no_face",
    "silent",
    "too_short",
    "corrupt",
    "too_large",
    "timeout",
    "crashed",
)

_MEANINGS = {
    "ok": "was processed",
    "partial": "was processed in part",
    "no_video": "has no picture stream",
    "no_audio": "has no sound stream",
    "no_face": "shows no trusted face",
    "silent": "is silent",
    "too_short": "is too short",
    "corrupt": "cannot be decoded",
    "too_large": "is too large",
    "timeout": "took too long",
    "crashed": "made the process crash",
}


class ClipError(Exception):
    """A clip that cannot be processed: its path, a status from `STATUSES`, and what was found."""

    def __init__(self, path, status, detail=""):
        if status not in STATUSES:
            raise ValueError(f"status={status!r} is unknown; allowed: {', '.join(STATUSES)}.")
        self.path, self.status, self.detail = str(path), status, str(detail)
        super().__init__(self.path, self.status, self.detail)

    def __str__(self):
        return f"{self.path}: {_MEANINGS[self.status]} ({self.status}). {self.detail}".rstrip()


def frames(
    path, *, n_frames=None, fps=None, times=None, max_side=None
) -> Iterator[tuple[float, np.ndarray]]:
    """Yield (time in seconds, uint8 RGB (rows, columns, 3)) of the frames wanted."""
    import av

    decoded = []
    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: no such file.")
    with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
        if not container.streams.video:
            raise ClipError(path, "no_video")
        container.streams.video[0].thread_type = "AUTO"
        decoded = [(f.time or 0.0, f) for f in container.decode(video=0)]
    start = decoded[0][0]
    have = np.array([t - start for t, _ in decoded])
    if n_frames is not None:
        step = (have[-1] + (have[-1] / max(len(have) - 1, 1))) / n_frames
        times = (np.arange(n_frames) + 0.5) * step
    elif fps is not None:
        times = np.arange(0, have[-1] + 1e-9, 1 / fps)
    wanted = range(len(have)) if times is None else [np.abs(have - t).argmin() for t in times]
    for i in wanted:
        yield float(have[i]), decoded[i][1].to_ndarray(format="rgb24")


def signal(path, *, sample_rate=16000) -> np.ndarray:
    """Return the sound of any file as mono float32 (samples,) in [-1, 1]."""
    import av

    if not Path(path).exists():
        raise FileNotFoundError(f"{path}: no such file.")
    blocks = []
    with av.open(str(path), options={"protocol_whitelist": "file"}) as container:
        if not container.streams.audio:
            raise ClipError(path, "no_audio")
        resampler = av.AudioResampler("flt", "mono", sample_rate)
        for frame in [*container.decode(audio=0), None]:
            blocks += [f.to_ndarray()[0] for f in resampler.resample(frame)]
    return np.concatenate(blocks).astype(np.float32)


def signal_blocks(path, *, sample_rate=16000, block=30.0) -> Iterator[np.ndarray]:
    """Yield the samples of `signal` in blocks of `block` seconds."""
    samples, size = signal(path, sample_rate=sample_rate), round(block * sample_rate)
    for start in range(0, len(samples), size):
        yield samples[start : start + size]
