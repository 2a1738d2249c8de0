"""A little of the canvas below a frame, of which whitening makes strokes where the frame is flat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.canvas import CELL, CHANNELS_PER_OCTAVE, Canvas, Field
from stylize_video.pictures import arrays

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

# Standard deviation of each octave, waves of 11, 22, 44 and 88 px: a share of that of the picture's luma, for
# whitening divides by what the picture has; but no less than some levels, of 1.
_SHARE, _FEWEST = 0.13, 3 / 255


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
        unit = arrays.to_unit(pictures)
        contrasts = unit.mean(-1).reshape(len(unit), -1).std(1).tolist()
        layers = zip(contrasts, canvases, strict=True)
        grain = np.stack([max(_FEWEST, _SHARE * c) * self._of(canvas) for c, canvas in layers])
        grained: Pictures = unit + arrays.to_place(grain[:, :height, :width, None], pictures)
        return grained

    def _of(self, canvas: Canvas) -> NDArray[np.float32]:
        """(H, W), in whole cells: the sum of all octaves. None is so fine that cells could not tell it."""
        cells = self._field.at(canvas.places)[::CHANNELS_PER_OCTAVE].sum(0)
        wide = cv2.resize(cells, None, fx=CELL, fy=CELL, interpolation=cv2.INTER_CUBIC)
        return np.asarray(wide, np.float32)
