"""A style as the transform takes it: a painting's statistics, or those of a mixture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from stylize_video.errors import UnknownStyleError
from stylize_video.models import style_spec
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.style_spec import Ingredient
from stylize_video.models.wct import transform as wct
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.weights_file import Statistics, WctWeights, statistics
from stylize_video.pictures.pictures import read_picture


def load(spec: str | Sequence[Ingredient], weights: WctWeights) -> Statistics:
    """The statistics of a spec: of pictures, looked at in 512 px, and of paintings that the weights know.

    Raises:
        UsageError: a spec that can't be read.
        UnknownStyleError: a name that the weights don't know.
        InputError: a picture that can't be read.
    """
    mixture = style_spec.parse(spec) if isinstance(spec, str) else spec
    found = [_known(ingredient, weights) for ingredient in mixture]
    shares = [ingredient.weight for ingredient in mixture]
    return {level: wct.mean_of([known[level] for known in found], shares) for level in LEVELS}


def _known(ingredient: Ingredient, weights: WctWeights) -> Statistics:
    if ingredient.file:
        return statistics(weights.network, read_picture(Path(ingredient.file)), MEASURED_SIZE)
    if ingredient.name not in weights.paintings:
        there = ", ".join(weights.paintings) or "none"
        raise UnknownStyleError(
            f"{weights.origin} has no statistics of {ingredient.name!r}, but of: {there}; give a picture"
        )
    return weights.paintings[ingredient.name]
