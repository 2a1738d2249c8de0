"""Renders the picture of docs/styles.md in which little is to be seen: a portrait before a wall, a plain sky.

    python samples/make_skies.py PHOTOGRAPH [PHOTOGRAPH ...]

docs/skies.jpg has a row for each photograph: as it is, and painted in four styles. Those of the repository
are scikit-image's astronaut.png and rocket.jpg, both in the public domain.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from make_sheet import cell, painted

from stylize_video.pictures.pictures import Picture, read_picture, resize_longer_side

TARGET = Path(__file__).parents[1] / "docs" / "skies.jpg"
STYLES = ("starry-night", "the-scream", "udnie", "delaunay")
PAINTED = 512  # px, the longer side
SIZE = 360, 300  # px, of a cell


def row(photograph: Picture) -> Picture:
    """The photograph and its paintings."""
    pictures = [photograph, *(painted(photograph, style) for style in STYLES)]
    return np.concatenate([cell(picture, SIZE) for picture in pictures], axis=1)


def main(arguments: list[str]) -> None:
    """Write the picture of the photographs named on the command line."""
    photographs = [resize_longer_side(read_picture(Path(name)), PAINTED) for name in arguments]
    sheet = np.concatenate([row(photograph) for photograph in photographs])
    TARGET.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(TARGET), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 86])


if __name__ == "__main__":
    main(sys.argv[1:])
