"""Planes as plain data, so that frames that somebody holds can be saved: FFmpeg's frames can't be pickled."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import av
import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.uint8]  # (H, bytes), padding included


class PackedPlanes(NamedTuple):
    """What is known of a picture, without FFmpeg."""

    size: tuple[int, int]  # px: width, height
    pixel_format: str
    rows: tuple[Rows, ...]  # of each plane; a palette is one row
    color: tuple[int, int, int, int]  # matrix, range, primaries, transfer
    pts: int | None
    time_base: Fraction | None
    duration: int


def pack(picture: av.VideoFrame) -> PackedPlanes:
    """A picture's pixels, colour tags and time. What else decoders say of it is lost."""
    return PackedPlanes(
        (picture.width, picture.height),
        picture.format.name,
        tuple(_rows(plane).copy() for plane in picture.planes),
        (
            int(picture.colorspace),
            int(picture.color_range),
            int(picture.color_primaries),
            int(picture.color_trc),
        ),
        picture.pts,
        picture.time_base,
        picture.duration,
    )


def unpack(packed: PackedPlanes) -> av.VideoFrame:
    """The picture again."""
    picture = av.VideoFrame(*packed.size, packed.pixel_format)
    for plane, rows in zip(picture.planes, packed.rows, strict=True):
        mine = _rows(plane)
        width = min(mine.shape[1], rows.shape[1])  # padding differs
        mine[:, :width] = rows[:, :width]
    matrix, code_range, primaries, transfer = packed.color
    picture.colorspace, picture.color_range = matrix, code_range
    picture.color_primaries, picture.color_trc = primaries, transfer
    picture.pts, picture.duration = packed.pts, packed.duration
    if packed.time_base is not None:
        picture.time_base = packed.time_base
    return picture


def _rows(plane: Any) -> Rows:
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, -1)
