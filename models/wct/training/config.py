"""What the training of the whitening and colouring transform can be told. Needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from stylize_video.errors import UsageError
from stylize_video.models.wct.levels import LEVELS


@dataclass(frozen=True)
class WctTrainingConfig:
    """Everything that decides the result, but for the paintings and the photographs.

    Raises:
        UsageError: a value out of its range.
    """

    reconstruction_steps: int = 5000
    stylisation_steps: int = 5000
    batch_size: int = 2
    crop: int = 192  # px; larger ones are enlarged out of small photographs, and blurred by that
    second_crop: int = 192  # px, in the second phase
    learning_rate: float = 2e-3  # at its peak
    second_rate: float = 0.25  # of that, for the second phase
    pixel_weight: float = 40.0
    perceptual_weight: float = 1.0
    embedding_weight: float = 4.0
    encoder_share: float = 1.0  # of the reconstruction's gradient goes on into the encoder
    style_weight: float = 64.0
    tv_weight: float = 0.05
    painting_share: float = 0.6  # of the styles are pieces of paintings; the others, of photographs
    largest_gradient: float = 1.0
    averaging: float = 0.998  # decay of the running mean of the weights, which is the result
    seed: int = 0
    held_out: int = 24  # photographs kept for measuring
    level: int | None = None  # train only this level's own layers, to reconstruct; None: all levels

    def __post_init__(self) -> None:
        for name in ("reconstruction_steps", "batch_size", "held_out"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} {getattr(self, name)} is out of range; give 1 or more")
        if self.stylisation_steps < 0:
            raise UsageError(f"steps {self.stylisation_steps} is out of range; give 0 or more")
        if self.level is not None and self.level not in LEVELS:
            raise UsageError(f"level {self.level} is out of range; give {LEVELS[0]} to {LEVELS[-1]}")
        for size in (self.crop, self.second_crop):
            if not 64 <= size <= 4096:
                raise UsageError(f"crop {size} px is out of range; give 64 to 4096")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed {self.seed} is out of range; give 0 to 2^63 - 1")
        if not 0 <= self.learning_rate < math.inf:
            raise UsageError(f"learning_rate {self.learning_rate} is out of range; give 0 or more")

    @property
    def steps(self) -> int:
        """Of both phases."""
        return self.reconstruction_steps + self.stylisation_steps

    def with_steps(self, steps: int) -> WctTrainingConfig:
        """So many of both phases together, in the proportion that they have here.

        Raises:
            UsageError: less than 1.
        """
        if steps < 1:
            raise UsageError(f"steps {steps} is out of range; give 1 or more")
        first = max(1, round(steps * self.reconstruction_steps / self.steps))
        return replace(self, reconstruction_steps=first, stylisation_steps=steps - first)

    def of_level(self, level: int) -> WctTrainingConfig:
        """As many steps of one level's own layers, all of the first phase.

        Raises:
            UsageError: no such level.
        """
        return replace(self, reconstruction_steps=self.steps, stylisation_steps=0, level=level)


WCT = WctTrainingConfig()  # the defaults
