"""Pictures with something to read back: a frame's number, or a chart of known colours.

What turns RGB into stored planes here is written from the standards (ITU-R BT.601, BT.709, BT.2020)
in numpy and in floating point, so that it can contradict swscale.
"""

from __future__ import annotations

from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Rgb = NDArray[np.float64]  # (H, W, 3) in 0..1, non-linear as it is stored

# Weights of red and blue in the luma.
LUMA_WEIGHTS = {"601": (0.299, 0.114), "709": (0.2126, 0.0722), "2020": (0.2627, 0.0593)}

# Pixel format -> (how it is stored, bits, chroma's share of the width, and of the height).
LAYOUTS = {
    "yuv420p": ("yuv", 8, 2, 2),
    "yuv422p": ("yuv", 8, 2, 1),
    "yuv444p": ("yuv", 8, 1, 1),
    "yuv420p10le": ("yuv", 10, 2, 2),
    "yuv422p10le": ("yuv", 10, 2, 1),
    "yuv444p10le": ("yuv", 10, 1, 1),
    "gray": ("gray", 8, 1, 1),
    "gray10le": ("gray", 10, 1, 1),
    "gbrp": ("gbr", 8, 1, 1),
    "gbrp10le": ("gbr", 10, 1, 1),
    "rgb24": ("packed rgb", 8, 1, 1),
    "bgr0": ("packed bgr0", 8, 1, 1),
}

_CELLS = 10  # in a row along the top: white, black, then eight bits, the highest first
_CHART_ROWS, _CHART_COLUMNS = 4, 6


