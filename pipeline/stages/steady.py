"""The stabiliser as a stage, after any painter."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.steadying.stabilizer import Stabilizer
from stylize_video.pictures.arrays import is_bytes, to_bytes, to_host, to_unit
from stylize_video.pipeline.frames import FrameBatch

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures


class Stabilize:
    """Steadies painted frames; what it knows of the past is dropped at each cut.

    It computes on the CPU, wherever the painter does, and what it gives stays there: OpenCV has all it takes.

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
        paintings = _bytes(batch.pixels) if _is_half(batch.pixels) else to_host(batch.pixels)
        pairs = zip(_bytes(batch.originals), paintings, strict=True)
        steadied = [self._stabilizer.steady(original, painting) for original, painting in pairs]
        return batch.with_pixels(np.stack(steadied) if len(steadied) > 1 else steadied[0][None])


def _is_half(images: Pictures) -> bool:
    """Whether they have no more than eleven bits: a GPU's of a film of eight."""
    return not is_bytes(images) and images.dtype.itemsize == 2


def _bytes(images: Pictures) -> NDArray[Any]:
    """(N, H, W, 3) of either kind, anywhere -> uint8 on the CPU; rounded where they lie."""
    return to_host(images if is_bytes(images) else to_bytes(to_unit(images)))
