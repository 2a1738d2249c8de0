"""The canvas: a seeded field of noise that belongs to the scene, and gives strokes something to hang on.

A painter that sees the film alone has nothing to place its strokes by where the film shows nothing, a sky or
a wall, but sensor noise; trained to be steady, it leaves such places bare. So it is given a second input, as
Ulyanov et al. 2016 ("Texture Networks", section 4.1) feed their generator: noise in several octaves. It moves
with the things, not with the screen.

The field is a continuous one, periodic in the plane (canvas_noise.py). What is carried through a film is
where in the field each pixel lies, never the noise itself, which would blur. Needs no torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models import canvas_noise
from stylize_video.models.canvas_cells import CELL as CELL
from stylize_video.models.canvas_cells import CHANNELS as CHANNELS
from stylize_video.models.canvas_cells import CHANNELS_PER_OCTAVE as CHANNELS_PER_OCTAVE
from stylize_video.models.canvas_cells import OCTAVES as OCTAVES

Array = NDArray[np.float32]

PERIOD = 2048  # px after which the field repeats, across and down

_FINEST_TEXEL = 2  # px; of each further octave twice as large
_SIDES = tuple(PERIOD // (_FINEST_TEXEL << octave) for octave in range(OCTAVES))  # texels

_TRUSTED = 0.3  # trust of a flow; below it, what it shows is drawn anew
_MOST_STRETCHED = np.log(2.0)  # of an area, either way; more, and strokes would change their size
_SMALLEST_AREA = 0.05  # to which a flow may shrink an area; less is a fold of the flow

# Errors of the flow add up over a film: what began as one sheet of the field frays into small patches, and
# strokes as large as the coarser octaves find no room in them.
_SAME_SHEET = 6.0  # px; neighbours whose places differ by less from a stiff sheet's lie on the same one
_SAME_MOTION = 0.5  # px a frame; neighbours whose flow differs by more are two things
_PULL = 0.2  # of each neighbour on a cell of the same sheet, a frame; a quarter would oscillate
_AROUND = (2, 5)  # cells, how far away a cell looks for others of its sheet
_FEWEST = 0.4  # of those it finds; a cell with fewer lies in a patch too small to be kept


@dataclass(frozen=True)
class Field:
    """The whole field: for each octave (T, T, CHANNELS_PER_OCTAVE), of mean 0 and standard deviation 1."""

    octaves: tuple[Array, ...]

    @classmethod
    def draw(cls, seed: int) -> Field:
        """The field of a seed, the same on every machine but for rounding; not to be written to."""
        return cls(canvas_noise.octaves(seed, _SIDES, CHANNELS_PER_OCTAVE))

    def at(self, places: Array) -> Array:
        """Look the field up.

        Args:
            places: (H, W, 2), x and y in px of the field, any numbers.

        Returns:
            (CHANNELS, H, W) float32, a pixel's channels side by side in memory.
        """
        # By hand and once: np.remainder takes longer than the rest.
        within = places - np.floor(places * np.float32(1 / PERIOD)) * np.float32(PERIOD)
        found = [_look_up(octave, within) for octave in self.octaves]
        together = cast(Array, cv2.merge(found))  # NumPy's way to do that takes seven times as long
        return together.transpose(2, 0, 1)


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


def _look_up(octave: Array, within: Array) -> Array:
    """An octave at places of 0 to `PERIOD`."""
    texels = within * np.float32(len(octave) / PERIOD) - np.float32(0.5)
    found = cv2.remap(octave, texels, cast(Any, None), cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    return cast(Array, found)


@dataclass(frozen=True)
class Canvas:
    """Where in the field each cell of a frame lies. The state of a shot: plain arrays."""

    places: Array  # (h, w, 2) px of the field, x and y
    stretch: Array  # (h, w), logarithm of how many times its area has grown since it was drawn
    seed: int  # of the places where what is uncovered begins anew
    frame: int = 0  # since the shot's first one
    noise: Array | None = None  # (CHANNELS, h, w), the field there, where somebody has looked it up already

    @classmethod
    def of(cls, height: int, width: int, *, seed: int) -> Canvas:
        """A shot's first frame.

        Args:
            height, width: of the frame, px.
            seed: of the shot's place in the field.
        """
        places = still(height, width) + _corner(seed, 0)
        return cls(places, np.zeros(places.shape[:2], np.float32), seed)

    def carried(self, back: Array, trust: Array) -> tuple[Canvas, float]:
        """The next frame's canvas, and the share of it that was drawn anew.

        What is carried is the nearest cell's place plus the rest of the way, so that at an edge between two
        things no place is a mean of both, and a pan of any fraction of a pixel is exact. Drawn anew is what
        can't be trusted, came from outside the frame, has been stretched or shrunk too far, or lies in a
        patch that has become too small for strokes: there the sheet of the nearest cell that was kept goes
        on, so that no seam shows where a camera pans.

        Args:
            back: (h, w, 2), for each cell the way to where it was in the frame before, px of the frame.
            trust: (h, w) in 0..1, how far that is the same piece of the scene.
        """
        height, width = self.places.shape[:2]
        rows, columns = _numbered(height, width)
        x, y = columns + back[..., 0] / CELL, rows + back[..., 1] / CELL  # in cells
        nearest_x, nearest_y = np.rint(x), np.rint(y)
        inside = (nearest_x >= 0) & (nearest_x < width) & (nearest_y >= 0) & (nearest_y < height)
        from_x, from_y = np.clip(nearest_x, 0, width - 1), np.clip(nearest_y, 0, height - 1)
        before = from_y.astype(np.intp) * width + from_x.astype(np.intp)
        rest = np.stack([x - nearest_x, y - nearest_y], axis=-1) * np.float32(CELL)
        stretch = self.stretch.take(before) + _growth(back)
        anew = ~inside | (trust < _TRUSTED) | (np.abs(stretch) > _MOST_STRETCHED)
        places = self._continued(self.places.reshape(-1, 2).take(before, axis=0) + rest, anew)
        frayed = _in_small_patches(places)
        places = _relaxed(self._continued(places, frayed), back)
        anew |= frayed
        carried = Canvas(places, np.where(anew, np.float32(0), stretch), self.seed, self.frame + 1)
        return carried, float(anew.mean())

    def _continued(self, places: Array, anew: NDArray[np.bool_]) -> Array:
        """Fill in cells: where the sheet of the nearest other cell goes on."""
        height, width = anew.shape
        if not anew.any():
            return places
        if anew.all():
            return still(height * CELL, width * CELL) + _corner(self.seed, self.frame + 1)
        mask, maze = anew.astype(np.uint8), cv2.DIST_LABEL_PIXEL
        _, labels = cv2.distanceTransformWithLabels(mask, cv2.DIST_L2, 5, labelType=maze)
        index_of_label = np.zeros(labels.max() + 1, np.intp)
        kept = np.flatnonzero(~anew)
        index_of_label[labels.ravel()[kept]] = kept
        gone = np.flatnonzero(anew)
        nearest = index_of_label[labels.ravel()[gone]]
        cells = still(height * CELL, width * CELL).reshape(-1, 2)
        filled = places.reshape(-1, 2).copy()
        filled[gone] = filled.take(nearest, axis=0) + cells.take(gone, axis=0) - cells.take(nearest, axis=0)
        return filled.reshape(height, width, 2)


def _offsets(places: Array) -> Array:
    """How far places are from those of a stiff sheet, px: alike where cells lie on one sheet."""
    height, width = places.shape[:2]
    return places - still(height * CELL, width * CELL)


def _in_small_patches(places: Array) -> NDArray[np.bool_]:
    """(h, w): whether a cell finds too few others of its sheet around it."""
    across, down = np.moveaxis(_offsets(places), -1, 0)
    found = np.zeros(across.shape, np.uint8)
    directions = [(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1) if (y, x) != (0, 0)]
    for distance in _AROUND:
        tolerance = _SAME_SHEET * distance**0.5  # sheets stretch: differences add up along the way
        bordered = [_bordered(component, distance) for component in (across, down)]
        for y, x in directions:
            there = [_shifted(b, distance, y * distance, x * distance) for b in bordered]
            found += cv2.magnitude(there[0] - across, there[1] - down) < tolerance
    return np.asarray(found < _FEWEST * len(_AROUND) * len(directions))


def _relaxed(places: Array, back: Array) -> Array:
    """Places drawn towards those of neighbours on the same sheet that move alike: the flow's errors even out.

    Args:
        places: (h, w, 2).
        back: (h, w, 2), the flow; at an edge between two things it differs, and nothing is drawn over it.
    """
    offsets, flow = (np.stack(_components(each)) for each in (_offsets(places), back))
    pull = np.zeros_like(offsets)
    for axis in (2, 1):
        drawn = _drawn(np.diff(offsets, axis=axis), np.diff(flow, axis=axis))
        pulls, theirs = (np.moveaxis(each, axis, 0) for each in (pull, drawn))
        pulls[:-1] += theirs
        pulls[1:] -= theirs  # a neighbour is drawn the other way
    return places + np.float32(_PULL) * pull.transpose(1, 2, 0)


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


def _corner(seed: int, frame: int) -> Array:
    """Where in the field a sheet begins, (2,) px."""
    return np.random.default_rng([seed, frame]).uniform(0, PERIOD, 2).astype(np.float32)


def _growth(back: Array) -> Array:
    """How far areas grow from the frame before to this one, a logarithm: that of the flow's Jacobian."""
    across, down = np.gradient(back, CELL, axis=1), np.gradient(back, CELL, axis=0)
    shrinks = (1 + across[..., 0]) * (1 + down[..., 1]) - across[..., 1] * down[..., 0]
    return np.asarray(-np.log(np.maximum(shrinks, _SMALLEST_AREA)), np.float32)
