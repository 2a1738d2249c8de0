"""A picture painted in tiles, which is the whole one's painting but for what no tile's margin reaches.

Painters normalise by a picture's own means and variances: a tile by itself would be painted otherwise. So
they are found of the whole picture first. Nothing in an alias-free painter tells where in a picture it
is: a tile needs only as much around it as its filters and convolutions see. They see 200 px and more, but
little beyond 64: paintings of 512x768 px in two styles differ by 58 dB there, by 43 with 32. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from stylize_video.models.canvas_cells import CELL

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

TILE, MARGIN = 512, 64  # px, multiples of a network's stride

Run = Callable[..., Any]  # `Runtime.run`


class _Part(NamedTuple):
    """Of one side of a picture, px."""

    seen: slice
    kept: slice
    within: slice  # what is kept, of what is seen


def painted(
    run: Run, images: Pictures, noise: Pictures, style: Pictures, *, tile: int = TILE, margin: int = MARGIN
) -> Pictures:
    """The painting of a picture, tile by tile.

    Args:
        run: of a runtime whose program has the sections "statistics" and "paint by".
        images: (1, H, W, 3), whose sides fit the network.
        noise: (1, H/4, W/4, C).
        style: (1, 1, 1, K).
        tile: px of a side.
        margin: px that are seen around it.
    """
    statistics = run("statistics", images, noise, style)
    whole: Any = None
    for down, across in product(_parts(images.shape[1], tile, margin), _parts(images.shape[2], tile, margin)):
        seen = images[:, down.seen, across.seen]
        cells = noise[:, _in_cells(down.seen), _in_cells(across.seen)]
        part = run("paint by", seen, cells, style, statistics)
        if whole is None:
            whole = _like(part, images)
        whole[:, down.kept, across.kept] = part[:, down.within, across.within]
    result: Pictures = whole
    return result


def _parts(side: int, tile: int, margin: int) -> Iterator[_Part]:
    """What is seen is always as long, so that one program paints all tiles."""
    length = min(side, tile + 2 * margin)
    for first in range(0, side, tile):
        last = min(first + tile, side)
        start = min(max(first - margin, 0), side - length)
        yield _Part(slice(start, start + length), slice(first, last), slice(first - start, last - start))


def _in_cells(px: slice) -> slice:
    return slice(px.start // CELL, px.stop // CELL)


def _like(part: Any, images: Any) -> Any:
    """Room for a painting of the whole picture, of the kind that a part is."""
    shape = (*images.shape[:3], part.shape[3])
    return np.empty(shape, part.dtype) if isinstance(part, np.ndarray) else part.new_empty(shape)
