"""Where the time of a run goes: seconds each of its threads worked, and waited for the others."""

from __future__ import annotations

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

    reader: StageTime
    painter: StageTime
    encoder: StageTime
    first_frame: float  # s until the first frame was painted, from when film and network were ready
    stabilizer: StageTime | None = None  # if there was one

    def stages(self) -> dict[str, StageTime]:
        """By name, in the order of the frames' way."""
        between = {} if self.stabilizer is None else {"stabilizer": self.stabilizer}
        return {"reader": self.reader, "painter": self.painter, **between, "encoder": self.encoder}

    @property
    def limit(self) -> str:
        """The stage that worked longest."""
        stages = self.stages()
        return max(stages, key=lambda name: stages[name].working)
