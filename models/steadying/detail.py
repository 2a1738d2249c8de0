"""Gives a mean of paintings the detail back that it has lost.

A mean of strokes that differ is softer than each of them. There is one way in which it gets their contrast
back: what is finer than a blur is made stronger (`strengthened`), by as much as is missing. How much that is,
two ask. A frame between two keyframes has both paintings at hand, so that it is known at once, around each
pixel (`local_gain`). The stabiliser's mean is of all frames before, so that it is measured on what came out,
and learned from frame to frame, for the whole picture (`Sharpness`).
"""

from __future__ import annotations

import cv2
import numpy as np

from stylize_video.models.steadying.opponent import Plane

_FINE = 5  # px a side, of the blur that what is sharpened is finer than
_MOST_GAIN = 1.6  # of a mixture's strokes; of equal shares of independent ones it is 1.41
_LEAST_VARIANCE = 1e-5  # of strokes, of values in 0..1


def strengthened(plane: Plane, fine: Plane, more: Plane | float) -> Plane:
    """A plane with more of what is fine in it.

    Args:
        plane: (H, W) or (H, W, C).
        fine: its part that is finer than a blur, of its shape; lost.
        more: how much, for all of it or for each pixel (H, W, 1).
    """
    if isinstance(more, float):
        return np.asarray(cv2.scaleAdd(fine, more, plane, fine), np.float32)
    fine *= more
    fine += plane
    return fine


def local_gain(wanted: Plane, there_is: Plane) -> Plane:
    """By how much strokes have to be multiplied around each pixel to be as strong as wanted, 1 to 1.6.

    After Heitz and Neyret 2018, "High-Performance By-Example Noise using a Histogram-Preserving Blending
    Operator", section 4: of independent X with mean E, sum w (X - E) / sqrt(sum w^2) + E has the variance of
    X. Departure: what is mixed here is alike, so that the mixture's variance is measured rather than computed
    from the weights.

    Args:
        wanted, there_is: (H, W, 1), variances of values in 0..1.
    """
    gain = np.sqrt((wanted + _LEAST_VARIANCE) / (there_is + _LEAST_VARIANCE))
    return np.asarray(np.clip(gain, 1, _MOST_GAIN), np.float32)


class Sharpness:
    """Gives a mean of paintings the detail of one, as it learns from frame to frame how much that takes.

    Detail is the mean absolute difference of neighbours, as in `flow.horizontal_detail`, here also of those
    one above the other. It is asked for after each frame; what is found is for the next one.
    """

    def __init__(self) -> None:
        self._gain = 0.0

    def forget(self) -> None:
        """Start anew: nothing has been lost yet."""
        self._gain = 0.0

    def restored(self, plane: Plane, weights: Plane) -> Plane:
        """A plane, sharpened where it was carried along; weights are (H, W), or (H, W, 1) for two of them."""
        fine = np.asarray(cv2.blur(plane, (_FINE, _FINE)), np.float32)
        np.subtract(plane, fine, out=fine)
        fine *= weights
        return strengthened(plane, fine, self._gain)

    def learn(self, steadied: Plane, painted: Plane) -> None:
        """Take what came out, and of what: the gain moves by what is missing.

        Between -1, where nothing fine is left, and 1, where it is doubled. Below 0 it takes off what a cubic
        kernel adds to a slow pan.
        """
        detail = _detail(painted)
        if detail > 0:  # else it is of one colour
            missing = 1 - _detail(steadied) / detail
            self._gain = min(1.0, max(-1.0, self._gain + missing))


def _detail(plane: Plane) -> float:
    """The sum of absolute differences of neighbours; (H, W) or (H, W, 2)."""
    pairs = (plane[:, 1:], plane[:, :-1]), (plane[1:], plane[:-1])
    return sum(cv2.norm(one, other, cv2.NORM_L1) for one, other in pairs if one.size)
