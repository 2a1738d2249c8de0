"""The sheets that a canvas consists of: how cells lie beside each other in the field.

Cells of one thing lie on one sheet. It is stiff: its cells lie side by side, `CELL` px apart, as far as
nothing has stretched it, and turned as the camera was. Where two things meet, two sheets do. Errors of the
flow add up over a film: what began as one sheet frays into small patches, and strokes as large as the coarser
octaves find no room in them. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.canvas_cells import CELL

Array = NDArray[np.float32]
Cells = NDArray[np.bool_]  # (h, w)

_LEVEL = 0.02  # radians; a sheet turned by less counts as level, for so little comes of errors
_SAME_STEP = 3.0  # px; neighbours whose step differs by less from a stiff sheet's lie on the same one
_SAME_SHEET = 6.0  # px; and others, so many times the root of the cells between them
_SAME_MOTION = 0.5  # px a frame; neighbours whose flow differs by more are two things
_PULL = 0.2  # of each neighbour on a cell of the same sheet, a frame; a quarter would oscillate
_AROUND = (2, 5)  # cells, how far away a cell looks for others of its sheet
_FEWEST = 0.4  # of those it finds; a cell with fewer lies in a patch too small to be kept

# Where a sheet is stretched strokes would change their size. Block by block it is drawn anew, the likelier
# the more it is stretched: if all of a canvas were drawn anew at once, it would be seen.
_BLOCK = 16  # cells a side
_EVERY = 4  # cells, that stretch is measured between
_STRETCHED = np.log(2.0), np.log(3.0)  # of an area, either way: from where on, and where it is likeliest
_LIKELIEST = 0.25  # a frame
_FEWEST_CELLS = 8  # across and down, of a canvas whose stretch is asked about
_SMALLEST_AREA = 0.05  # of a stiff cell's in the field; less is a fold


@lru_cache(maxsize=8)
def still(height: int, width: int) -> Array:
    """Where the cells of a frame lie in a field that begins at its corner: (H/4, W/4, 2) px, cells' centres.

    Args:
        height: of the frame, px; a part of a cell counts as one.
        width: likewise.

    Returns:
        Not to be written to: it is kept, for it is asked for several times a frame.
    """
    rows, columns = (np.arange(-(-side // CELL), dtype=np.float32) for side in (height, width))
    y, x = np.meshgrid((rows + 0.5) * CELL, (columns + 0.5) * CELL, indexing="ij")
    cells = np.stack([x, y], axis=-1)
    cells.flags.writeable = False
    return cells


@lru_cache(maxsize=8)
def _numbered(height: int, width: int) -> tuple[Array, Array]:
    """The row and the column of each of so many cells; not to be written to."""
    rows, columns = np.mgrid[:height, :width].astype(np.float32)
    return rows, columns


@dataclass(frozen=True)
class Sheet:
    """A stiff sheet, turned as most of a canvas is."""

    cells: Array  # (h, w, 2) px, where its cells would lie
    steps: Array  # (2, 2) px, from a cell to the next one: across, and down

    @classmethod
    def of(cls, places: Array) -> Sheet:
        """That of a canvas's places, (h, w, 2)."""
        height, width = places.shape[:2]
        cells, turn = still(height * CELL, width * CELL), _turn(places)
        if abs(turn) < _LEVEL:
            return cls(cells, np.eye(2, dtype=np.float32) * np.float32(CELL))
        cos, sin = np.cos(turn), np.sin(turn)
        axes = np.array([[cos, sin], [-sin, cos]], np.float32)
        return cls(cells @ axes, axes * np.float32(CELL))

    def fetched(self, places: Array, back: Array) -> tuple[Array, Cells]:
        """Each cell's place, from where it was in the frame before; and whether that was within the frame.

        The rest of the way, up to half a cell, is gone on the sheet of the nearest cell, as that is stretched
        and turned there: by px of the frame strokes would slide over a scene that was zoomed into.

        Args:
            places: (h, w, 2), those of the frame before.
            back: (h, w, 2) px of the frame.
        """
        height, width = places.shape[:2]
        rows, columns = _numbered(height, width)
        x, y = columns + back[..., 0] / CELL, rows + back[..., 1] / CELL  # in cells
        nearest_x, nearest_y = np.rint(x), np.rint(y)
        from_x, from_y = np.clip(nearest_x, 0, width - 1), np.clip(nearest_y, 0, height - 1)
        inside = (from_x == nearest_x) & (from_y == nearest_y)
        rest_x, rest_y = x - nearest_x, y - nearest_y
        steps_x, steps_y = self._steps(places)
        fetched = _complex(_from(places, from_x, from_y))
        fetched += _complex(_from(steps_x, from_x + (rest_x > 0), from_y)) * rest_x
        fetched += _complex(_from(steps_y, from_x, from_y + (rest_y > 0))) * rest_y
        return _pairs(fetched), inside

    def _steps(self, places: Array) -> tuple[Array, Array]:
        """The ways from cell to cell, across and down, px: at edges, the frame's too, the stiff one."""
        height, width = places.shape[:2]
        stiff_x, stiff_y = _complex(self.steps)
        z = _complex(places)
        across = np.full((height, width + 1), stiff_x)
        down = np.full((height + 1, width), stiff_y)
        np.subtract(z[:, 1:], z[:, :-1], out=across[:, 1:-1])
        np.subtract(z[1:], z[:-1], out=down[1:-1])
        for steps, stiff in ((across, stiff_x), (down, stiff_y)):
            other = steps - stiff
            at_edge = other.real**2 + other.imag**2 > _SAME_STEP**2
            if at_edge.any():
                steps[at_edge] = stiff
        return _pairs(across), _pairs(down)

    def continued(self, places: Array, anew: Cells) -> Array:
        """Fill in some of the cells, not all: where the sheet of the nearest other cell goes on."""
        mask, maze = anew.astype(np.uint8), cv2.DIST_LABEL_PIXEL
        _, labels = cv2.distanceTransformWithLabels(mask, cv2.DIST_L2, 5, labelType=maze)
        index_of_label = np.zeros(labels.max() + 1, np.intp)
        kept = np.flatnonzero(~anew)
        index_of_label[labels.ravel()[kept]] = kept
        gone = np.flatnonzero(anew)
        nearest = index_of_label[labels.ravel()[gone]]
        cells = self.cells.reshape(-1, 2)
        filled = places.reshape(-1, 2).copy()
        filled[gone] = filled.take(nearest, axis=0) + cells.take(gone, axis=0) - cells.take(nearest, axis=0)
        return filled.reshape(places.shape)

    def in_small_patches(self, places: Array) -> Cells:
        """(h, w): whether a cell finds too few others of its sheet around it."""
        across, down = _components(places - self.cells)
        found = np.zeros(across.shape, np.uint8)
        directions = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
        for distance in _AROUND:
            tolerance = _SAME_SHEET * distance**0.5  # sheets stretch: differences add up along the way
            bordered = [_bordered(component, distance) for component in (across, down)]
            for y, x in directions:
                there = [_shifted(b, distance, y * distance, x * distance) for b in bordered]
                found += cv2.magnitude(there[0] - across, there[1] - down) < tolerance
        return np.asarray(found < _FEWEST * len(_AROUND) * len(directions))

    def relaxed(self, places: Array, back: Array) -> Array:
        """Places drawn towards those of neighbours on the same sheet that move alike: errors even out.

        Args:
            places: (h, w, 2).
            back: (h, w, 2), the flow; at an edge between two things it differs, and nothing is drawn over it.
        """
        offsets, flow = (np.stack(_components(each)) for each in (places - self.cells, back))
        pull = np.zeros_like(offsets)
        for axis in (2, 1):
            drawn = _drawn(np.diff(offsets, axis=axis), np.diff(flow, axis=axis))
            pulls, theirs = (np.moveaxis(each, axis, 0) for each in (pull, drawn))
            pulls[:-1] += theirs
            pulls[1:] -= theirs  # a neighbour is drawn the other way
        return places + np.float32(_PULL) * pull.transpose(1, 2, 0)

    def unstretched(self, places: Array, rng: np.random.Generator) -> tuple[Array, Cells]:
        """Blocks that are stretched or shrunk too far drawn anew, and which cells these are.

        A block becomes stiff around its middle, so that what lies there stays, and the farther from it the
        more is new. What lies on another sheet than most of a block is left to other blocks.
        """
        anew = np.zeros(places.shape[:2], np.bool_)
        if min(anew.shape) < _FEWEST_CELLS:
            return places, anew
        side = _BLOCK // _EVERY
        starts = rng.integers(side, size=2).tolist()  # blocks begin so far outside of the frame
        first, last = _STRETCHED
        stretch = _stretch(places)
        if np.count_nonzero(np.abs(stretch) > first) < side * side // 4:  # of the smallest block, at a corner
            return places, anew
        likely = np.clip((_of_blocks(stretch, side, starts) - first) / (last - first), 0, 1) * _LIKELIEST
        stiff = places.copy()
        for row, column in np.argwhere(rng.random(likely.shape) < likely):
            y, x = row * _BLOCK - starts[0] * _EVERY, column * _BLOCK - starts[1] * _EVERY
            block = slice(max(0, y), y + _BLOCK), slice(max(0, x), x + _BLOCK)
            offsets = places[block] - self.cells[block]
            middle = np.median(offsets.reshape(-1, 2), axis=0)
            anew[block] = cv2.magnitude(*_components(offsets - middle)) < _BLOCK * CELL / 2
            stiff[block][anew[block]] = (self.cells[block] + middle)[anew[block]]
        return stiff, anew


