"""Which of a file's films is painted, where it holds several."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from stylize_video.errors import InputError, UsageError
from stylize_video.pipeline.containers import streams
from stylize_video.pipeline.containers.opening import open_media

_LOOK_AHEAD = 10  # s; what shows one picture in so long beside a film is a preview of it
_STILL = Disposition.still_image | Disposition.timed_thumbnails
_PHOTOGRAPHS = frozenset({"avif", "heic", "heix", "heim", "heis", "mif1", "miaf"})
_SEQUENCES = frozenset({"avis", "msf1", "hevc", "hevx"})  # as brands of HEIF
_NAMES = {"audio": "sound", "attachment": "attachments", "subtitle": "subtitles", "cover": "a cover picture"}


def films(container: InputContainer) -> list[VideoStream]:
    """The streams that can be painted: pictures that are no cover, and no tile of another picture."""
    found = [s for s in container.streams.video if not streams.is_cover(s)]
    if found and is_photograph(found[0]):  # beside it lie its transparency and its previews
        found = [s for s in found if s.disposition & Disposition.default] or found[:1]
    elif found and is_sequence(found[0]):
        found = [s for s in found if s.frames > 1] or found
    return [s for s in found if not s.disposition & Disposition.dependent] or found


def is_sequence(stream: Stream) -> bool:
    """Whether the file is an animated AVIF or HEIC, which holds a still of itself beside its frames."""
    return stream.container.metadata.get("major_brand") in _SEQUENCES


def is_photograph(stream: Stream) -> bool:
    """Whether the file is a photograph (HEIF, AVIF), by its brand."""
    return stream.container.metadata.get("major_brand") in _PHOTOGRAPHS


def choose(container: InputContainer, path: Path, number: int | None = None) -> VideoStream:
    """The stream to paint: one that moves rather than a still one, then the default, then the largest.

    Args:
        container: the file, opened; where it holds several films it is read once more to see what moves.
        path: where it lies.
        number: which one the user asks for, from 1 on.

    Raises:
        InputError: no picture in it but covers, or in a codec that is unknown.
        UsageError: no film of that number.
    """
    found = films(container)
    if not found:
        raise InputError(f"{path}: no video in it, only {_contents(container)}")
    if number is not None and not 1 <= number <= len(found):
        raise UsageError(f"{path}: no video track {number}; there are {_listed(found)}")
    known = [s for s in found if s.codec_context is not None]
    if number is not None:
        chosen = found[number - 1]
    elif len(known) < 2:
        chosen = (known or found)[0]
    else:
        moving = _moving(path, known)
        chosen = max(
            known,
            key=lambda s: (
                s.index in moving,
                bool(s.disposition & Disposition.default),
                s.width * s.height,
                -s.index,
            ),
        )
    if chosen.codec_context is None:
        raise InputError(f"{path}: its video codec is unknown to FFmpeg")
    return chosen


def painted(container: InputContainer, path: Path, index: int | None) -> VideoStream:
    """The stream with that index, which was chosen before; None: choose now.

    Raises:
        InputError: there is none.
    """
    if index is None:
        return choose(container, path)
    for stream in container.streams.video:
        if stream.index == index:
            return stream
    raise InputError(f"{path}: its film is gone; has the file changed meanwhile?")


def note(container: InputContainer, path: Path, chosen: VideoStream, *, asked: bool = False) -> str | None:
    """A line where there was a choice; `asked`: the user has made it."""
    found = films(container)
    if len(found) < 2 or chosen.disposition & Disposition.dependent:
        return None
    number = [s.index for s in found].index(chosen.index) + 1
    other = "" if asked else ", `video_track` N takes another"
    return f"{path}: holds {_listed(found)}; {number} is painted{other}"


def _listed(found: Sequence[VideoStream]) -> str:
    words = [f"{number} ({_described(stream)})" for number, stream in enumerate(found, 1)]
    return f"{len(found)} video track{'s' * (len(found) > 1)}: {', '.join(words)}"


def _described(stream: VideoStream) -> str:
    codec = streams.codec_name(stream)
    return codec if stream.codec_context is None else f"{codec}, {stream.width}x{stream.height}"


def _moving(path: Path, found: Sequence[VideoStream]) -> set[int]:
    """Indices of the streams with more than one picture in their first seconds."""
    wanted = {s.index for s in found if not s.disposition & _STILL}
    counts: Counter[int] = Counter()
    with open_media(path) as source:
        try:
            begin: Fraction | None = None
            for packet in source.demux(video=tuple(range(len(source.streams.video)))):
                if packet.stream.index not in wanted or not packet.size:
                    continue
                counts[packet.stream.index] += 1
                if packet.dts is None:
                    continue
                time = packet.dts * Fraction(packet.time_base)
                begin = time if begin is None else min(begin, time)
                if time - begin > _LOOK_AHEAD or all(counts[index] > 1 for index in wanted):
                    break
        except av.FFmpegError:
            pass  # a file that breaks off; the decoder says so
    return {index for index, count in counts.items() if count > 1}


def _contents(container: InputContainer) -> str:
    """What a file without a film holds, for people."""
    kinds = dict.fromkeys(_kind(stream) for stream in container.streams)
    *most, last = kinds or ["nothing"]
    return f"{', '.join(most)} and {last}" if most else last


def _kind(stream: Stream) -> str:
    kind = streams.kind(stream) or "unknown"
    return _NAMES.get(kind, kind)
