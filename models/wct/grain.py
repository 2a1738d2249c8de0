"""A little of the canvas below a frame, of which whitening makes strokes where the frame is flat."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.canvas import CELL, CHANNELS_PER_OCTAVE, Canvas, Field
from stylize_video.pictures import arrays

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures

# Standard deviation of each octave, waves of 11, 22, 44 and 88 px: a share of that of the picture's luma, for
# whitening divides by what the picture has; but no less than some levels, of 1.
_IN_FLAT_PARTS, _IN_RICH_PARTS, _FEWEST = 0.17, 0.06, 3 / 255
_RICH = 0.5  # deviation of a rich part, as a share of the whole picture's

BLOCK = 16  # px
_STEP = 2  # px, from one that is looked at to the next
_SMOOTH = 1.0  # blocks, standard deviation of a Gaussian


class Contrast(NamedTuple):
    """How much a picture's luma varies: squared deviations, of 0..1."""

    whole: float  # over all of it
    of_blocks: NDArray[np.float32]  # (h, w), within each block and those around it


class Grain:
    """Grey noise of a few levels, taken from a field: more of it where a picture is flat.

    Args:
        seed: of the field.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed

    @cached_property
    def _field(self) -> Field:
        return Field.draw(self._seed)

    def below(
        self, pictures: Pictures, canvases: Sequence[Canvas], contrasts: Sequence[Contrast]
    ) -> Pictures:
        """Pictures with their grain, in float; it may go beyond 0..1, so that black and white have it too.

        Args:
            pictures: (N, H, W, 3) RGB, uint8 in 0..255 or floating in 0..1.
            canvases: N, of pictures of this size.
            contrasts: N, what the grain is as strong as: `contrasts_of` the pictures, or smoothed over time.
        """
        height, width = pictures.shape[1:3]
        layers = zip(canvases, contrasts, strict=True)
        grain = [self._of(canvas)[:height, :width] * _strength(c, height, width) for canvas, c in layers]
        unit = arrays.to_unit(pictures)
        grained: Pictures = unit + arrays.to_place(np.stack(grain)[..., None], unit)
        return grained

    def _of(self, canvas: Canvas) -> NDArray[np.float32]:
        """(H, W), in whole cells: the sum of all octaves. None is so fine that cells could not tell it."""
        cells = self._field.at(canvas.places)[::CHANNELS_PER_OCTAVE].sum(0)
        wide = cv2.resize(cells, None, fx=CELL, fy=CELL, interpolation=cv2.INTER_CUBIC)
        return np.asarray(wide, np.float32)


def contrasts_of(pictures: Pictures) -> list[Contrast]:
    """That of each picture, (N, H, W, 3) RGB, uint8 in 0..255 or floating in 0..1."""
    red, green, blue = (arrays.to_unit(pictures[:, ::_STEP, ::_STEP, channel]) for channel in range(3))
    luma = (red + green + blue) / 3
    side, (n, height, width) = BLOCK // _STEP, luma.shape
    whole = _variance(luma, (1, 2)).tolist()
    bordered = arrays.padded(luma[..., None], -height % side, -width % side)
    blocks = bordered.reshape(n, -(-height // side), side, -(-width // side), side)
    of_blocks = arrays.to_host(_variance(blocks, (2, 4)))
    smooth = (cv2.GaussianBlur(np.maximum(each, 0), (0, 0), _SMOOTH) for each in of_blocks)
    return [
        Contrast(max(0.0, v), np.asarray(each, np.float32)) for v, each in zip(whole, smooth, strict=True)
    ]


def mixed(before: Contrast, now: Contrast, memory: float) -> Contrast:
    """`memory` of the one and the rest of the other."""
    rest = 1 - memory
    blocks = np.float32(memory) * before.of_blocks + np.float32(rest) * now.of_blocks
    return Contrast(memory * before.whole + rest * now.whole, blocks)


def _variance(luma: Any, axes: tuple[int, int]) -> Any:
    """Of arrays and tensors alike, which name the arguments of their own functions differently."""
    return (luma * luma).mean(axes) - luma.mean(axes) ** 2


def _strength(contrast: Contrast, height: int, width: int) -> NDArray[np.float32]:
    """(H, W): the standard deviation of each octave of the grain."""
    deviation = max(contrast.whole**0.5, _FEWEST)
    richness = np.minimum(1, np.sqrt(contrast.of_blocks) / (_RICH * deviation))
    share = _IN_FLAT_PARTS - (_IN_FLAT_PARTS - _IN_RICH_PARTS) * richness
    blocks = np.maximum(_FEWEST, share * deviation).astype(np.float32)
    wide = cv2.resize(blocks, None, fx=BLOCK, fy=BLOCK, interpolation=cv2.INTER_LINEAR)
    return np.asarray(wide[:height, :width], np.float32)
