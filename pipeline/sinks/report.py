"""What a film sink says of what it has written, and what that is compared with."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Self

from stylize_video.pipeline.carried.report import CarriedStream
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.signal import ColorTags, Signal


@dataclass(frozen=True)
class FramesRead:
    """What the reader yielded, in the source's clock."""

    times: array[int]  # pts of each frame, ticks of time_base, before the clip's shift
    time_base: Fraction  # s
    shift: int  # ticks by which the output's times lie before the source's

    @classmethod
    def of(cls, times: array[int], signal: Signal) -> Self:
        """Of frames with those times, in ticks of a source's signal."""
        return cls(times, signal.time_base, signal.shift(signal.time_base))


@dataclass(frozen=True)
class WriteReport:
    """What was written, to be compared with what the file holds."""

    path: Path
    container: Container
    times: array[int]  # pts of each frame, ticks of time_base, in the output's clock
    time_base: Fraction  # s
    color: ColorTags
    carried: tuple[CarriedStream, ...]
    notes: tuple[str, ...]  # a line for everything that is not as in the source
    edit_tick: Fraction = Fraction(0)  # s, to a multiple of which a track's start may be rounded; 0: exact
    index: int = 0  # of the painted stream in the output
    size: tuple[int, int] | None = None  # px, as encoded; None: not said

    @property
    def frames(self) -> int:
        """Number of frames written."""
        return len(self.times)
