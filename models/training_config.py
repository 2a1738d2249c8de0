"""What a training can be told. The defaults live here and nowhere else; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from stylize_video.errors import UsageError

MEASURED_SIZE = 512  # px on the longer side, of photographs and of the painting


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides the result, but for the painting and the photographs.

    Raises:
        UsageError: a value out of its range.
    """

    steps: int = 7000
    batch_size: int = 2
    crop: int = 256  # px
    learning_rate: float = 6e-3  # at its peak
    content_weight: float = 1.0
    style_weight: float = 7.0
    tv_weight: float = 0.05
    shift_weight: float = 30.0  # of `losses.shift_inconsistency`
    style_size: int = MEASURED_SIZE  # px, the painting's longer side
    averaging: float = 0.998  # decay of the running mean of the weights, which is the result
    seed: int = 0
    held_out: int = 24  # photographs kept for measuring

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "held_out"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} {getattr(self, name)} is out of range; give 1 or more")
        for name in ("crop", "style_size"):
            if getattr(self, name) < 64:
                raise UsageError(f"{name} {getattr(self, name)} px is out of range; give 64 or more")
