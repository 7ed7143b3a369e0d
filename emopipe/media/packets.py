"""Read packets and decoded frames from a container, and note what is missing."""

from collections import Counter
from functools import lru_cache

from emopipe.files import file_stamp
from emopipe.media.containers import (
    ClipError,
    check_file,
    is_image,
    open_media,
    recorded_streams,
    zero,
)
from emopipe.media.excerpts import parse

_RESTART = 1.0  # s by which time stamps fall where a recording follows another in one file


def note(faults, fault):
    """Add a fault to those noted, once."""
    if fault not in faults:
        faults.append(fault)


def _flush(stream):
    import av

    packet = av.Packet()
    packet.stream, packet.time_base = stream, stream.time_base
    return packet


def packet_end(packet) -> float | None:
    """Return when a packet's content ends on the container's axis, in seconds; None if unknown."""
    stamp = packet.dts if packet.pts is None else packet.pts
    if not packet.size or packet.is_discard or stamp is None:
        return None
    return float((stamp + (packet.duration or 0)) * packet.time_base)


def _is_estimate(container, first_byte) -> bool:
    """Tell whether a container's duration is its size by the bit rate of its first packets."""
    rate = sum(
        s.codec_context.bit_rate or 0 for s in recorded_streams(container) if s.codec_context
    )
    n_bytes = container.duration / 1e6 * rate / 8
    content = container.size - first_byte
    return abs(n_bytes - content) <= 0.02 * content + 512


def _falls_back(packet, last) -> bool:
    """Tell whether a packet is decoded earlier than the one before it in its stream."""
    if packet.dts is None or not packet.size:
        return False
    before = last.get(packet.stream_index, packet.dts)
    last[packet.stream_index] = packet.dts
    return (before - packet.dts) * packet.time_base > _RESTART


def packets(container, stream, faults):
    """Yield the packets of `stream`, at last an empty one that flushes its decoder.

    A file that ends before its header says so is noted in `faults`; a length that FFmpeg only
    estimated says nothing.
    """
    import av

    end, first_byte, last = 0.0, None, {}
    try:
        for packet in container.demux(recorded_streams(container)):
            if first_byte is None:
                first_byte = max(0, packet.pos or 0)
            end = max(end, packet_end(packet) or 0.0)
            if _falls_back(packet, last):
                note(faults, "its time stamps start again: several recordings in one file")
            if packet.stream_index == stream.index:
                yield packet
    except av.error.MemoryError:
        raise
    except av.error.FFmpegError as error:
        note(faults, f"reading stopped: {error.strerror or error}")
        yield _flush(stream)
    if end and container.duration:
        missing = container.duration / 1e6 + zero(container) - end
        if missing > max(0.5, 0.05 * container.duration / 1e6) and not _is_estimate(
            container, first_byte
        ):
            note(faults, f"the last {missing:.1f} s are missing")


def decode(container, stream, faults):
    """Yield the decoded frames of `stream` in order of presentation, the last ones included.

    What cannot be decoded is left out and noted in `faults`.
    """
    import av

    what = "the picture is cut off or damaged" if is_image(container) else "a packet is damaged"
    for packet in packets(container, stream, faults):
        try:
            frames = packet.decode()
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError as error:
            note(faults, f"{what}: {error.strerror or error}")
            continue
        for frame in frames:
            if frame.is_corrupt:
                note(faults, "a frame is damaged")
            else:
                yield frame


@lru_cache(maxsize=8)
def _file_length(path, stamp) -> float:
    import av

    with open_media(path) as container:
        streams = recorded_streams(container)
        if not streams:
            raise ClipError(path, "corrupt", "It has neither pictures nor sound.")
        if is_image(container):
            return 0.0
        end, unstamped = 0.0, Counter()
        try:
            for packet in container.demux(streams):
                stop = packet_end(packet)
                if stop is not None:
                    end = max(end, stop - zero(container))
                elif packet.size and not packet.is_discard:
                    unstamped[packet.stream_index] += packet.duration * packet.time_base
        except av.error.MemoryError:
            raise
        except av.error.FFmpegError:
            pass  # what follows cannot be read
        return max(end, *map(float, unstamped.values()), 0.0)


def length(path) -> float:
    """Return how long a recording is by its packets, whatever its header declares.

    Parameters
    ----------
    path : str or Path
        Recording or image, or a part of one (see `emopipe.media.excerpts`).

    Returns
    -------
    float
        Seconds from the start of the clip to the end of the last packet over all its streams of
        pictures and sound; 0 for an image. All of the file is read, nothing is decoded.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ClipError
        "corrupt" if it is no recording.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> from scipy.io import wavfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     wavfile.write(f"{folder}/a.wav", 16000, np.zeros(8000, np.int16))
    ...     length(f"{folder}/a.wav"), length(f"{folder}/a.wav#t=0.25,2")
    (0.5, 0.25)
    """
    part = parse(path)
    file = check_file(path)
    whole = _file_length(str(file), file_stamp(file))
    return max(0.0, min(part.stop, whole) - part.start)