def _turn(places: Array) -> float:
    """By how far most of the cells' sheets are turned, radians."""
    if min(places.shape[:2]) < 2:
        return 0.0
    some = places[::8], places[:, ::8]  # enough for a median
    steps = [np.diff(part, axis=axis).reshape(-1, 2) for part, axis in zip(some, (1, 0), strict=True)]
    across, down = (np.median(step, axis=0) for step in steps)
    return float(np.arctan2(across[1] - down[0], across[0] + down[1]))


def _stretch(places: Array) -> Array:
    """Logarithm of how many times larger areas are than on a stiff sheet, for each four by four cells."""
    corners = places[::_EVERY, ::_EVERY]
    across, down = np.diff(corners, axis=1), np.diff(corners, axis=0)
    across, down = across[:-1], down[:, :-1]
    area = across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]
    return np.asarray(-np.log(np.maximum(area / (_EVERY * CELL) ** 2, _SMALLEST_AREA)), np.float32)


def _of_blocks(plane: Array, side: int, before: Sequence[int]) -> Array:
    """By how much all of each block of so many a side is above 0, or below it; else 0.

    Where a flow is wild, and sheets fray, a block is stretched here and shrunk there.

    Args:
        plane: (h, w).
        side: of a block.
        before: so far outside of the plane the first blocks begin, down and across.
    """
    after = (-(length + start) % side for length, start in zip(plane.shape, before, strict=True))
    whole = np.pad(plane, list(zip(before, after, strict=True)), mode="edge")
    rows, columns = (length // side for length in whole.shape)
    blocks = whole.reshape(rows, side, columns, side)
    return np.asarray(np.maximum(np.maximum(blocks.min((1, 3)), -blocks.max((1, 3))), 0), np.float32)


def _complex(pairs: Array) -> NDArray[np.complex64]:
    """(..., 2) -> (...): with one number a cell NumPy is several times as fast."""
    return np.ascontiguousarray(pairs).view(np.complex64)[..., 0]


def _pairs(numbers: NDArray[np.complex64]) -> Array:
    """What `_complex` was given."""
    return numbers.view(np.float32).reshape(*numbers.shape, 2)


def _from(plane: Array, x: Array, y: Array) -> Array:
    """The values at places, whole numbers."""
    return np.asarray(cv2.remap(plane, x, y, cv2.INTER_NEAREST), np.float32)


def _drawn(ways: Array, other_flow: Array) -> Array:
    """How far a cell is drawn towards its neighbour, (2, h, w) px.

    Args:
        ways: (2, h, w) px, from it to the neighbour.
        other_flow: (2, h, w) px, by how much the neighbour moves otherwise.
    """
    return ways * np.exp(-_squared(ways) / _SAME_SHEET**2 - _squared(other_flow) / _SAME_MOTION**2)


def _components(vectors: Array) -> Sequence[Array]:
    """(h, w, 2) -> two of (h, w)."""
    return cast(Sequence[Array], cv2.split(vectors))


def _squared(components: Array) -> Array:
    """(2, h, w) -> (h, w): the squared length of vectors."""
    return np.asarray(components[0] * components[0] + components[1] * components[1])


def _bordered(cells: Array, width: int) -> Array:
    """Cells with their outermost ones repeated around them."""
    return cast(Array, cv2.copyMakeBorder(cells, width, width, width, width, cv2.BORDER_REPLICATE))


def _shifted(bordered: Array, border: int, down: int, across: int) -> Array:
    """For each cell within the border, the one that far away."""
    height, width = (side - 2 * border for side in bordered.shape)
    y, x = border + down, border + across
    return bordered[y : y + height, x : x + width]
