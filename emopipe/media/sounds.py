"""Read the sound of a recording as mono float32 at a chosen rate."""

from collections.abc import Iterator
from itertools import chain, groupby

import numpy as np

from emopipe.media.containers import (
    ClipError,
    Reading,
    check_file,
    find_stream,
    open_media,
    zero,
)
from emopipe.media.endings import cut_off
from emopipe.media.excerpts import parse
from emopipe.media.packets import decode, note

_WORTH_A_JUMP = 10.0  # s of sound; decoding less costs nothing worth saving
_RUN_UP = 0.5  # s that decoders need to settle after a jump
# Times full scale. Files of floating point numbers with the range of 32-bit integers are read; what
# is louder is a damaged file, beside which all else would be silence.
_LOUDEST = 2.0**32
_LOWEST_RATE = 1000  # Hz: below it there is no speech, and an hour of noise in a few kilobytes
_FULL_SCALE = {"u8": 2**7, "s16": 2**15, "s32": 2**31, "s64": 2**63, "flt": 1, "dbl": 1}


def _mono(frame, faults) -> np.ndarray:
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    kind = frame.format.name.removesuffix("p")
    mean = samples[0].astype(np.float64) if len(samples) == 1 else samples.mean(0, np.float64)
    offset = 2**7 if kind == "u8" else 0
    mono = (mean - offset) / _FULL_SCALE[kind]
    absurd = ~(np.abs(mono) <= _LOUDEST)
    if absurd.any():
        note(faults, "samples that are no numbers, or no sound (replaced by 0)")
        mono = np.where(absurd, 0.0, mono)
    return mono.astype(np.float32)


def _resample(chunks, rate, sample_rate) -> Iterator[np.ndarray]:
    """Yield the chunks at another rate, together round(samples * sample_rate / rate) samples."""
    import av

    resampler = av.AudioResampler(format="fltp", layout="mono", rate=sample_rate)
    n_read = n_written = 0
    for chunk in chain(chunks, [None]):
        frame = None
        if chunk is not None:
            n_read += len(chunk)
            frame = av.AudioFrame.from_ndarray(chunk[None], format="fltp", layout="mono")
            frame.sample_rate = rate
        pieces = [part.to_ndarray()[0] for part in resampler.resample(frame)]
        fresh = np.concatenate(pieces) if pieces else np.empty(0, np.float32)
        if frame is None:
            due = (2 * n_read * sample_rate + rate) // (2 * rate) - n_written
            fresh = np.pad(fresh[:due], (0, max(0, due - len(fresh))))
        n_written += len(fresh)
        yield fresh


def _cut(run, rate, part, begin, faults) -> Iterator[np.ndarray]:
    """Yield the samples of frames that lie in a part, in the rate that they have.

    `begin` is when the container's time starts; the first frame says when the sound does.
    """
    position = None
    start, stop = round(part.start * rate), round(part.stop * rate)
    for frame in run:
        chunk = _mono(frame, faults)
        if position is None:
            position = round(((frame.time or 0.0) - begin) * rate)
        piece = chunk[max(0, start - position) : max(0, stop - position)]
        if len(piece):
            yield piece
        position += len(chunk)
        if position >= stop:
            return


def _near(container, stream, part):
    """Go near the start of a part of a long recording, where the file allows it."""
    import av

    if part.start < _WORTH_A_JUMP:
        return
    target = part.start - _RUN_UP + zero(container)
    try:
        container.seek(int(target / stream.time_base), stream=stream)
    except av.error.FFmpegError:
        container.seek(0)


def _at_rate(container, stream, sample_rate, faults, part) -> Iterator[np.ndarray]:
    if not part.is_whole:
        _near(container, stream, part)
    sound = decode(container, stream, faults)
    # Some coders change their rate after the first frames.
    for rate, run in groupby(sound, key=lambda frame: frame.sample_rate):
        if rate < _LOWEST_RATE:
            detail = f"Its sound has {rate} samples per second; speech has {_LOWEST_RATE} or more."
            raise ClipError(part.path, "corrupt", detail)
        if part.is_whole:
            chunks = (_mono(frame, faults) for frame in run)
        else:
            chunks = _cut(run, rate, part, zero(container), faults)
        yield from chunks if rate == sample_rate else _resample(chunks, rate, sample_rate)
        if not part.is_whole:
            return


