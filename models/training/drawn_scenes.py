"""Pictures with the statistics of photographs, drawn on the spot: what is learned on where none are given.

Dead leaves (Lee, Mumford & Huang 2001, "Occlusion Models for Natural Images"): shapes of all sizes, the
small ones the more frequent, lie before one another, so that edges and contrasts are those of photographs
at every scale. Shapes are shaded and textured; behind them lie skies, and some are out of focus.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.pictures.pictures import Picture

_WIDTH, _HEIGHT = 384, 288  # px
_SMALLEST, _LARGEST = 5.0, 200.0  # px, radii of shapes
_SHAPES = (60, 400)  # in a picture
_HORIZON = (0.25, 0.75)  # of the height, where the shapes' upper limit lies in half of the pictures
_TEXTURE = 0.12  # highest standard deviation of a shape's texture
_GRAIN = 0.01  # highest standard deviation of sensor noise
_BLURS = (0.5, 3.0)  # px, standard deviation of what lies out of focus

Image = NDArray[np.float32]  # (H, W, 3) in 0..1


def draw(number: int) -> Picture:
    """A scene, (288, 384, 3) uint8 RGB: always the same for a number."""
    rng = np.random.default_rng(number)
    palette = _palette(rng)
    scene = _sky(palette, rng)
    horizon = rng.uniform(*_HORIZON) * _HEIGHT if rng.random() < 0.5 else -_LARGEST
    count = int(np.exp(rng.uniform(*np.log(_SHAPES))))
    radii = 1 / rng.uniform(1 / _LARGEST, 1 / _SMALLEST, count)  # the density falls with the square
    largest_first = np.sort(radii * rng.uniform(0.3, 1, count))[::-1]
    for place, radius in enumerate(largest_first):
        _add_shape(scene, palette, radius, horizon, rng)
        if place == count // 3 and rng.random() < 0.5:  # what lies farther back is out of focus
            scene[:] = cv2.GaussianBlur(scene, (0, 0), rng.uniform(*_BLURS))
    scene[:] = cv2.GaussianBlur(scene, (0, 0), 0.6)  # as a lens does
    scene += rng.standard_normal(scene.shape, np.float32) * np.float32(rng.uniform(0, _GRAIN))
    return np.asarray(np.clip(scene * 255, 0, 255).round(), np.uint8)


def _palette(rng: np.random.Generator) -> Image:
    """(1, 6, 3): colours of one light, mostly of little saturation."""
    hue = np.remainder(rng.choice(rng.uniform(0, 360, 2), 6) + rng.normal(0, 20, 6), 360)
    hsv = np.stack([hue, rng.beta(1.0, 3.0, 6), rng.uniform(0.05, 1.0, 6)], axis=-1).astype(np.float32)
    light = rng.uniform(0.85, 1.1, 3).astype(np.float32)
    return np.asarray(cv2.cvtColor(hsv[None], cv2.COLOR_HSV2RGB) * light, np.float32)


def _sky(palette: Image, rng: np.random.Generator) -> Image:
    """From one colour to another, downwards, with clouds in half of them."""
    down = np.linspace(0, 1, _HEIGHT, dtype=np.float32)[:, None, None]
    sky = (1 - down) * palette[0, 0] + down * palette[0, 1] + np.zeros((1, _WIDTH, 1), np.float32)
    if rng.random() < 0.5:
        sky += _clouds((_HEIGHT, _WIDTH), rng)[..., None] * np.float32(rng.uniform(0, 0.12))
    return np.ascontiguousarray(sky, np.float32)


def _clouds(shape: tuple[int, int], rng: np.random.Generator) -> NDArray[np.float32]:
    """(H, W) of mean 0 and about standard deviation 1: noise with as much power in each octave."""
    found = np.zeros(shape, np.float32)
    for octave in range(2, 8):
        side = (max(2, shape[0] >> octave), max(2, shape[1] >> octave))
        coarse = rng.standard_normal(side, np.float32)
        found += cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
    return found / np.float32(2.2)


def _add_shape(scene: Image, palette: Image, radius: float, horizon: float, rng: np.random.Generator) -> None:
    """Draw one before the others: a disc, an ellipse or a polygon, shaded along a direction."""
    x, y = rng.uniform(0, _WIDTH), rng.uniform(horizon, _HEIGHT)
    left, top = int(max(0, x - radius)), int(max(0, y - radius))
    right, bottom = int(min(_WIDTH, x + radius + 1)), int(min(_HEIGHT, y + radius + 1))
    if right - left < 2 or bottom - top < 2:
        return
    mask = _mask((bottom - top, right - left), (x - left, y - top), radius, rng)
    colour = palette[0, rng.integers(palette.shape[1])] * rng.uniform(0.7, 1.2, 3)
    rows, columns = np.mgrid[top:bottom, left:right].astype(np.float32)
    angle, shade = rng.uniform(0, 2 * np.pi), rng.normal(0, 0.2)
    slope = ((columns - x) * np.cos(angle) + (rows - y) * np.sin(angle)) / radius * shade
    texture = _clouds(mask.shape, rng) * rng.uniform(0, _TEXTURE) if rng.random() < 0.6 else 0.0
    filled = (colour + (slope + texture)[..., None]).astype(np.float32)
    window = scene[top:bottom, left:right]
    window += mask[..., None] * (filled - window)


def _mask(
    shape: tuple[int, int], centre: tuple[float, float], radius: float, rng: np.random.Generator
) -> NDArray[np.float32]:
    """(h, w) in 0..1."""
    mask = np.zeros(shape, np.uint8)
    if rng.random() < 0.4:
        axes = (int(radius), max(1, int(radius * rng.uniform(0.3, 1))))
        middle = (int(centre[0]), int(centre[1]))
        cv2.ellipse(mask, middle, axes, rng.uniform(0, 180), 0, 360, 255, -1, cv2.LINE_AA)
    else:
        angles = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 9))))
        reach = radius * rng.uniform(0.5, 1, len(angles))
        corners = np.stack([np.cos(angles) * reach, np.sin(angles) * reach], axis=-1) + centre
        cv2.fillPoly(mask, [corners.astype(np.int32)], 255, cv2.LINE_AA)
    return np.asarray(mask, np.float32) / np.float32(255)
