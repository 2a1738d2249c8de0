"""The stabiliser as a stage, after any painter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylize_video.models.runtimes.sections import to_kind
from stylize_video.models.steadying.stabilizer import Stabilizer
from stylize_video.pipeline.frames import FrameBatch


class Stabilize:
    """Steadies painted frames; what it knows of the past is dropped at each cut.

    It computes on the CPU, wherever the painter does: OpenCV has all it takes.

    Args:
        stabilizer: of one film; its state is this stage's.
        threads: how many OpenCV may use, in the whole process while this runs. Painting needs most of the
            cores, and threads that wait for each other take time from it.
    """

    def __init__(self, stabilizer: Stabilizer, *, threads: int) -> None:
        self._stabilizer = stabilizer
        self._threads = threads

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        """Steady batch by batch.

        Raises:
            ValueError: a batch whose originals are unknown, as no stage painted it.
        """
        before = cv2.getNumThreads()
        cv2.setNumThreads(self._threads)
        try:
            for batch in batches:
                yield self._steady(batch)
        finally:
            cv2.setNumThreads(before)

    def _steady(self, batch: FrameBatch) -> FrameBatch:
        if batch.originals is None:
            raise ValueError("only painted batches can be stabilised")
        if batch.frames[0].cut:
            self._stabilizer.forget()
        pairs = zip(_bytes(batch.originals), _rows(batch.pixels), strict=True)
        steadied = [self._stabilizer.steady(original, painting) for original, painting in pairs]
        return batch.with_pixels(_tensor(steadied, batch.pixels))


def _bytes(images: Tensor) -> NDArray[np.uint8]:
    """(N, 3, H, W) of either kind -> (N, H, W, 3) uint8."""
    return _rows(images if images.dtype == torch.uint8 else to_kind(images, torch.uint8))


def _rows(images: Tensor) -> NDArray[Any]:
    """(N, 3, H, W) -> (N, H, W, 3) on the CPU, uint8 or float32."""
    wide = images if images.dtype == torch.uint8 else images.float()
    return wide.permute(0, 2, 3, 1).contiguous().cpu().numpy()


def _tensor(pictures: list[NDArray[Any]], like: Tensor) -> Tensor:
    """Pictures (H, W, 3) -> (N, 3, H, W), as they were."""
    stacked = np.stack(pictures) if len(pictures) > 1 else pictures[0][None]
    return torch.from_numpy(stacked).to(like.device, like.dtype).permute(0, 3, 1, 2)
