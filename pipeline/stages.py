"""What stands between reader and encoder: stages, each a generator from batches to batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.models.sections import to_unit
from stylize_video.pipeline.frames import FrameBatch


class Stage(Protocol):
    """A painter or a filter.

    It may hold batches back, keep state between them and yield other batch sizes; it yields every
    frame once and in order. Times travel inside the batch, so delaying cannot misplace them.
    """

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        """Turn batches of frames into batches of painted frames."""
        ...


class Paints(Protocol):
    """What a painter needs of `models.engine.Engine`."""

    def paint(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) RGB, uint8 or float in 0..1 -> the same size and kind, painted."""
        ...


class NetworkPainter:
    """Paints each frame by itself with a feed-forward network.

    Args:
        engine: what runs it.
        stroke_size: a network's strokes have their size in px, whatever the frame's; another size is
            had by painting a smaller or larger frame.
    """

    def __init__(self, engine: Paints, *, stroke_size: float = 1.0) -> None:
        self._engine = engine
        self._stroke_size = stroke_size

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        """Paint batch by batch."""
        for batch in batches:
            with torch.inference_mode():
                pixels = self._paint(batch.pixels)
            yield batch.with_pixels(pixels)

    def _paint(self, pixels: Tensor) -> Tensor:
        """(N, 3, H, W) -> the same size; of the same kind, or float where strokes are scaled."""
        if self._stroke_size == 1:
            return self._engine.paint(pixels)
        size = pixels.shape[-2:]
        canvas = [max(1, round(side / self._stroke_size)) for side in size]
        return _resize(self._engine.paint(_resize(to_unit(pixels), canvas)), size)


def _resize(pixels: Tensor, size: Sequence[int]) -> Tensor:
    if pixels.device.type == "mps":  # which lacks this resampling in some versions of torch
        return _resize(pixels.cpu(), size).to(pixels.device)
    resized = F.interpolate(pixels, list(size), mode="bicubic", antialias=True)
    return resized.clamp(0, 1)  # cubic kernels overshoot


class Unchanged:
    """Paints nothing: the frames pass as they are. For measuring everything but the painter."""

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        """Pass the batches on."""
        return batches
