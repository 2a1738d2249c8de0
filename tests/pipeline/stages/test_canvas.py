"""A pan that a camera makes takes the strokes along."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from stylize_video.models.feed_forward import engine, gallery
from stylize_video.models.feed_forward.engine import CanvasEngine
from stylize_video.models.feed_forward.parameters import StyleVector
from stylize_video.models.motion.flow_estimation import DisMotion
from stylize_video.models.motion.neighbours import MotionFinder
from stylize_video.models.style_spec import parse
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.stages.canvas import CarryCanvas, PaintOnCanvas
from stylize_video.pipeline.stages.motion import FindMotion
from tests.pipeline._stages import through

HEIGHT, WIDTH, COUNT = 128, 192, 12
SPEED = 0.37  # px a frame to the left
BORDER = 24  # px


@pytest.fixture(scope="module")
def painter() -> tuple[CanvasEngine, StyleVector]:
    """A bundled one: one that has learned nothing paints no strokes."""
    found = gallery.load(parse("starry-night"))
    return engine.open_engine(found.parameters, torch.device("cpu"), exact=True), found.style


def shifted(picture: NDArray[np.uint8], by: float) -> NDArray[np.uint8]:
    """A picture that has moved to the left by so many px."""
    matrix = np.float32([[1, 0, -by], [0, 1, 0]])
    size = (picture.shape[1], picture.shape[0])
    moved = cv2.warpAffine(picture, matrix, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def pan() -> Iterator[FrameBatch]:
    """Soft shapes with some texture."""
    rng = np.random.default_rng(0)
    noise = rng.uniform(0, 255, (HEIGHT, WIDTH + 32, 3))
    wide = sum(size * cv2.GaussianBlur(noise, (0, 0), size) for size in (2, 12))
    scene = np.clip((wide - wide.mean()) / wide.std() * 25 + 127, 0, 255).astype(np.uint8)
    for number in range(COUNT):
        picture = shifted(scene, SPEED * number)[:, :WIDTH]
        frame = Frame(picture, number, Fraction(1, 25))
        yield FrameBatch(picture[None], [frame])


def test_strokes_move_with_a_pan_of_a_third_of_a_pixel(
    painter: tuple[CanvasEngine, StyleVector],
) -> None:
    moving = list(through(FindMotion(MotionFinder(DisMotion()), threads=1), pan()))
    unmoved = [replace(batch, motion=[None]) for batch in moving]  # nothing known: the canvas stands still
    carried, standing = (
        [batch.pixels[0] for batch in through(PaintOnCanvas(*painter), film)] for film in (moving, unmoved)
    )
    inner = slice(BORDER, -BORDER), slice(BORDER, -BORDER)

    def error(film: list[NDArray[np.uint8]]) -> float:
        """Between the last painting and the first one, moved as the scene has."""
        followed = shifted(film[0], SPEED * (COUNT - 1))
        return float(np.square(followed[inner].astype(float) - film[-1][inner]).mean())

    assert np.array_equal(carried[0], standing[0])
    assert error(carried) < error(standing) / 3


@pytest.mark.parametrize("stroke_size", [1.0, 1.5])
def test_a_canvas_carried_ahead_is_the_same(
    stroke_size: float, painter: tuple[CanvasEngine, StyleVector]
) -> None:
    moving = list(through(FindMotion(MotionFinder(DisMotion()), threads=1), pan()))[:4]
    ahead = through(
        CarryCanvas(painter[0].new_canvas, stroke_size=stroke_size, look_up=painter[0].looked_up), moving
    )
    paint = PaintOnCanvas(*painter, stroke_size=stroke_size)
    here, there = ([batch.pixels for batch in through(paint, film)] for film in (moving, ahead))
    assert all(np.array_equal(one, other) for one, other in zip(here, there, strict=True))
