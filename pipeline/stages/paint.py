"""What painting frame by frame takes: parts of one style, fades, strokes of another size."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from stylize_video.pictures import arrays
from stylize_video.pictures.arrays import mixed, to_kind, to_unit
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import Stage

if TYPE_CHECKING:
    from torch import Tensor

    from stylize_video.pictures.arrays import Pictures

# Standard deviation of a frame, of 1: at the one it is left as it is, from the other on it is painted. A
# dim scene has 0.03, grain on black 0.004.
_NO_CONTRAST, _ENOUGH_CONTRAST = 1 / 255, 4 / 255


def by_style(
    batch: FrameBatch, style_at: Callable[[Fraction], Any] | None, usual: Any
) -> Iterator[tuple[slice, Any]]:
    """Parts of a batch of one style each, and that style: `usual`, unless `style_at` gives others."""
    if style_at is None:
        yield slice(None), usual
        return
    first = 0
    for _, alike in groupby([style_at(frame.time) for frame in batch.frames], key=id):
        style, *others = alike
        yield slice(first, first + 1 + len(others)), style
        first += 1 + len(others)


def faded(painted: Pictures, original: Pictures) -> Pictures:
    """The painting, but the original as far as that has no contrast; in place."""
    for number, share in enumerate(painted_shares(original)):
        if share < 1:
            flat, full = (to_unit(images[number]) for images in (original, painted))
            painted[number] = to_kind(mixed(flat, full, share), painted)
    return painted


def painted_shares(images: Pictures) -> list[float]:
    """How far each of (N, H, W, 3) pictures is to be painted, 0..1: not at all without any contrast."""
    shares = ((c - _NO_CONTRAST) / (_ENOUGH_CONTRAST - _NO_CONTRAST) for c in _contrasts(images))
    return [min(1.0, max(0.0, share)) for share in shares]


def _contrasts(images: Pictures) -> list[float]:
    """The standard deviation of each picture in 0..1, in its liveliest channel."""
    if isinstance(images, np.ndarray):
        peak = 255 if arrays.is_bytes(images) else 1
        return [float(cv2.meanStdDev(picture)[1].max()) / peak for picture in images]
    found: list[float] = to_unit(images).flatten(1, 2).std(1, correction=0).amax(1).tolist()
    return found


def resized(pixels: Pictures, size: Sequence[int]) -> Pictures:
    """(N, H, W, 3) in 0..1 -> of that height and width: cubic, averaged where it shrinks."""
    if not isinstance(pixels, np.ndarray):
        return _resized_tensor(pixels, size)
    import torch

    return arrays.to_host(_resized_tensor(torch.from_numpy(pixels), size))


def _resized_tensor(pixels: Tensor, size: Sequence[int]) -> Tensor:
    from torch.nn import functional as F

    if pixels.device.type == "mps":  # which lacks this resampling in some versions of torch
        return _resized_tensor(pixels.cpu(), size).to(pixels.device)
    planes = pixels.float().permute(0, 3, 1, 2)
    wide = F.interpolate(planes, list(size), mode="bicubic", antialias=True)
    return wide.clamp(0, 1).permute(0, 2, 3, 1)  # cubic kernels overshoot


class Unchanged(Stage[None, FrameBatch]):
    """Paints nothing: the frames pass as they are. For measuring everything but the painter."""

    def start(self, signal: Signal) -> None:
        """There is nothing to know."""

    def step(self, state: None, batch: FrameBatch, /) -> tuple[FrameBatch]:  # noqa: ARG002
        """Pass a batch on."""
        return (batch,)
