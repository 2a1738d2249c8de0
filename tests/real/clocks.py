"""Times that real files have: broadcasts' clocks, recordings in a row, edit lists."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

from tests.filmmaking import Sound, Video, add_video, film, steady
from tests.real import boxes
from tests.real.remux import Part, join

WRAP = Fraction(2**33, 90000)  # s, where a transport stream's clock begins again
_ELST = (b"moov", b"trak", b"edts", b"elst")


def recording(path: Path, *, first: int = 0, count: int = 20, size: tuple[int, int] = (96, 64)) -> Path:
    """A transport stream of `count` frames, numbered from `first` on, at 25 frames/s, with AAC sound."""
    video = Video(times=steady(count), size=size, draw=_numbered_from(first))
    return film(path, video, sounds=[Sound(seconds=Fraction(count, 25))]).path


def _numbered_from(first: int) -> Any:
    from tests.drawing import numbered_picture

    return lambda number, *size: numbered_picture(first + number, *size)


def two_recordings(folder: Path) -> Path:
    """Two of 20 frames each, appended as `cat` does it: the clock starts again in the middle."""
    parts = [recording(folder / f"part{first}.ts", first=first) for first in (0, 20)]
    return _appended(folder / "cat.ts", parts)


def late(folder: Path, start: Fraction = Fraction(35000)) -> Path:
    """A recording cut from a broadcast, whose clock was at `start` s."""
    return join(folder / "late.ts", [Part(recording(folder / "part.ts"), shift=start)])


def wrapping(folder: Path) -> Path:
    """The 33 bits of the clock run over in the middle of 20 frames."""
    return late(folder, WRAP - Fraction(2, 5))


def long_last_picture(folder: Path, seconds: int = 10) -> Path:
    """Six frames of 1/25 s, the last of which stays for so long: a title card, a recording of a screen."""
    path = folder / "last.mkv"
    made = film(folder / "short.mp4", Video(times=steady(6), options={"bf": "0"})).path
    with av.open(made) as short, av.open(path, "w") as output:
        stream = output.add_stream_from_template(short.streams.video[0], opaque=True)
        packets = [packet for packet in short.demux(video=0) if packet.size]
        packets[-1].duration = round(seconds / packets[-1].time_base)
        for packet in packets:
            packet.stream = stream
            output.mux(packet)
    return path


def resized(folder: Path) -> Path:
    """MPEG-2 in a transport stream, ten frames of 96x64 and ten of 64x64: an advertisement in a film."""
    parts = [
        _mpeg2(folder / "wide.ts", (96, 64), 0, Fraction(0)),
        _mpeg2(folder / "narrow.ts", (64, 64), 10, Fraction(10, 25)),
    ]
    return _appended(folder / "size.ts", parts)


def _mpeg2(path: Path, size: tuple[int, int], first: int, start: Fraction) -> Path:
    video = Video(
        times=steady(10),
        size=size,
        codec="mpeg2video",
        time_base=Fraction(1, 25),
        options={"bf": "0", "g": "5", "qscale": "2", "flags": "+qscale", "threads": "1"},
        draw=_numbered_from(first),
    )
    return join(path, [Part(film(path.with_suffix(".mkv"), video).path, shift=start)])


def _appended(target: Path, parts: list[Path]) -> Path:
    target.write_bytes(b"".join(part.read_bytes() for part in parts))
    for part in parts:
        part.unlink()
    return target


def trimmed(folder: Path) -> Path:
    """35 frames and 1.4 s of sound, of which an edit list hides the first second; a tone is in that alone.

    Frames 25 to 34 are to be seen, of which the first is no key frame; silence is to be heard.
    """
    path = folder / "trim.mp4"
    video = Video(times=steady(35))
    with av.open(path, "w", container_options={"video_track_timescale": "90000"}) as container:
        picture = add_video(container, video)
        track: Any = container.add_stream("aac", rate=48000, layout="mono")
        for frame in video.frames():
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        samples = np.zeros(67200, np.float32)
        samples[:43200] = 0.5 * np.sin(2 * np.pi * 440 * np.arange(43200) / 48000)
        for start in range(0, len(samples), 1024):
            piece = av.AudioFrame.from_ndarray(samples[None, start : start + 1024], "fltp", "mono")
            piece.sample_rate, piece.pts, piece.time_base = 48000, start, Fraction(1, 48000)
            container.mux(track.encode(piece))
        container.mux(track.encode(None))
    data = path.read_bytes()
    for number, scale in enumerate((90000, 48000)):
        hidden, shown = scale, 400  # ticks of the track, and ms
        priming = 0 if number == 0 else 1024
        data = boxes.overwrite(data, _ELST, 4, struct.pack(">IIi", 1, shown, hidden + priming), number)
    path.write_bytes(data)
    return path
