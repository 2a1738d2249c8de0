"""A style as the transform takes it: a painting's statistics, or those of a mixture."""

from __future__ import annotations

import io

import numpy as np

from stylize_video.errors import UnknownStyleError
from stylize_video.models.mixture import Ingredient, Mixture, PictureStyle
from stylize_video.models.perceptual.sizes import MEASURED_SIZE
from stylize_video.models.runtimes import model_cache
from stylize_video.models.wct import moments
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.moments import Moments, Statistics
from stylize_video.models.wct.weights_file import WctWeights, statistics
from stylize_video.pictures.pictures import Picture, read_picture

_MADE_BY = "wct statistics 1"  # another way to find them needs another number


def load(style: Mixture, weights: WctWeights) -> Statistics:
    """The statistics of a style: of pictures, looked at in 512 px, and of paintings that the weights know.

    Raises:
        UnknownStyleError: a name that the weights don't know.
        InputError: a picture that can't be read.
    """
    found = [_known(ingredient, weights) for ingredient in style.ingredients]
    return {level: moments.mean_of([known[level] for known in found], style.weights) for level in LEVELS}


def _known(ingredient: Ingredient, weights: WctWeights) -> Statistics:
    if isinstance(ingredient, PictureStyle):
        return _of_picture(read_picture(ingredient.file), weights)
    name = str(ingredient)
    if name not in weights.paintings:
        there = ", ".join(weights.paintings) or "none"
        raise UnknownStyleError(
            f"{weights.origin} has no statistics of {name!r}, but of: {there}; give a picture"
        )
    return weights.paintings[name]


def _of_picture(picture: Picture, weights: WctWeights) -> Statistics:
    """A picture's, kept for the next run: only to find them needs torch."""
    what = (weights.parameters.identity, repr(picture.shape), picture.tobytes(), repr(MEASURED_SIZE))
    key = model_cache.key(_MADE_BY, *what)
    kept = model_cache.load(key)
    if kept is not None:
        with np.load(io.BytesIO(kept)) as arrays:
            return {level: Moments(arrays[f"mean{level}"], arrays[f"covariance{level}"]) for level in LEVELS}
    found = statistics(weights.network, picture, MEASURED_SIZE)
    data = io.BytesIO()
    named = {f"{part}{level}": value for level in LEVELS for part, value in found[level]._asdict().items()}
    np.savez(data, allow_pickle=False, **named)
    model_cache.store(key, data.getvalue())
    return found
