"""The canvas: a seeded field of noise that belongs to the scene, and gives strokes something to hang on.

A painter that sees the film alone has nothing to place its strokes by where the film shows nothing, a sky or
a wall, but sensor noise; trained to be steady, it leaves such places bare. So it is given a second input, as
Ulyanov et al. 2016 ("Texture Networks", section 4.1) feed their generator: noise in several octaves. It moves
with the things, not with the screen.

The field is a continuous one, periodic in the plane (canvas_noise.py). What is carried through a film is
where in the field each pixel lies, never the noise itself, which would blur. Needs no torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models import canvas_noise, canvas_sheets
from stylize_video.models.canvas_cells import CELL as CELL
from stylize_video.models.canvas_cells import CHANNELS as CHANNELS
from stylize_video.models.canvas_cells import CHANNELS_PER_OCTAVE as CHANNELS_PER_OCTAVE
from stylize_video.models.canvas_cells import OCTAVES as OCTAVES
from stylize_video.models.canvas_sheets import still as still

Array = NDArray[np.float32]

PERIOD = 2048  # px after which the field repeats, across and down

_FINEST_TEXEL = 2  # px; of each further octave twice as large
_SIDES = tuple(PERIOD // (_FINEST_TEXEL << octave) for octave in range(OCTAVES))  # texels

_TRUSTED = 0.3  # trust of a flow; below it, what it shows is drawn anew


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


def _look_up(octave: Array, within: Array) -> Array:
    """An octave at places of 0 to `PERIOD`."""
    texels = within * np.float32(len(octave) / PERIOD) - np.float32(0.5)
    found = cv2.remap(octave, texels, cast(Any, None), cv2.INTER_CUBIC, borderMode=cv2.BORDER_WRAP)
    return cast(Array, found)


class Since(NamedTuple):
    """For each cell of a frame, how what it shows has moved since the frame before."""

    back: Array  # (h, w, 2), the way to where it was, px of the frame
    trust: Array  # (h, w) in 0..1, how far that is the same piece of the scene


@dataclass(frozen=True)
class Canvas:
    """Where in the field each cell of a frame lies. The state of a shot: plain arrays."""

    places: Array  # (h, w, 2) px of the field, x and y
    seed: int  # of the places where what is uncovered begins anew
    frame: int = 0  # since the shot's first one
    noise: Array | None = None  # (CHANNELS, h, w), the field there, where somebody has looked it up already
    since: Since | None = None  # None: nothing is known of a frame before

    @classmethod
    def of(cls, height: int, width: int, *, seed: int) -> Canvas:
        """A shot's first frame.

        Args:
            height, width: of the frame, px.
            seed: of the shot's place in the field.
        """
        return cls(still(height, width) + _corner(seed, 0), seed)

    def carried(self, back: Array, trust: Array) -> tuple[Canvas, float]:
        """The next frame's canvas, and the share of it that was drawn anew.

        What is carried is the nearest cell's place plus the rest of the way on that cell's own sheet, so that
        at an edge between two things no place is a mean of both, and a pan of any fraction of a pixel is
        exact. Drawn anew is what can't be trusted, came from outside the frame, or lies in a patch that has
        become too small for strokes: there the sheet of the nearest cell that was kept goes on, so that no
        seam shows where a camera pans. What has been stretched or shrunk too far is drawn anew around the
        middle of a block, which stays where it is.

        Args:
            back: (h, w, 2), for each cell the way to where it was in the frame before, px of the frame.
            trust: (h, w) in 0..1, how far that is the same piece of the scene.
        """
        sheet = canvas_sheets.Sheet.of(self.places)
        fetched, inside = sheet.fetched(self.places, back)
        anew = ~inside | (trust < _TRUSTED)
        places = self._continued(sheet, fetched, anew)
        frayed = sheet.in_small_patches(places)
        places = sheet.relaxed(self._continued(sheet, places, frayed), back)
        rng = np.random.default_rng([self.seed, self.frame + 1])
        places, stretched = sheet.unstretched(places, rng)
        carried = Canvas(places, self.seed, self.frame + 1, since=Since(back, trust))
        return carried, float((anew | frayed | stretched).mean())

    def _continued(self, sheet: canvas_sheets.Sheet, places: Array, anew: NDArray[np.bool_]) -> Array:
        """Fill in cells: where the sheet of the nearest other cell goes on."""
        if anew.all():
            height, width = anew.shape
            return still(height * CELL, width * CELL) + _corner(self.seed, self.frame + 1)
        return sheet.continued(places, anew) if anew.any() else places


def _corner(seed: int, frame: int) -> Array:
    """Where in the field a sheet begins, (2,) px."""
    return np.random.default_rng([seed, frame]).uniform(0, PERIOD, 2).astype(np.float32)
