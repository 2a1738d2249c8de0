"""Rims around dark things before a light ground, as a tower before the sky: how much they show.

Of a photograph and its paintings, all looked at in 512 px: the mean colour (CIE L*a*b*) of a rim, 2 to 9 px
from what is dark, less that of the ground 20 to 45 px away near by; the length of that is what is printed.

    python benchmarks/rims.py PHOTOGRAPH PAINTED... [--json OUT]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from common import Report, parser, print_table
from numpy.typing import NDArray

from stylize_video.models.perceptual import brushwork
from stylize_video.pictures.pictures import Picture, read_picture

_DARK, _LIGHT = 100, 130  # of 255
_RIM, _GROUND = (2, 9), (20, 45)  # px from what is dark
_NEAR_BY = 25  # px, standard deviation
_SMALLEST = 5  # px, of dark things

Mask = NDArray[np.bool_]


def rim_and_ground(photograph: Picture) -> tuple[Mask, Mask]:
    """(H, W) each: light places close to dark things, and light places further away."""
    grey = cv2.cvtColor(photograph, cv2.COLOR_RGB2GRAY)
    kernel = np.ones((_SMALLEST, _SMALLEST), np.uint8)
    dark = cv2.morphologyEx((grey < _DARK).astype(np.uint8), cv2.MORPH_OPEN, kernel)
    distance = cv2.distanceTransform(1 - dark, cv2.DIST_L2, 5)
    rim, ground = ((distance > a) & (distance <= b) & (grey > _LIGHT) for a, b in (_RIM, _GROUND))
    return rim, ground


def difference(picture: Picture, rim: Mask, ground: Mask) -> float:
    """How far the rim's mean colour is from that of the ground near by, units of L*a*b*."""
    lab: Any = cv2.cvtColor(np.float32(1 / 255) * picture, cv2.COLOR_RGB2LAB)
    share = _near_by(ground.astype(np.float32))
    around = _near_by(lab * ground[..., None]) / np.maximum(share, 1e-4)[..., None]
    return float(np.linalg.norm((lab - around)[rim & (share > 0.02)].mean(0)))


def _near_by(values: Any) -> Any:
    return cv2.GaussianBlur(values, (0, 0), _NEAR_BY)


def main() -> int:
    """Measure each; print a table."""
    arguments = parser(__doc__)
    arguments.add_argument("photograph", type=Path)
    arguments.add_argument("painted", type=Path, nargs="+")
    given: argparse.Namespace = arguments.parse_args()
    photograph = brushwork.looked_at(read_picture(given.photograph))
    rim, ground = rim_and_ground(photograph)
    if not rim.any() or not ground.any():
        raise SystemExit(f"{given.photograph}: nothing dark before a light ground")
    found = {"the photograph": difference(photograph, rim, ground)}
    for path in given.painted:
        found[str(path)] = difference(brushwork.looked_at(read_picture(path)), rim, ground)
    print_table(("picture", "rim"), list(found.items()))
    return Report("rims", found).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
