"""The part of a film to keep."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

_LONGEST_FRAME = 3600  # s; a frame that claims more is damaged


@dataclass(frozen=True)
class TimeRange:
    """The part of a film to keep, in seconds of the source's own clock.

    With a `start`, times in the output count from it; without, they are the source's.
    """

    start: Fraction | None = None
    end: Fraction | None = None

    def __post_init__(self) -> None:
        if self.start is not None and self.end is not None and self.end <= self.start:
            raise ValueError(f"end = {self.end} s must be after start = {self.start} s")

    def holds(self, time: Fraction) -> bool:
        """Whether something presented at `time` (seconds) is kept."""
        return (self.start is None or time >= self.start) and (self.end is None or time < self.end)

    def lasts(self, pts: int, duration: int, time_base: Fraction) -> int:
        """Ticks of a frame's duration that lie in the range; 0 if it can't be true."""
        if not 0 < duration * time_base <= _LONGEST_FRAME:
            return 0
        left = duration if self.end is None else math.ceil(self.end / time_base) - pts
        return max(min(duration, left), 1)

    def shift(self, time_base: Fraction) -> int:
        """Ticks of `time_base` to subtract from the source's timestamps."""
        return 0 if self.start is None else round(self.start / time_base)
