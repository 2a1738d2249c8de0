"""What moved from frame to frame, found once and handed on with the frames, for all who carry something."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import replace

from stylize_video.models.motion.neighbours import LastFrame, MotionFinder
from stylize_video.pictures.arrays import to_host_bytes
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import Stage
from stylize_video.pipeline.stages import opencv_threads


class FindMotion(Stage[LastFrame, FrameBatch]):
    """Gives each frame the way to the one before it; the first of a shot has none.

    Before a painter it works ahead of it; after one that holds frames back, on the originals.

    Args:
        finder: how.
        threads: how many OpenCV may use, in the whole process while this runs.
    """

    name = "motion"
    own_thread = True  # finds the next one while this one is painted

    def __init__(self, finder: MotionFinder, *, threads: int) -> None:
        self._finder = finder
        self._threads = threads

    def start(self, signal: Signal) -> LastFrame:  # noqa: ARG002 - all films are alike
        """See `Stage.start`."""
        return LastFrame()

    def running(self, state: LastFrame) -> AbstractContextManager[None]:  # noqa: ARG002
        """OpenCV's threads as they are wanted."""
        return opencv_threads.limited(self._threads)

    def step(self, state: LastFrame, batch: FrameBatch, /) -> tuple[FrameBatch]:
        """Find a batch's motion."""
        if batch.frames[0].cut:
            state.view = None
        pictures = to_host_bytes(batch.pixels if batch.originals is None else batch.originals)
        return (replace(batch, motion=[self._finder.find(state, picture) for picture in pictures]),)