def numbered_picture(number: int, width: int, height: int) -> Rgb:
    """A moving, coloured picture whose upper quarter spells `number` (0..255) in bits."""
    if number not in range(256):
        raise ValueError(f"{number = } must be in 0..255")
    y, x = np.mgrid[0:height, 0:width]
    u, v = x / width, y / height
    picture = np.stack([0.2 + 0.6 * u, 0.2 + 0.6 * v, 0.7 - 0.4 * u], axis=-1)
    centre = (0.1 + number * 0.037 % 0.8, 0.65)
    picture[np.hypot(u - centre[0], (v - centre[1]) * height / width) < 0.1] = (0.9, 0.7, 0.2)
    bits = [1, 0, *((number >> bit) & 1 for bit in range(7, -1, -1))]
    cell = x[0] * _CELLS // width
    picture[: height // 4] = np.where(np.array(bits)[cell], 0.9, 0.1)[None, :, None]
    return picture


def read_number(picture: NDArray[Any]) -> int:
    """The number that an upright (H, W, 3) or (H, W) picture of any depth and size spells.

    Raises:
        ValueError: the picture spells nothing.
    """
    height, width = picture.shape[:2]
    row = picture[height // 16 : max(height // 16 + 1, 3 * height // 16)].astype(np.float64)
    row = row.reshape(*row.shape[:2], -1).mean(axis=(0, 2))
    edges = [
        (round((cell + 0.25) * width / _CELLS), round((cell + 0.75) * width / _CELLS))
        for cell in range(_CELLS)
    ]
    white, black, *bits = (row[a : max(a + 1, b)].mean() for a, b in edges)
    if white - black < 0.2 * max(row.max(), 1e-9):
        raise ValueError(f"no number: white is {white:.1f}, black {black:.1f}")
    return int("".join("1" if bit > (white + black) / 2 else "0" for bit in bits), 2)


def colour_chart(width: int = 96, height: int = 64) -> Rgb:
    """Twenty-four patches of known colours: `chart_colours()`, four rows of six."""
    rows = np.arange(height) * _CHART_ROWS // height
    columns = np.arange(width) * _CHART_COLUMNS // width
    return chart_colours()[rows[:, None], columns[None, :]]


def chart_colours() -> Rgb:
    """(4, 6, 3) RGB in 0..1: greys, primaries, secondaries, and mixed colours, light and dark."""
    greys = [(g, g, g) for g in (0.0, 0.1, 0.35, 0.6, 0.85, 1.0)]
    pure = [(1, 0, 0), (0, 1, 0), (0, 0, 1), (0, 1, 1), (1, 0, 1), (1, 1, 0)]
    mixed = np.random.default_rng(7).uniform(0.05, 0.95, (12, 3)).tolist()
    return np.array([*greys, *pure, *mixed], np.float64).reshape(_CHART_ROWS, _CHART_COLUMNS, 3)


def read_chart(picture: NDArray[Any]) -> Rgb:
    """The (4, 6, 3) mean colours of the patches' inner halves, in the picture's own units."""
    height, width = picture.shape[0] / _CHART_ROWS, picture.shape[1] / _CHART_COLUMNS
    patches = [
        picture[
            round((r + 0.25) * height) : round((r + 0.75) * height),
            round((c + 0.25) * width) : round((c + 0.75) * width),
        ].mean(axis=(0, 1), dtype=np.float64)
        for r in range(_CHART_ROWS)
        for c in range(_CHART_COLUMNS)
    ]
    return np.array(patches).reshape(_CHART_ROWS, _CHART_COLUMNS, 3)


def to_planes(
    picture: Rgb, pixel_format: str, *, matrix: str = "601", full_range: bool = False
) -> list[NDArray[Any]]:
    """The planes that store `picture`: (h, w) each, or one (H, W, C) if packed; uint8 or uint16."""
    kind, bits, share_x, share_y = LAYOUTS[pixel_format]
    top = 2**bits - 1
    if kind == "packed rgb":
        return [_codes(picture * top, bits)]
    if kind == "packed bgr0":
        unused = np.zeros_like(picture[..., :1])
        return [_codes(np.concatenate([picture[..., ::-1], unused], axis=-1) * top, bits)]
    if kind == "gbr":
        return [_codes(picture[..., channel] * top, bits) for channel in (1, 2, 0)]
    luma, *differences = _luma_chroma(picture, matrix)
    unit = 2 ** (bits - 8)  # one step of 8 bits, in steps of `bits`
    y = _codes(luma * top if full_range else luma * 219 * unit + 16 * unit, bits)
    if kind == "gray":
        return [y]
    span = top if full_range else 224 * unit
    small = [_shrink(plane, share_x, share_y) for plane in differences]
    return [y, *(_codes(plane * span + 128 * unit, bits) for plane in small)]


def to_frame(
    picture: Rgb, pixel_format: str, *, matrix: str = "601", full_range: bool = False
) -> av.VideoFrame:
    """`picture` as a frame for an encoder, made without any of FFmpeg's conversions."""
    planes = to_planes(picture, pixel_format, matrix=matrix, full_range=full_range)
    frame = av.VideoFrame(picture.shape[1], picture.shape[0], pixel_format)
    for plane, pixels in zip(frame.planes, planes, strict=True):
        rows = np.ascontiguousarray(pixels).reshape(len(pixels), -1).view(np.uint8)
        padded = np.zeros((plane.buffer_size // plane.line_size, plane.line_size), np.uint8)
        padded[: rows.shape[0], : rows.shape[1]] = rows
        plane.update(padded.tobytes())
    return frame


def _luma_chroma(picture: Rgb, matrix: str) -> tuple[Rgb, Rgb, Rgb]:
    """Luma in 0..1, and blue and red differences in -0.5..0.5."""
    red_weight, blue_weight = LUMA_WEIGHTS[matrix]
    red, green, blue = np.moveaxis(picture, -1, 0)
    luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    return luma, (blue - luma) / (2 - 2 * blue_weight), (red - luma) / (2 - 2 * red_weight)


def _codes(values: Rgb, bits: int) -> NDArray[Any]:
    return np.rint(values).clip(0, 2**bits - 1).astype(np.uint8 if bits == 8 else np.uint16)


def _shrink(plane: Rgb, share_x: int, share_y: int) -> Rgb:
    """Means over cells of `share_y` by `share_x` pixels; a cell that juts out repeats the edge."""
    height, width = plane.shape
    padded = np.pad(plane, ((0, -height % share_y), (0, -width % share_x)), mode="edge")
    cells = padded.reshape(padded.shape[0] // share_y, share_y, -1, share_x)
    return np.asarray(cells.mean(axis=(1, 3)), np.float64)
