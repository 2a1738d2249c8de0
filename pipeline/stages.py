"""What stands between reader and encoder: stages, each a generator from batches to batches."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor, nn

from stylize_video.pipeline.frames import FrameBatch


class Stage(Protocol):
    """A painter or a filter.

    It may hold batches back, keep state between them and yield other batch sizes; it yields every
    frame once and in order. Times travel inside the batch, so delaying cannot misplace them.
    """

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        """Turn batches of frames into batches of painted frames."""
        ...


class NetworkPainter:
    """Paints each frame by itself with a feed-forward network."""

    def __init__(self, network: nn.Module, style: Tensor, *, device: torch.device) -> None:
        """`style` holds a weight for each of the network's styles, (S,), summing to one."""
        self._network = network.to(device).to(memory_format=torch.channels_last).eval()
        self._style = style.to(device).unsqueeze(0)

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        """Paint batch by batch."""
        for batch in batches:
            with torch.inference_mode():
                pixels = self._network(batch.pixels, self._style)
            yield batch.with_pixels(pixels)


class Unchanged:
    """Paints nothing: the frames pass as they are. For measuring everything but the painter."""

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        """Pass the batches on."""
        return batches
