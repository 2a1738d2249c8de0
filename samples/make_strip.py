"""Renders the README's picture: real frames before and after, side by side.

    python samples/make_strip.py FILM:FRAME [FILM:FRAME ...]

Each film is painted with the bundled Kandinsky as `stylize-video` does it; the frames go to
docs/before_after.jpg, originals in the upper row.
"""

from __future__ import annotations

import sys
import tempfile
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from stylize_video.pictures.arrays import Pixels
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.sources.film import FilmSource

TARGET = Path(__file__).parents[1] / "docs" / "before_after.jpg"
WIDTH, HEIGHT, GAP = 480, 270, 6  # px
WHITE = 255


def frame(film: Path, number: int) -> Pixels:
    """Frame `number` of a film, counted from 0."""
    with FilmSource(film) as reader:
        return next(islice(reader.frames(), number, None)).rgb


def before_and_after(film: Path, number: int) -> Pixels:
    """One column: the frame, and below it the same frame of the painted film."""
    with tempfile.TemporaryDirectory() as folder:
        painted = Path(folder) / f"painted{film.suffix}"
        job.paint(PaintRequest.of(film, painted, style="kandinsky"))
        pictures = [frame(film, number), frame(painted, number)]
    scaled = [cv2.resize(p, (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA) for p in pictures]
    gap = np.full((GAP, WIDTH, 3), WHITE, np.uint8)
    return np.concatenate([scaled[0], gap, scaled[1]])


def main(arguments: list[str]) -> None:
    """Write the strip of the frames named on the command line."""
    columns: list[Pixels] = []
    for argument in arguments:
        film, _, number = argument.rpartition(":")
        gap = np.full((2 * HEIGHT + GAP, GAP, 3), WHITE, np.uint8)
        columns += [before_and_after(Path(film), int(number)), gap]
    strip = np.concatenate(columns[:-1], axis=1)
    TARGET.parent.mkdir(exist_ok=True)
    cv2.imwrite(str(TARGET), strip[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main(sys.argv[1:])
