"""A little of the canvas below a frame, of which whitening makes strokes where the frame is flat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.canvas import CELL, CHANNELS_PER_OCTAVE, OCTAVES, Canvas, Field
from stylize_video.pictures import arrays

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

# Standard deviation of each octave, of 255 levels; waves of 11, 22, 44 and 88 px.
_LEVELS = (7, 7, 7, 7)
assert len(_LEVELS) == OCTAVES


class Grain:
    """Grey noise of a few levels, taken from a field.

    Args:
        seed: of the field.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @cached_property
    def _field(self) -> Field:
        return Field.draw(self._seed)

    def below(self, pictures: Pictures, canvases: Sequence[Canvas]) -> Pictures:
        """Pictures with their grain, in float; it may go beyond 0..1, so that black and white have it too.

        Args:
            pictures: (N, H, W, 3) RGB, uint8 in 0..255 or floating in 0..1.
            canvases: N, of pictures of this size.
        """
        height, width = pictures.shape[1:3]
        grain = np.stack([self._of(canvas)[:height, :width] for canvas in canvases])[..., None]
        grained: Pictures = arrays.to_unit(pictures) + arrays.to_place(grain, pictures)
        return grained

    def _of(self, canvas: Canvas) -> NDArray[np.float32]:
        """(H, W) of 1, in whole cells. No octave is so fine that cells could not tell it."""
        octaves = self._field.at(canvas.places)[::CHANNELS_PER_OCTAVE]
        cells = np.tensordot(np.array(_LEVELS, np.float32) / 255, octaves, 1)
        wide = cv2.resize(cells, None, fx=CELL, fy=CELL, interpolation=cv2.INTER_CUBIC)
        return np.asarray(wide, np.float32)
