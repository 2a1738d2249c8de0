"""What a frame shows of the one before it, found once for all who carry something from frame to frame.

The stabiliser carries the painting and a painter its canvas, along the same flow and with the same trust.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from stylize_video.models.motion.confidence import COARSE, Confidence, one_way_confidence
from stylize_video.models.motion.flow_estimation import (
    FramePyramid,
    Grey,
    Motion,
    MotionEstimator,
    can_be_found,
    shrunk_by,
)

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB


class FromBefore(NamedTuple):
    """From a frame to the one before it."""

    grey: Grey  # (h, w), that of the frame before
    motion: Motion
    trusted: Confidence  # (h, w), how far what is fetched along `motion.back` is the same piece of the scene


class FrameMotion(NamedTuple):
    """What is known of a frame, in a small picture of it, and of the way to the one before."""

    grey: Grey  # (h, w)
    times: int  # how many times larger the frame is
    since: FromBefore | None  # None: the frame is the first of a shot


@dataclass
class LastFrame:
    """What is known of a film up to the frame that came last; it can be pickled."""

    view: FramePyramid | None = None  # None: the next frame is the first of a shot


class MotionFinder:
    """Finds what moved, frame after frame; what it knows of a film is in its state.

    Args:
        estimator: finds motion between two frames.
    """

    def __init__(self, estimator: MotionEstimator) -> None:
        self._estimator = estimator

    def find(self, last: LastFrame, picture: Picture) -> FrameMotion | None:
        """The way from the next frame to the one before it.

        Args:
            last: changed in place. A frame of another size is the first of a shot.
            picture: (H, W, 3) RGB uint8.

        Returns:
            None where the frame is too small for motion to be found in it.
        """
        if not can_be_found(picture):
            return None
        before, now = last.view, FramePyramid.of(picture)
        last.view = now
        times = shrunk_by(picture)
        if before is None or before.picture.shape != picture.shape:
            return FrameMotion(now.grey, times, None)
        motion = self._estimator.between(before, now)
        trusted = one_way_confidence(motion.back, now.grey, before.grey, COARSE)
        return FrameMotion(now.grey, times, FromBefore(before.grey, motion, trusted))
