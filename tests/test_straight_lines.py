"""What a photorealistic painting is measured by, on pictures drawn for it; and such a painting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from stylize_video.models.gatys.config import DEFAULTS, PHOTOREAL
from stylize_video.models.gatys.matting import affine_term
from stylize_video.models.gatys.optimisation import GatysArtist

SUPERSAMPLED = 8


@pytest.fixture
def measure(benchmark: Callable[[str], Any]) -> Any:
    """The benchmarks' module."""
    return benchmark("straight_lines")


def facade(width: int = 96, height: int = 72) -> Any:
    """A house front seen from below: walls, windows and their frames before a sky; with light and grain."""
    y, x = np.mgrid[0 : height * SUPERSAMPLED, 0 : width * SUPERSAMPLED] / SUPERSAMPLED
    canvas = np.stack([150 + 60 * y / height, 180 + 40 * y / height, 235 - 10 * y / height], -1)

    def wall(left: float, top: float, right: float, bottom: float, colour: Any) -> None:
        """A rectangle, in shares of the picture's width and of the wall's height."""
        corners = [(left, top), (right, top), (right, bottom), (left, bottom)]
        roof = [0.21 - 0.14 * u for u, _ in corners]
        points = [(u * width, (r + v * (1 - r)) * height) for (u, v), r in zip(corners, roof, strict=True)]
        cv2.fillPoly(canvas, [np.round(np.array(points) * SUPERSAMPLED).astype(np.int32)], colour)

    wall(0.08, 0, 0.92, 1, (176, 140, 112))
    for row, column in np.ndindex(3, 4):
        left, top = 0.14 + 0.2 * column, 0.1 + 0.29 * row
        wall(left - 0.012, top - 0.02, left + 0.132, top + 0.22, (226, 214, 196))
        wall(left, top, left + 0.12, top + 0.2, (58 + 8 * column, 70 + 6 * row, 92))
    lit = cv2.resize(
        canvas * (0.75 + 0.4 * x[..., None] / width), (width, height), interpolation=cv2.INTER_AREA
    )
    return (lit + np.random.default_rng(0).normal(0, 3, lit.shape)).clip(0, 255).astype(np.uint8)


def swirls(size: int = 96) -> Any:
    """A painting of another world: rings in blue and yellow."""
    y, x = np.mgrid[0:size, 0:size]
    found = np.zeros((size, size, 3))
    for number, (cx, cy) in enumerate(((22, 30), (68, 22), (48, 72))):
        ring = np.cos(np.hypot(x - cx, y - cy) * 0.9) * np.exp(-np.hypot(x - cx, y - cy) / 30)
        found += ring[..., None] * ((90, 80, -30), (60, 50, 20), (-20, 40, 90))[number]
    return (found + np.array((45, 80, 150))).clip(0, 255).astype(np.uint8)


def rotated(picture: Any, degrees: float) -> Any:
    height, width = picture.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)


def test_lines_stay_in_other_colours_and_go_with_the_picture(measure: Any) -> None:
    picture = facade()
    assert len(measure.segments(picture, measure.SHORTEST * 96)) > 40
    assert measure.share_kept(picture, picture) == 1
    assert measure.share_kept(picture, np.ascontiguousarray(255 - picture // 2)) > 0.95
    assert measure.share_kept(picture, rotated(picture, 20)) < 0.15
    assert (
        measure.share_kept(picture, np.random.default_rng(1).integers(0, 256, picture.shape, np.uint8)) < 0.05
    )
    assert measure.share_kept(picture, np.full_like(picture, 99)) == 0
    assert np.isnan(measure.share_kept(np.full_like(picture, 99), picture))
    with pytest.raises(ValueError, match="must be the same"):
        measure.share_kept(picture, picture[1:])


@pytest.mark.parametrize(
    ("dx", "dy", "turn", "kept"), [(0, 1, 0, 1), (0, 3, 0, 0), (0, 0, 2, 1), (0, 0, 6, 0)]
)
def test_how_far_a_line_may_go(measure: Any, dx: int, dy: int, turn: float, kept: int) -> None:
    def drawn(down: float, degrees: float) -> Any:
        picture = np.full((64, 64, 3), 40, np.uint8)
        slope = 12 * np.tan(np.radians(degrees))
        corners = [(20, 32 + down - slope), (44, 32 + down + slope), (44, 64), (20, 64)]
        points = np.round(np.array(corners) * 256).astype(np.int32)
        cv2.fillPoly(picture, [points], (200, 180, 160), cv2.LINE_AA, shift=8)
        return picture[:, 22:42]

    assert measure.share_kept(drawn(0, 0), drawn(dy, turn)) == pytest.approx(kept, abs=0.2)


def test_colours_by_hand(measure: Any) -> None:
    black, white, red = (np.full((8, 8, 3), c, np.uint8) for c in (0, 255, (255, 0, 0)))
    assert measure.colour_distance(black, white) == 1
    assert measure.colour_distance(black, red) == pytest.approx(1 / 3)
    assert measure.colours_moved(black, red, white) == pytest.approx(1 / 3)
    assert measure.colours_moved(black, black, white) == 0
    assert measure.colours_moved(black, white[:3], white) == 1
    assert measure.colours_moved(white, black, red) == pytest.approx(1 - (1 / 3) / (2 / 3))
    assert np.isnan(measure.colours_moved(red, black, red))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_photorealistic_painting_keeps_lines_straight_and_changes_colours(measure: Any) -> None:
    picture, painting = facade(), swirls()
    kept, moved = {}, {}
    for config in (replace(DEFAULTS, iterations=30), replace(PHOTOREAL, iterations=100)):
        weight = config.photoreal_weight
        artist = GatysArtist(
            [painting],
            config,
            torch.device("cpu"),
            terms=lambda small, weight=weight: [affine_term(small, weight)],
        )
        painted = (artist.paint(picture) * 255).round().astype(np.uint8)
        kept[weight] = measure.share_kept(picture, painted)
        moved[weight] = measure.colours_moved(picture, painted, painting)
    assert kept[PHOTOREAL.photoreal_weight] > 0.7
    assert kept[0] < 0.3
    assert moved[PHOTOREAL.photoreal_weight] > 0.15
