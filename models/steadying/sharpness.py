"""Gives what a temporal mean has softened its detail back.

Detail is the mean gradient magnitude, as in `flow.detail`, here of some rows only: it is asked for in films,
frame after frame.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from stylize_video.models.steadying import opponent
from stylize_video.models.steadying.opponent import AnyPicture, Plane

_EVERY = 9  # rows of which one is measured


class Sharpness:
    """Gives a mean of paintings the detail of one, by unsharp masking as strong as that takes.

    Args:
        more: what is put back beyond it, as a share of what was lost.
    """

    _LEAST, _MOST = -0.5, 2.5  # gains; below 0 it takes off what a cubic kernel adds to a slow pan

    def __init__(self, more: float) -> None:
        self._more = more
        self._gain = 0.0

    def forget(self) -> None:
        """Start anew: nothing has been lost yet."""
        self._gain = 0.0

    def restored(self, plane: Plane, weights: Plane) -> Plane:
        """A plane, sharpened where it was carried along; weights are (H, W), or (H, W, 1) for two of them."""
        fine = np.asarray(cv2.blur(plane, (5, 5)), np.float32)
        np.subtract(plane, fine, out=fine)
        fine *= weights
        return np.asarray(cv2.scaleAdd(fine, self._gain, plane, fine), np.float32)

    def learn(self, steadied: Rows, painted: Rows, mean: Rows) -> None:
        """Take what came out, of which mean, for the next frame: the gain moves by what is missing."""
        detail = _detail(*painted)
        if detail > 0:  # else it is of one colour
            lost = max(0.0, 1 - _detail(*mean) / detail)
            missing = 1 + self._more * lost - _detail(*steadied) / detail
            self._gain = min(self._MOST, max(self._LEAST, self._gain + missing))


class Rows(NamedTuple):
    """Some rows of a picture, and those below them."""

    these: Plane
    below: Plane


def rows(picture: AnyPicture) -> Rows:
    """Every ninth row, none of fewer than ten; painters have patterns of 2, 4 and 8 px."""
    last = (len(picture) - 1) // _EVERY * _EVERY
    these, below = (picture[first : last + first : _EVERY] for first in (0, 1))
    return Rows(these, below)


def luma_rows(painting: AnyPicture) -> Rows:
    """Luma of such rows, in 0..255, of either kind of painting of ten rows or more."""
    parts = (opponent.split(np.ascontiguousarray(part), halved=False) for part in rows(painting))
    (these, _), (below, _) = parts
    return Rows(these, below)


def _detail(these: Plane, below: Plane) -> float:
    """Mean gradient magnitude, by forward differences; 0 for too small a picture."""
    if not these.size or these.shape[1] < 2:
        return 0.0
    across, down = these[:, 1:] - these[:, :-1], below[:, :-1] - these[:, :-1]
    return float(np.sqrt(across * across + down * down).mean())
