"""Rims around dark things before a light ground, as a tower before the sky: how much they show, and where.

A painter finds edges more easily than anything else, and may put a painting's pale strokes along all of them:
a halo that no painting has, and that no Gram matrix sees. No torch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

DARK_BELOW = 115  # of 255: what is dark in most photographs
_BESIDE = 15  # levels: what is so near to that is neither dark nor light
BANDS = ((1, 4), (2, 9))  # px from what is dark: a line along it, and a halo
_GROUND = (20, 45)  # likewise
_NEAR_BY = 25  # px, standard deviation
_GROUND_NEAR_BY = 0.02  # share of it around a place that is asked about
_SMALLEST = 5  # px, of dark things
_ENOUGH = 0.01  # share of a picture that rim and ground must have each

Mask = NDArray[np.bool_]


class Places(NamedTuple):
    """Where a photograph is light before dark things, (H, W) each."""

    rim: Mask  # close to them
    ground: Mask  # further away

    @property
    def enough(self) -> bool:
        """Whether both are so large that strokes even out in them."""
        return bool(min(self.rim.mean(), self.ground.mean()) >= _ENOUGH)


def places(photograph: Picture, dark_below: float = DARK_BELOW) -> list[Places]:
    """Where rims would be, and what they would be seen against, for each of the `BANDS`.

    Args:
        photograph: (H, W, 3) uint8 RGB, in the size that it is looked at.
        dark_below: level between what is dark and what is light.
    """
    grey = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    kernel = np.ones((_SMALLEST, _SMALLEST), np.uint8)
    dark = cv2.morphologyEx((grey < dark_below - _BESIDE).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    distance = cv2.distanceTransform((1 - dark).astype(np.uint8), cv2.DIST_L2, 5)
    light = grey > dark_below + _BESIDE
    *bands, ground = ((distance > a) & (distance <= b) & light for a, b in (*BANDS, _GROUND))
    return [Places(rim, ground) for rim in bands]


def difference(picture: Picture, where: Places) -> float:
    """How far the rim's mean colour is from that of the ground near by, units of CIE L*a*b*.

    Args:
        picture: (H, W, 3) uint8 RGB, the photograph itself or its painting.
        where: of the photograph, see `places`.

    Raises:
        ValueError: the photograph has no such places.
    """
    share = _near_by(where.ground.astype(np.float32))
    rim = where.rim & (share > _GROUND_NEAR_BY)
    if not rim.any():
        raise ValueError("nothing dark before a light ground")
    lab: Any = cv2.cvtColor(np.float32(1 / 255) * picture, cv2.COLOR_RGB2LAB)
    around = _near_by(lab * where.ground[..., None]) / np.maximum(share, 1e-4)[..., None]
    return float(np.linalg.norm((lab - around)[rim].mean(0)))


def excess(photograph: Picture, painted: Picture) -> float | None:
    """How much more rims show in a painting than in its photograph, of the band where that is most.

    Args:
        photograph, painted: (H, W, 3) uint8 RGB, of one size.

    Returns:
        Units of L*a*b*, less than 0 where the photograph has more; None: too little is dark before light.
    """
    where = [each for each in places(photograph) if each.enough]
    if not where:
        return None
    return max(difference(painted, each) - difference(photograph, each) for each in where)


def _near_by(values: Any) -> Any:
    return cv2.GaussianBlur(values, (0, 0), _NEAR_BY)
