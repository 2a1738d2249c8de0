"""What can be asked for of the source, of the output, and of how a job runs. Needs no torch."""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from stylize_video import option as options
from stylize_video.errors import UsageError
from stylize_video.models.runtimes.devices import DEVICES
from stylize_video.option import Notation, option

_DIGITS = 100  # of a time; Python converts no more than some thousands
_LONGEST = 366 * 24 * 3600  # s; beyond a year, timestamps may overflow

_CLOCK = re.compile(r"(?:(?:(\d+):)?([0-5]?\d):)?(\d+(?:\.\d*)?|\.\d+)")
_QUOTIENT = re.compile(r"\d+/[1-9]\d*")


def parse_time(text: str) -> Fraction:
    """Seconds ("90", "1.5", "1/3") or a clock ("1:30", "00:01:30.5") -> seconds, exactly.

    Raises:
        UsageError: neither.
    """
    match = _CLOCK.fullmatch(text.strip())
    if len(text) <= _DIGITS and _QUOTIENT.fullmatch(text.strip()):
        return Fraction(text.strip())
    if match is None or len(text) > _DIGITS:
        raise UsageError(f"{text!r} is no time; give seconds or HH:MM:SS")
    hours, minutes, seconds = match.groups()
    if minutes is not None and Fraction(seconds) >= 60:
        raise UsageError(f"{text!r} is no time; there are 60 seconds in a minute")
    return 3600 * int(hours or 0) + 60 * int(minutes or 0) + Fraction(seconds)


_WRITING = "How the film is written"  # a panel of --help

_TIME = Notation(parse_time, str)


@dataclass(frozen=True)
class SourceOptions:
    """What is painted. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    input: Path = option(help="A film or a picture.", panel="Style", metavar="INPUT")
    start: Fraction | None = option(
        None,
        help="Where to begin: seconds or HH:MM:SS.",
        panel="Which part of the film",
        notation=_TIME,
        least=0,
        unit="s",
        metavar="TIME",
    )
    duration: Fraction | None = option(
        None,
        help="How long to go on: seconds or HH:MM:SS.",
        panel="Which part of the film",
        notation=_TIME,
        above=0,
        unit="s",
        metavar="TIME",
    )
    video_track: int | None = option(
        None,
        help="Which of several films in the file is painted, counted from 1.",
        panel="Which part of the film",
        least=1,
        usual="one that moves; of several, the default one or the largest",
    )
    max_size: int | None = option(
        None,
        help="The longer side of the painted film; a larger one is shrunk.",
        panel="Output",
        least=16,
        unit="px",
        usual="the input's own",
    )
    deinterlace: bool = option(
        False, help="Make whole frames of an interlaced film's fields.", panel="Which part of the film"
    )

    def __post_init__(self) -> None:
        options.check(self)
        for name, time in (("start", self.start), ("duration", self.duration)):
            if time is not None and time > _LONGEST:
                raise UsageError(f"{name} {float(time):g} s is out of range; give a year at most")


@dataclass(frozen=True)
class SinkOptions:
    """What comes out. Checked when made; what a container or codec can hold is seen by `preflight`.

    Raises:
        UsageError: a value out of its range.
    """

    output: Path | None = option(
        None,
        help="The painted film; its extension decides the container.",
        panel="Output",
        short="o",
        metavar="FILE",
        usual="INPUT-stem_STYLE.ext beside the input",
    )
    overwrite: bool = option(
        False, help="Replace an existing output, once the new one is whole.", panel="Output"
    )
    codec: str | None = option(
        None, help="The codec: h264, h265, vp9, av1, ...", panel=_WRITING, usual="H.264, or VP9 in webm"
    )
    crf: int | None = option(
        None, help="The quality of the codec: a lower number is better.", panel=_WRITING, usual="17 for H.264"
    )
    preset: str | None = option(
        None, help="The encoder's preset, such as fast or slow.", panel=_WRITING, usual="the codec's"
    )
    pixel_format: str | None = option(
        None,
        help="The pixel format by FFmpeg's name, such as yuv444p or yuv422p10le.",
        panel=_WRITING,
        usual="close to the input's; 4:2:0 for GIF and RGB",
    )
    verify: bool = option(True, help="Compare the finished output with the input.", panel="Output", off=True)

    def __post_init__(self) -> None:
        options.check(self)


@dataclass(frozen=True)
class RunOptions:
    """Where and how a job runs. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    device: str = option(
        DEVICES[0], help="Where the networks run.", panel="Speed and memory", choices=DEVICES
    )
    batch_size: int | None = option(
        None,
        help="How many frames are painted at once.",
        panel="Speed and memory",
        least=1,
        usual="what suits the device",
    )
    resume: bool = option(
        True,
        help="Go on with what an interrupted run has left, or throw it away and begin anew.",
        panel="Interruptions",
        opposite="restart",
    )
    segment_length: int | None = option(
        None,
        help="How many frames are saved at a time: as many are lost by a crash.",
        panel="Interruptions",
        least=8,
        unit="frames",
        usual="240, fewer of large films",
        metavar="N",
    )

    def __post_init__(self) -> None:
        options.check(self)