def _blocks(path, sample_rate, size, faults) -> Iterator[np.ndarray]:
    chunks, n_pending, empty = [], 0, True
    part = parse(path)
    with open_media(path) as container:
        stream = find_stream(path, container, "audio")
        for chunk in _at_rate(container, stream, sample_rate, faults, part):
            chunks.append(chunk)
            n_pending += len(chunk)
            if n_pending >= size:
                whole = np.concatenate(chunks)
                n_pending = len(whole) % size
                yield from np.split(whole[: len(whole) - n_pending], len(whole) // size)
                chunks, empty = [whole[len(whole) - n_pending :].copy()], False
    if n_pending:
        yield np.concatenate(chunks)
    elif empty and not (faults or part.is_whole):
        raise ClipError(path, "too_short", "It has no sound in this part.")
    elif empty:
        raise _no_sample(path, faults)


def _no_sample(path, faults) -> ClipError:
    reasons = "; ".join(faults) or "its sound stream is empty"
    status = "corrupt" if faults else "no_audio"
    return ClipError(path, status, f"No sample can be decoded: {reasons}.")


def stored_rate(path) -> int:
    """Return the sampling rate of a recording's first sound, Hz: that of the decoded samples.

    What a header says may be half of it, where a coder rebuilds the upper half of the spectrum.

    Parameters
    ----------
    path : str or Path
        Recording with sound, or a part of one.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ClipError
        "no_audio" or "corrupt".

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from scipy.io import wavfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wavfile.write(f"{folder}/a.wav", 44100, np.zeros(4000, np.int16))
    ...     stored_rate(f"{folder}/a.wav")
    44100
    """
    check_file(path)
    faults = []
    with open_media(path) as container:
        stream = find_stream(path, container, "audio")
        frame = next(decode(container, stream, faults), None)
        if frame is not None:
            return frame.sample_rate
    raise _no_sample(path, faults)


def signal_blocks(path, *, sample_rate=16000, block=30.0) -> Reading:
    """Return an iterator over the samples of `signal` in blocks, in constant memory.

    Parameters
    ----------
    path : str or Path
        Recording with sound, or a part of one (see `emopipe.media.excerpts`).
    sample_rate : int
        Samples per second wanted.
    block : float
        Length of a block in seconds; the last one may be shorter.

    Returns
    -------
    Reading
        Iterator of float32 arrays (samples,). Its `status` is "partial" if the file turns out
        damaged.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ClipError
        "no_audio", "corrupt", while iterating.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from scipy.io import wavfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wavfile.write(f"{folder}/a.wav", 16000, np.zeros(40000, np.int16))
    ...     [len(samples) for samples in signal_blocks(f"{folder}/a.wav", block=1.0)]
    [16000, 16000, 8000]
    """
    size = round(block * sample_rate)
    if sample_rate <= 0 or sample_rate != int(sample_rate):
        raise ValueError(f"sample_rate={sample_rate!r} must be a whole number of Hz above 0.")
    if size < 1:
        raise ValueError(f"block={block!r} s is less than one sample.")
    faults = cut_off(check_file(path))
    return Reading(_blocks(path, int(sample_rate), size, faults), faults)


def signal(path, *, sample_rate=16000) -> np.ndarray:
    """Return the sound of a recording as a mono signal.

    The mean of all channels is taken, then it is brought to `sample_rate` by libswresample;
    a mono file that has this rate is only scaled: 16-bit samples / 32768, exactly.

    Parameters
    ----------
    path : str or Path
        Recording with sound, of any container, layout, sample format and rate, or a part of one.
    sample_rate : int
        Samples per second wanted.

    Returns
    -------
    ndarray of float32, shape (samples,)
        round(stored samples * `sample_rate` / stored rate) values; full scale is 1. (Resampling
        a clipped recording may overshoot by some percent, and a file of floating point numbers
        holds what it holds.)

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ClipError
        "no_audio" or "corrupt".

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from scipy.io import wavfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     stereo = np.array([[16384, 0], [-32768, -32768]], np.int16)
    ...     wavfile.write(f"{folder}/a.wav", 16000, stereo)
    ...     signal(f"{folder}/a.wav").tolist()
    [0.25, -1.0]
    """
    return np.concatenate(list(signal_blocks(path, sample_rate=sample_rate, block=600.0)))
