"""What a decoded frame's display matrix says of its orientation."""

from __future__ import annotations

import struct

import av
from av.sidedata.sidedata import Type as SideDataType

from stylize_video.pictures.orientation import Orientation
from stylize_video.pipeline.planes import side_data

_SLANT = 1 / 100  # by how much a matrix may miss a quarter turn, of its scale

Matrix = tuple[int, ...]  # FFmpeg's display matrix, 3x3, row by row


def orientation(matrix: Matrix | None) -> Orientation:
    """What a display matrix says; nothing where it says another angle than a quarter turn."""
    if matrix is None:
        return Orientation()
    a, b, _, c, d, *_ = matrix  # a point (x, y), y downwards, goes to (ax + cy, bx + dy)
    mirrored = a * d - b * c < 0
    if mirrored:
        a, c = -a, -c
    scale = max(map(abs, (a, b, c, d)))
    for turns, (cosine, sine) in enumerate([(1, 0), (0, 1), (-1, 0), (0, -1)]):
        exact = (cosine, -sine, sine, cosine)
        misses = [abs(got - want * scale) for got, want in zip((a, b, c, d), exact, strict=True)]
        if scale and max(misses) < _SLANT * scale:
            return Orientation(turns, mirrored)
    return Orientation()


def of_picture(picture: av.VideoFrame) -> Matrix | None:
    """A decoded frame's display matrix, whether it comes from a film's header or a photograph's EXIF."""
    data = side_data.of_picture(picture).get(SideDataType.DISPLAYMATRIX)
    return None if data is None else struct.unpack("=9i", bytes(data))
