"""Record the clips of a synthetic corpus: voice and face of each performance, as files."""

from functools import lru_cache
from hashlib import sha256
from pathlib import Path
from zlib import crc32

import numpy as np

from emopipe.synthetic.drawn_face import DrawnFace, animate, portrait
from emopipe.synthetic.drawn_voice import SAMPLE_RATE, speak
from emopipe.synthetic.encoding import CODECS, write_image, write_recording
from emopipe.synthetic.people import Person
from emopipe.synthetic.performances import Performance

_MEDLEY = ("anger", "happiness", "sadness")


class Recorder:
    """Records performances at one picture size, frame rate and range of durations.

    Parameters
    ----------
    root : Path
        The corpus' folder.
    size : tuple of int
        Rows and columns.
    frame_rate : float
        Frames per second.
    duration : tuple of float
        Limits of a clip's length in seconds.
    seed : int
    """

    def __init__(
        self,
        root: Path,
        *,
        size: tuple[int, int],
        frame_rate: float,
        duration: tuple[float, float],
        seed: int,
    ):
        self.root = root
        self.size = size
        self.frame_rate = frame_rate
        self.duration = duration
        self.seed = seed
        # Clips come subject by subject, so two faces at a time are enough.
        self._face = lru_cache(maxsize=2)(lambda person: DrawnFace(person, size))

    def record(self, performance: Performance, person: Person):
        """Write all files of a performance."""
        clip = performance.clip
        suffixes = {Path(name).suffix for name in clip.files}
        filmed = bool(suffixes & {".flv", ".mp4", ".avi"})
        if clip.kind == "pointer":
            for name in clip.files:
                self._path(name).write_text(_pointer(name))
            return
        if not suffixes <= set(CODECS):
            image = self._photograph(performance, person)
            for name in clip.files:
                write_image(self._path(name), image, grey=clip.grey)
            return
        seconds = self._seconds(clip)
        signal = self._sound(performance, person, seconds)
        frames = self._film(performance, person, seconds) if filmed else None
        for name in clip.files:
            path = self._path(name)
            pictures = frames if CODECS[path.suffix][0] else None
            rate = self.frame_rate
            write_recording(
                path, frames=pictures, frame_rate=rate, signal=signal, stereo=clip.stereo
            )

    def _path(self, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    def _rng(self, clip, purpose: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, crc32(clip.name.encode()), purpose])

    def _seconds(self, clip) -> float:
        seconds = self._rng(clip, 0).uniform(*self.duration)
        if clip.kind == "medley":
            seconds *= 2
        if clip.kind == "cut_off":
            seconds = 4 / self.frame_rate
        return max(1, round(seconds * self.frame_rate)) / self.frame_rate

    def _sound(self, performance, person, seconds) -> np.ndarray:
        clip, rng = performance.clip, self._rng(performance.clip, 1)
        if clip.kind == "no_face":
            return np.zeros(round(seconds * SAMPLE_RATE), np.float32)
        if clip.kind == "medley":
            parts = [speak(person, emotion, seconds / 3, rng) for emotion in _MEDLEY]
            return np.concatenate(parts)
        # A weaker display would betray the label where the voice is not informative.
        strength = clip.strength if performance.voice == clip.emotion else 0.9
        return speak(person, performance.voice, seconds, rng, strength=strength)

    def _film(self, performance, person, seconds) -> list[np.ndarray]:
        clip, rng = performance.clip, self._rng(performance.clip, 2)
        n = max(1, round(seconds * self.frame_rate))
        face = self._face(person)
        if clip.kind == "no_face":
            return [face.wall] * n
        acts = _MEDLEY if clip.kind == "medley" else (performance.face,)
        strength = clip.strength if performance.face == clip.emotion else 0.9
        counts = [len(part) for part in np.array_split(np.arange(n), len(acts))]
        return [
            frame
            for emotion, count in zip(acts, counts, strict=True)
            for frame in animate(face, emotion, count, self.frame_rate, rng, strength=strength)
        ]

    def _photograph(self, performance, person) -> np.ndarray:
        clip = performance.clip
        strength = clip.strength if performance.face == clip.emotion else 0.9
        return portrait(
            self._face(person),
            performance.face,
            self._rng(clip, 2),
            strength=strength,
            yaw=clip.angle - 90,
            gaze=clip.gaze,
        )


def _pointer(name: str) -> str:
    digest = sha256(name.encode()).hexdigest()
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize 1048576\n"
