"""Renders docs/slice.jpg: how strokes move with a scene that pans by 0.37 px a frame.

    python samples/make_slice.py [STYLE]

One row is taken out of each frame of a pan over the lake, through sky, balloon and mountains, and laid below
that of the frame before: what belongs to the scene draws slanted lines, what stands on the screen upright
ones, and what flickers none. Above is the film, below its painting without the stabiliser, so that the canvas
alone holds the strokes.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from lake import Lake

from stylize_video.pictures.arrays import Pixels
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.sources.film import FilmSource

TARGET = Path(__file__).parents[1] / "docs" / "slice.jpg"
WIDTH, HEIGHT, GAP = 480, 270, 6  # px
PAN = 0.37  # px a frame
FRAMES, RATE = 160, 25
ROW = 40  # px from above
SEED = 11
STYLE = "starry-night"
SCALE = 2  # times, of the picture that is written
WHITE = 255


def pan() -> Iterator[Pixels]:
    """Frames of the scene, each cut out a fraction of a pixel further on."""
    scene = np.asarray(Lake(SEED).draw(0.0), np.float32)
    times = len(scene) / (HEIGHT * 1.2)  # px of the scene a px of the film
    large = cv2.GaussianBlur(scene, (0, 0), times / 2)
    for number in range(FRAMES):
        across = np.array([[times, 0, (10 + PAN * number) * times], [0, times, 0]], np.float32)
        way = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        levels = cv2.warpAffine(large, across, (WIDTH, HEIGHT), flags=way)
        yield np.asarray(np.clip(np.rint(levels), 0, 255), np.uint8)


def write_film(target: Path) -> None:
    """The pan without loss."""
    with av.open(str(target), "w") as film:
        stream = film.add_stream("ffv1", rate=Fraction(RATE), pix_fmt="yuv444p")
        stream.width, stream.height = WIDTH, HEIGHT
        for picture in pan():
            film.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        film.mux(stream.encode(None))


def row_over_time(film: Path) -> Pixels:
    """(FRAMES, WIDTH, 3): the same row of each frame, the first one above."""
    with FilmSource(film) as reader:
        return np.stack([frame.rgb[ROW] for frame in reader.frames()])


def main(arguments: list[str]) -> None:
    """Write the picture."""
    style = arguments[0] if arguments else STYLE
    with tempfile.TemporaryDirectory() as folder:
        film, painted = Path(folder) / "pan.mkv", Path(folder) / "painted.mkv"
        write_film(film)
        job.paint(PaintRequest.of(film, painted, style=style, stabilize=False, codec="ffv1"))
        rows = [row_over_time(film), row_over_time(painted)]
    gap = np.full((GAP // SCALE, WIDTH, 3), WHITE, np.uint8)
    together = np.concatenate([rows[0], gap, rows[1]])
    large = cv2.resize(together, None, fx=SCALE, fy=SCALE, interpolation=cv2.INTER_NEAREST)
    cv2.imwrite(str(TARGET), large[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 88])


if __name__ == "__main__":
    main(sys.argv[1:])
