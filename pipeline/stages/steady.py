"""The stabiliser as a stage, after any painter."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import numpy as np

from stylize_video.models.steadying.stabilizer import Stabilizer, SteadyState
from stylize_video.pictures.arrays import is_bytes, to_host, to_host_bytes
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import Stage
from stylize_video.pipeline.stages import opencv_threads

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures


class Stabilize(Stage[SteadyState, FrameBatch]):
    """Steadies painted frames; what it knows of the past is dropped at each cut.

    It computes on the CPU, wherever the painter does, and what it gives stays there: OpenCV has all it takes.

    Args:
        stabilizer: how.
        threads: how many OpenCV may use, in the whole process while this runs. Painting needs most of the
            cores, and threads that wait for each other take time from it.
    """

    name = "stabilizer"
    own_thread = True  # steadies a batch while the next one is painted

    def __init__(self, stabilizer: Stabilizer, *, threads: int) -> None:
        self._stabilizer = stabilizer
        self._threads = threads

    def start(self, signal: Signal) -> SteadyState:  # noqa: ARG002 - all films are alike
        """See `Stage.start`."""
        return self._stabilizer.start()

    def running(self, state: SteadyState) -> AbstractContextManager[None]:  # noqa: ARG002
        """OpenCV's threads as they are wanted."""
        return opencv_threads.limited(self._threads)

    def step(self, state: SteadyState, batch: FrameBatch, /) -> tuple[FrameBatch]:
        """Steady a batch.

        Raises:
            ValueError: no stage has found its motion.
        """
        if batch.motion is None:
            raise ValueError("only batches whose motion was found can be stabilised")
        if batch.frames[0].cut:
            state.forget()
        paintings = to_host_bytes(batch.pixels) if _is_half(batch.pixels) else to_host(batch.pixels)
        pairs = zip(batch.motion, paintings, strict=True)
        steadied = [self._stabilizer.steady(state, found, painting) for found, painting in pairs]
        return (batch.with_pixels(np.stack(steadied) if len(steadied) > 1 else steadied[0][None]),)


def _is_half(images: Pictures) -> bool:
    """Whether they have no more than eleven bits: a GPU's of a film of eight."""
    return not is_bytes(images) and images.dtype.itemsize == 2
