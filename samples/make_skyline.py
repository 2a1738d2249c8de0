"""Renders a photograph in four styles, as the method's first publications show it.

    python samples/make_skyline.py PHOTOGRAPH

docs/skyline.jpg has the paintings alone. That of the repository is of `chicago.jpg`, which Johnson et al.
2016 paint in the same four styles, so that both can be laid side by side.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from make_sheet import cell, painted

from stylize_video.pictures.pictures import read_picture

TARGET = Path(__file__).parents[1] / "docs" / "skyline.jpg"
STYLES = (("kandinsky", "starry-night"), ("great-wave", "the-scream"))
SIZE = 560, 372  # px, of a cell


def main(arguments: list[str]) -> None:
    """Write the picture of the photograph named on the command line."""
    photograph = read_picture(Path(arguments[0]))
    rows = [[cell(painted(photograph, style), SIZE) for style in row] for row in STYLES]
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    TARGET.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(TARGET), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 80])


if __name__ == "__main__":
    main(sys.argv[1:])
