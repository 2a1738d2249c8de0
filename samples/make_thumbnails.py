#!/usr/bin/env python3
"""Cuts the thumbnails of the live page's gallery from docs/styles.jpg, the sheet of all styles.

python samples/make_thumbnails.py
"""

from __future__ import annotations

from pathlib import Path

import cv2

from stylize_video.models import styles

ROOT = Path(__file__).resolve().parents[1]
SHEET = ROOT / "docs" / "styles.jpg"
OUT = ROOT / "pipeline" / "web" / "page" / "thumbnails"

COLUMNS = 3  # of the sheet; its first picture is the photograph
LEFT, TOP, ACROSS, DOWN = (
    19,
    19,
    420.5,
    274.5,
)  # px of the sheet: the first picture's corner, from one to the next
CUT = slice(0, 225), slice(40, 340)  # rows and columns of each picture
SIZE = 160, 120  # px
QUALITY = 80  # of the JPEG


def main() -> None:
    """Write one file a style."""
    sheet = cv2.imread(str(SHEET))
    if sheet is None:
        raise SystemExit(f"{SHEET} can't be read")
    for number, name in enumerate(styles.available(), start=1):
        row, column = divmod(number, COLUMNS)
        top, left = round(TOP + row * DOWN), round(LEFT + column * ACROSS)
        picture = sheet[top + CUT[0].start : top + CUT[0].stop, left + CUT[1].start : left + CUT[1].stop]
        small = cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA)
        cv2.imwrite(str(OUT / f"{name}.jpg"), small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])


if __name__ == "__main__":
    main()
