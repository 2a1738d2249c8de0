"""Renders the README's sheet: bundled paintings, and photographs painted as them in both ways.

    python samples/make_sheet.py PAINTINGS PHOTOGRAPH [PHOTOGRAPH ...]

PAINTINGS is a folder that has NAME.jpg for each bundled style. docs/any_picture.jpg has the paintings in its
upper row, and for each photograph one row by the whitening and colouring transform and one by the trained
network.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np

from stylize_video.models import styles
from stylize_video.pictures.pictures import Picture, read_picture, resize_longer_side, write_picture
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.request import PaintRequest

TARGET = Path(__file__).parents[1] / "docs" / "any_picture.jpg"
PAINTED = 512  # px, the longer side that photographs are painted in
WIDTH, HEIGHT, GAP = 186, 124, 3  # px, of a cell and around it
WHITE = 255


def cell(picture: Picture, size: tuple[int, int] = (WIDTH, HEIGHT)) -> Picture:
    """The middle of a picture, in a cell's shape and size (width, height)."""
    height, width = picture.shape[:2]
    side = min(width / size[0], height / size[1])
    wide, high = round(side * size[0]), round(side * size[1])
    left, top = (width - wide) // 2, (height - high) // 2
    cut = np.ascontiguousarray(picture[top : top + high, left : left + wide])
    small = np.asarray(cv2.resize(cut, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.pad(small, ((GAP, GAP), (GAP, GAP), (0, 0)), constant_values=WHITE)


def painted(photograph: Picture, style: str) -> Picture:
    """As `stylize-video` paints a picture."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "photograph.png"), Path(folder, "painting.png")
        write_picture(source, photograph)
        job.paint(PaintRequest.of(source, target, style=style))
        return read_picture(target)


def main(arguments: list[str]) -> None:
    """Write the sheet of the photographs named on the command line."""
    folder, names = Path(arguments[0]), list(styles.available())
    paintings = {name: folder / f"{name}.jpg" for name in names}
    rows = [[cell(read_picture(painting)) for painting in paintings.values()]]
    for argument in arguments[1:]:
        photograph = resize_longer_side(read_picture(Path(argument)), PAINTED)
        ways = [
            [str(painting) for painting in paintings.values()],
            names,
        ]
        rows += [[cell(painted(photograph, style)) for style in way] for way in ways]
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    TARGET.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(TARGET), sheet[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main(sys.argv[1:])
