"""What a decoded frame says of its orientation, and what else lies beside its pixels."""

from __future__ import annotations

import struct
from typing import Any, cast

import av
from av.sidedata.sidedata import Type as SideDataType

from stylize_video.pictures.orientation import Orientation
from stylize_video.pipeline.planes import filters

# Kinds of side data that PyAV 18 has no names for (28: LCEVC, 31: EXIF); where there is one it shows none.
_UNNAMED = range(28, 36)
_SLANT = 1 / 100  # by how much a matrix may miss a quarter turn, of its scale

Matrix = tuple[int, ...]  # FFmpeg's display matrix, 3x3, row by row


def of_matrix(matrix: Matrix | None) -> Orientation:
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


def matrix_of(picture: av.VideoFrame) -> Matrix | None:
    """A decoded frame's display matrix, whether it comes from a film's header or a photograph's EXIF."""
    data = side_data(picture).get(SideDataType.DISPLAYMATRIX)
    return None if data is None else struct.unpack("=9i", bytes(data))


def side_data(picture: av.VideoFrame) -> dict[SideDataType, Any]:
    """What a decoded frame says beside its pixels, as far as PyAV has a name for it."""
    try:
        found: Any = picture.side_data
    except ValueError:
        found = _without_unnamed(picture).side_data
    return {kind: found[kind] for kind in SideDataType if found.get(kind) is not None}


def _without_unnamed(picture: av.VideoFrame) -> av.VideoFrame:
    """The same picture without the side data that PyAV stumbles over."""
    graph = filters.graph(picture, *(("sidedata", f"mode=delete:type={code}") for code in _UNNAMED))
    graph.push(picture)
    return cast(av.VideoFrame, graph.pull())
