"""What both scenes are drawn with: noise, layers that slide past each other, water, light.

Colours are (R, G, B) in 0..255, canvases (H, W, 3) float32 of the same, layers (H, W, 4) with alpha in
0..1. Everything is drawn at twice the film's size.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

WIDTH, HEIGHT = 1280, 720  # px, twice the film's

Array = NDArray[Any]  # float32
Color = tuple[float, float, float]
Paint = Color | NDArray[np.floating] | NDArray[np.integer]  # three numbers


def noise(
    rng: np.random.Generator, height: int, width: int, cell: tuple[float, float], *, octaves: int = 5
) -> Array:
    """Fractal noise about 0..1; `cell` is the (vertical, horizontal) size of its largest blobs, px."""
    total = np.zeros((height, width), np.float32)
    for octave in range(octaves):
        rows = max(2, round(height / cell[0] * 2**octave) + 1)
        columns = max(2, round(width / cell[1] * 2**octave) + 1)
        grid = rng.random((min(rows, height), min(columns, width)), np.float32)
        total += cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC) * 0.5**octave
    return ((total / (2 - 0.5 ** (octaves - 1)) - 0.5) * 1.6 + 0.5).astype(np.float32)


def smoothstep(low: float, high: float, x: Array) -> Array:
    """0 below `low`, 1 above `high`, and smooth in between; `high` may be the smaller one."""
    t = np.clip((x - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def blend(first: Array | Color, second: Array | Color, amount: Array | float) -> Array:
    """`first` where `amount` is 0, `second` where it is 1. `amount` has no colour axis."""
    share = np.asarray(amount, np.float32)[..., None]
    a, b = np.asarray(first, np.float32), np.asarray(second, np.float32)
    return a + (b - a) * share


def gradient(height: int, width: int, stops: Sequence[tuple[float, Color]]) -> Array:
    """A vertical gradient; stops are (position in 0..1 from the top, colour)."""
    y = np.linspace(0, 1, height)
    at = [position for position, _ in stops]
    columns = [np.interp(y, at, [color[c] for _, color in stops]) for c in range(3)]
    return np.repeat(np.stack(columns, -1).astype(np.float32)[:, None], width, axis=1)


def lit(field: Array, light: tuple[int, int], strength: float) -> Array:
    """How much each point of a height field faces the light: 0..1, level ground 0.5."""
    moved = np.roll(field, light, axis=(0, 1))
    return np.asarray(np.clip(0.5 + strength * (field - moved), 0, 1), np.float32)


def glow(height: int, width: int, centre: tuple[float, float], radius: float) -> Array:
    """A soft round light, 1 in the centre (x, y)."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    squared = (x - centre[0]) ** 2 + (y - centre[1]) ** 2
    return np.asarray(np.exp(-squared / (2 * radius * radius)), np.float32)


def layer(color: Array, alpha: Array) -> Array:
    """A layer of a picture and its alpha."""
    return np.dstack([color, alpha]).astype(np.float32)


def below(ridge: Array, height: int) -> Array:
    """Alpha of the ground under a skyline: `ridge` is its y for each column, px."""
    y = np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(np.clip(y - ridge[None], 0, 1), np.float32)


def over(canvas: Array, top: Array, *, x: float = 0, y: float = 0) -> None:
    """Lay a layer on a canvas with its upper left corner at (x, y), which may lie between pixels."""
    left, upper = int(np.floor(x)), int(np.floor(y))
    x0, x1 = max(left, 0), min(left + top.shape[1] + 1, canvas.shape[1])
    y0, y1 = max(upper, 0), min(upper + top.shape[0] + 1, canvas.shape[0])
    if x0 >= x1 or y0 >= y1:
        return
    move = np.array([[1, 0, x - x0], [0, 1, y - y0]], np.float32)
    inside = (x1 - x0, y1 - y0)
    shifted = cv2.warpAffine(top, move, inside, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    part = canvas[y0:y1, x0:x1]
    part += (shifted[..., :3] - part) * shifted[..., 3:]


def shine(canvas: Array, light: Array, color: Color) -> None:
    """Add light to a canvas."""
    canvas += light[..., None] * np.array(color, np.float32)


def polygon(top: Array, points: Sequence[tuple[float, float]], color: Paint) -> None:
    """Fill a polygon on a layer, with smooth edges."""
    shape = np.round(np.array(points) * 16).astype(np.int32)
    cv2.fillPoly(top, [shape], _opaque(color), cv2.LINE_8, 4)


def ellipse(
    top: Array,
    centre: tuple[float, float],
    radii: tuple[float, float],
    color: Paint,
    *,
    angle: float = 0,
) -> None:
    """Fill an ellipse on a layer."""
    at = (round(centre[0] * 16), round(centre[1] * 16))
    size = (max(1, round(radii[0] * 16)), max(1, round(radii[1] * 16)))
    cv2.ellipse(top, at, size, angle, 0, 360, _opaque(color), -1, cv2.LINE_8, 4)


def stroke(
    top: Array, start: tuple[float, float], end: tuple[float, float], color: Paint, width: int = 1
) -> None:
    """Draw a line on a layer."""
    a, b = ((round(p[0] * 16), round(p[1] * 16)) for p in (start, end))
    cv2.line(top, a, b, _opaque(color), width, cv2.LINE_8, 4)


def _opaque(color: Paint) -> list[float]:
    return [*(min(float(c), 255.0) for c in color), 1.0]


def empty(height: int, width: int) -> Array:
    """A layer with nothing on it."""
    return np.zeros((height, width, 4), np.float32)


def rippled(mirror: Array, waves: Array, *, reach: float, time: float) -> Array:
    """What water makes of a mirror image: lines shift sideways, more so near the viewer.

    `waves` is noise of the mirror's size; `reach` the largest shift, px.
    """
    height, width = mirror.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    depth = y / height
    drift = np.roll(waves, round(time * 60), axis=1) + np.roll(waves, -round(time * 45), axis=1) - 1
    dx = drift * reach * (0.15 + depth)
    dy = drift * reach * 0.6 * (0.1 + depth)
    found = cv2.remap(mirror, x + dx, y + dy, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(found, np.float32)
