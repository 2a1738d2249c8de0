"""Where the time of a run goes: seconds each of its threads worked, and waited for the others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class StageTime:
    """Of one thread, in seconds."""

    working: float
    waiting: float

    @classmethod
    def of(cls, total: float, waiting: float) -> StageTime:
        """From all its seconds and those of them it waited."""
        return cls(max(0.0, total - waiting), waiting)


@dataclass(frozen=True)
class Profile:
    """Of a whole run."""

    times: Mapping[str, StageTime]  # by the threads' names, in the order of the frames' way
    first_frame: float  # s until the first frame was painted, from when film and network were ready

    @property
    def limit(self) -> str:
        """What worked longest."""
        return max(self.times, key=lambda name: self.times[name].working)
