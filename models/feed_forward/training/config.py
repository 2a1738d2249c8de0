"""What the training of the feed-forward painter can be told. Needs no torch."""

from __future__ import annotations

import math
from dataclasses import dataclass

from stylize_video.errors import UsageError
from stylize_video.models.perceptual.sizes import MEASURED_SIZE

_SMALLEST, _LARGEST = 64, 4096  # px; VGG's features of a larger picture fill the memory
_RATES = ("learning_rate", "style_rate")
_WEIGHTS = (
    "content_weight",
    "style_weight",
    "quarter_weight",
    "colour_weight",
    "tv_weight",
    "consistency_weight",
    "weave_weight",
    "bare_weight",
    "rim_weight",
)


@dataclass(frozen=True)
class CanvasTrainingConfig:
    """Everything that decides the result, but for the paintings, the photographs and the start.

    Raises:
        UsageError: a value out of its range.
    """

    steps: int = 40000
    batch_size: int = 2
    crop: int = 208  # px
    learning_rate: float = 2e-3  # at its peak
    style_rate: float = 4.0  # times that for scales and shifts: each style's learn by its own pictures alone
    warm_up: float = 0.01  # of the steps
    styles_alone: bool = False  # learn scales and shifts, and leave the convolutions as they are
    content_weight: float = 3.0
    style_weight: float = 8.0
    quarter_weight: float = 0.35  # of the style of a crop's quarters, by that of the whole crop
    style_goal: float | None = None  # distance of a crop beyond which style counts for more; see `pressure`
    colour_weight: float = 3.0
    tv_weight: float = 0.02
    consistency_weight: float = 20.0
    weave_weight: float = 0.0  # for networks whose last layers are thin; others lose it by moving
    bare_weight: float = 0.0
    rim_weight: float = 0.0
    redrawn: float = 0.0  # share of the second views whose canvas jumps in patches, see `random_scenes`
    bent: float = 0.0  # share of the second views that are bent a little, see `models/training/bending.py`
    filmed: float = 0.0  # share of the pairs of views that are blurred and compressed, see `random_scenes`
    style_size: int = MEASURED_SIZE  # px, the painting's longer side: how large its strokes are
    averaging: float = 0.999  # decay of the running mean of the weights, which is the result
    seed: int = 0
    held_out: int = 24  # photographs kept for measuring

    def __post_init__(self) -> None:
        for name in ("steps", "batch_size", "held_out"):
            if getattr(self, name) < 1:
                raise UsageError(f"{name} {getattr(self, name)} is out of range; give 1 or more")
        for name in ("crop", "style_size"):
            if not _SMALLEST <= getattr(self, name) <= _LARGEST:
                given = getattr(self, name)
                raise UsageError(f"{name} {given} px is out of range; give {_SMALLEST} to {_LARGEST}")
        if not 0 <= self.seed < 2**63:
            raise UsageError(f"seed {self.seed} is out of range; give 0 to 2^63 - 1")
        for name in ("redrawn", "bent", "filmed"):
            if not 0 <= getattr(self, name) <= 1:
                raise UsageError(f"{name} {getattr(self, name)} is out of range; give 0 to 1")
        if self.style_goal is not None and not self.style_goal > 0:
            raise UsageError(f"style_goal {self.style_goal} is out of range; give more than 0")
        for name in (*_RATES, *_WEIGHTS):
            if not 0 <= getattr(self, name) < math.inf:  # so that NaN is caught too
                raise UsageError(f"{name} {getattr(self, name)} is out of range; give 0 or more")


# A painting of a user's own, within minutes: from a network that paints already.
OWN = CanvasTrainingConfig(
    batch_size=1,
    crop=160,
    quarter_weight=0.0,  # no quarter of so small a crop holds all that a painting of large shapes has
    style_goal=0.12,
    averaging=0.99,
    warm_up=0.05,
    held_out=8,
    bare_weight=4.0,  # what quarters are for elsewhere: that each part is painted
)
# With scales and shifts alone, so that it can be mixed with the styles of the network that it starts from.
OWN_MIXABLE = CanvasTrainingConfig(
    batch_size=1,
    crop=160,
    learning_rate=2e-2,
    style_rate=1.0,
    styles_alone=True,
    averaging=0.99,
    warm_up=0.05,
    held_out=8,
)
