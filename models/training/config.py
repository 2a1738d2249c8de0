"""What a training can be told. The defaults live here and nowhere else; needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from stylize_video.errors import UsageError
from stylize_video.models.perceptual.sizes import MEASURED_SIZE

_LARGEST = 4096  # px; VGG's features of a larger picture fill the memory
FEATURES = ("vgg16", "vgg19")  # bundled; torchvision's, downloaded


@dataclass(frozen=True)
class TrainingConfig:
    """Everything that decides the result, but for the paintings, the photographs and the start.

    By default only the scales and shifts of the new style are fitted, to a network that has learned to
    paint already.

    Raises:
        UsageError: a value out of its range.
    """

    full: bool = False  # train all weights, not only the style's scales and shifts
    steps: int = 800
    batch_size: int = 2
    crop: int = 256  # px
    learning_rate: float = 2e-2  # at its peak
    content_weight: float = 1.0
    style_weight: float = 8.0
    tv_weight: float = 0.05
    consistency_weight: float = 45.0
    views: int = 6  # of each photograph in a step, as frames of a film would show it
    style_size: int = MEASURED_SIZE  # px, the painting's longer side: how large its strokes are
    features: str = FEATURES[0]
    averaging: float = 0.998  # decay of the running mean of the weights, which is the result
    seed: int = 0
    held_out: int = 24  # photographs kept for measuring

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "held_out"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} {getattr(self, name)} is out of range; give 1 or more")
        for name in ("crop", "style_size"):
            if not 64 <= getattr(self, name) <= _LARGEST:
                raise UsageError(f"{name} {getattr(self, name)} px is out of range; give 64 to {_LARGEST}")
        if self.views < 2:
            raise UsageError(f"views {self.views} is out of range; give 2 or more")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed {self.seed} is out of range; give 0 to 2^63 - 1")
        for name in ("learning_rate", "content_weight", "style_weight", "tv_weight", "consistency_weight"):
            if not 0 <= getattr(self, name) < math.inf:  # so that NaN is caught too
                raise UsageError(f"{name} {getattr(self, name)} is out of range; give 0 or more")
        if self.features not in FEATURES:
            raise UsageError(f"no features called {self.features!r}; there are: {', '.join(FEATURES)}")


FIT = TrainingConfig()  # the defaults for fitting a new style's scales and shifts
FULL = replace(FIT, full=True, steps=11000, learning_rate=6e-3)  # and for training everything
