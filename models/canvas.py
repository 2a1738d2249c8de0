"""The canvas: a seeded field of noise that belongs to the scene, and gives strokes something to hang on.

A painter that sees the film alone has nothing to place its strokes by where the film shows nothing, a sky or
a wall, but sensor noise; trained to be steady, it leaves such places bare. So it is given a second input, as
Ulyanov et al. 2016 ("Texture Networks", section 4.1) feed their generator: noise in several octaves. It moves
with the things, not with the screen.

The field is a continuous one, periodic in the plane: each octave is Gaussian noise made in the Fourier domain
in a band that its texels hold with room to spare, so that it can be looked up between them without losing
contrast. What is carried through a film is where in the field each pixel lies, never the noise itself, which
would blur. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]

CELL = 4  # px of the frame, the side of a cell of the canvas: the network's working resolution
OCTAVES = 4
CHANNELS_PER_OCTAVE = 2
CHANNELS = OCTAVES * CHANNELS_PER_OCTAVE
PERIOD = 2048  # px after which the field repeats, across and down

_FINEST_TEXEL = 2  # px; of each further octave twice as large
_WAVELENGTH = 5.5  # texels, at the middle of an octave's band
_SHORTEST = 4.25  # texels: nothing beyond, which cells of 4 px could not tell from longer waves
_BANDWIDTH = 0.4  # octaves, standard deviation of the band around its middle

_TRUSTED = 0.3  # trust of a flow; below it, what it shows is drawn anew
_MOST_STRETCHED = np.log(2.0)  # of an area, either way; more, and strokes would change their size
_SMALLEST_AREA = 0.05  # to which a flow may shrink an area; less is a fold of the flow


@dataclass(frozen=True)
class Field:
    """The whole field: for each octave (T, T, CHANNELS_PER_OCTAVE), of mean 0 and standard deviation 1."""

    octaves: tuple[Array, ...]

    @classmethod
    def draw(cls, seed: int) -> Field:
        """The field of a seed, the same on every machine but for rounding."""
        rng = np.random.default_rng(seed)
        sides = (PERIOD // (_FINEST_TEXEL << octave) for octave in range(OCTAVES))
        return cls(tuple(_band(side, rng) for side in sides))

    def at(self, places: Array) -> Array:
        """Look the field up.

        Args:
            places: (H, W, 2), x and y in px of the field, any numbers.

        Returns:
            (CHANNELS, H, W) float32.
        """
        found = [_look_up(octave, places) for octave in self.octaves]
        return np.ascontiguousarray(np.concatenate(found, axis=2).transpose(2, 0, 1))


def still(height: int, width: int) -> Array:
    """Where the cells of a frame lie in a field that begins at its corner: (H/4, W/4, 2) px, cells' centres.

    Args:
        height: of the frame, px; a part of a cell counts as one.
        width: likewise.
    """
    rows, columns = (np.arange(-(-side // CELL), dtype=np.float32) for side in (height, width))
    y, x = np.meshgrid((rows + 0.5) * CELL, (columns + 0.5) * CELL, indexing="ij")
    return np.stack([x, y], axis=-1)


def _band(side: int, rng: np.random.Generator) -> Array:
    """Noise of an octave, (side, side, CHANNELS_PER_OCTAVE)."""
    across, down = np.fft.rfftfreq(side), np.fft.fftfreq(side)
    frequency = np.hypot(down[:, None], across[None])
    frequency[0, 0] = np.inf  # no mean
    from_middle = np.log2(frequency * _WAVELENGTH)
    gain = np.exp(-0.5 * (from_middle / _BANDWIDTH) ** 2) * (frequency < 1 / _SHORTEST)
    white = rng.standard_normal((CHANNELS_PER_OCTAVE, side, side))
    noise = np.fft.irfft2(np.fft.rfft2(white) * gain, s=(side, side))
    noise /= noise.std(axis=(1, 2), keepdims=True)
    return np.ascontiguousarray(noise.transpose(1, 2, 0), np.float32)


def _look_up(octave: Array, places: Array) -> Array:
    side = len(octave)
    texels = np.remainder(places * (side / PERIOD) - 0.5, side).astype(np.float32)
    found = cv2.remap(octave, texels, cast(Any, None), cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    return cast(Array, found)


@dataclass(frozen=True)
class Canvas:
    """Where in the field each cell of a frame lies. The state of a shot: plain arrays."""

    places: Array  # (h, w, 2) px of the field, x and y
    stretch: Array  # (h, w), logarithm of how many times its area has grown since it was drawn
    seed: int  # of the places where what is uncovered begins anew
    frame: int = 0  # since the shot's first one

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
        can't be trusted, came from outside the frame, or has been stretched or shrunk too far: there the
        sheet of the nearest cell that was kept goes on, so that no seam shows where a camera pans.

        Args:
            back: (h, w, 2), for each cell the way to where it was in the frame before, px of the frame.
            trust: (h, w) in 0..1, how far that is the same piece of the scene.
        """
        height, width = self.places.shape[:2]
        rows, columns = np.mgrid[:height, :width].astype(np.float32)
        x, y = columns + back[..., 0] / CELL, rows + back[..., 1] / CELL  # in cells
        nearest_x, nearest_y = np.rint(x), np.rint(y)
        inside = (nearest_x >= 0) & (nearest_x < width) & (nearest_y >= 0) & (nearest_y < height)
        from_x = np.clip(nearest_x, 0, width - 1).astype(np.intp)
        from_y = np.clip(nearest_y, 0, height - 1).astype(np.intp)
        rest = np.stack([x - nearest_x, y - nearest_y], axis=-1) * np.float32(CELL)
        stretch = self.stretch[from_y, from_x] + _growth(back)
        anew = ~inside | (trust < _TRUSTED) | (np.abs(stretch) > _MOST_STRETCHED)
        places = self.places[from_y, from_x] + rest
        places = self._continued(places, anew) if anew.any() else places
        carried = Canvas(places, np.where(anew, np.float32(0), stretch), self.seed, self.frame + 1)
        return carried, float(anew.mean())

    def _continued(self, places: Array, anew: NDArray[np.bool_]) -> Array:
        """Fill in cells: where the sheet of the nearest other cell goes on."""
        height, width = anew.shape
        if anew.all():
            return still(height * CELL, width * CELL) + _corner(self.seed, self.frame + 1)
        mask, maze = anew.astype(np.uint8), cv2.DIST_LABEL_PIXEL
        _, labels = cv2.distanceTransformWithLabels(mask, cv2.DIST_L2, 5, labelType=maze)
        index_of_label = np.zeros(labels.max() + 1, np.intp)
        kept = np.flatnonzero(~anew)
        index_of_label[labels.ravel()[kept]] = kept
        nearest = index_of_label[labels.ravel()[np.flatnonzero(anew)]]
        cells = still(height * CELL, width * CELL).reshape(-1, 2)
        filled = places.reshape(-1, 2).copy()
        filled[anew.ravel()] = filled[nearest] + cells[anew.ravel()] - cells[nearest]
        return filled.reshape(height, width, 2)


def _corner(seed: int, frame: int) -> Array:
    """Where in the field a sheet begins, (2,) px."""
    return np.random.default_rng([seed, frame]).uniform(0, PERIOD, 2).astype(np.float32)


def _growth(back: Array) -> Array:
    """How far areas grow from the frame before to this one, a logarithm: that of the flow's Jacobian."""
    across, down = np.gradient(back, CELL, axis=1), np.gradient(back, CELL, axis=0)
    shrinks = (1 + across[..., 0]) * (1 + down[..., 1]) - across[..., 1] * down[..., 0]
    return np.asarray(-np.log(np.maximum(shrinks, _SMALLEST_AREA)), np.float32)
