"""A style as the transform takes it: a painting's statistics, or those of a mixture."""

from __future__ import annotations

from stylize_video.errors import UnknownStyleError
from stylize_video.models.mixture import Ingredient, Mixture, PictureStyle
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.wct import transform as wct
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.weights_file import Statistics, WctWeights, statistics
from stylize_video.pictures.pictures import read_picture


def load(style: Mixture, weights: WctWeights) -> Statistics:
    """The statistics of a style: of pictures, looked at in 512 px, and of paintings that the weights know.

    Raises:
        UnknownStyleError: a name that the weights don't know.
        InputError: a picture that can't be read.
    """
    found = [_known(ingredient, weights) for ingredient in style.ingredients]
    return {level: wct.mean_of([known[level] for known in found], style.weights) for level in LEVELS}


def _known(ingredient: Ingredient, weights: WctWeights) -> Statistics:
    if isinstance(ingredient, PictureStyle):
        return statistics(weights.network, read_picture(ingredient.file), MEASURED_SIZE)
    name = str(ingredient)
    if name not in weights.paintings:
        there = ", ".join(weights.paintings) or "none"
        raise UnknownStyleError(
            f"{weights.origin} has no statistics of {name!r}, but of: {there}; give a picture"
        )
    return weights.paintings[name]
