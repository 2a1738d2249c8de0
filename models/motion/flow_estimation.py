"""What moved from one frame to the next, and how far that can be trusted, for filters that carry pixels.

Made for speed where `models/motion/flow.py` is made for measuring: flow on pictures of half the size, by
OpenCV's fastest preset of DIS (Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search"). Whether
to trust it is asked on pictures of a quarter of the size. docs/steadiness.md has a line for each number.

Flows here point back in time: what is at p now was at `p + back[p]` in the frame before, so that it can be
fetched from there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.motion.flow import SMALLEST_SIDE, Flow

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

Grey = NDArray[np.uint8]  # (h, w)

_SHRINK = 4  # times smaller than the frame are the pictures that flow is judged in; less for small frames
# Times larger than these are those it is found in: half the frame's size, if it is not small. In a quarter of
# the frame's size it takes a quarter of the time and is twice as far off, except in grain; in two thirds of
# it, twice the time for nothing.
_FINER = 2
_SHORT_SIDE = 90  # px that are left at least, if the frame has them
# Steps in which each patch looks for its place: with the preset's 12 patches go astray in grain, with 5 they
# don't arrive where a film of 512 px moves wildly (an eighth more of relative warping error on bikes).
_STEPS = 8
_MEDIAN = 5  # px a side, over the flow: single patches go astray


class Motion(NamedTuple):
    """Between two small pictures, in their px."""

    back: Flow  # (h, w, 2) from now to before
    fine: Flow  # as `back`, of the same piece of the scene, in a larger picture if there is one, and its px


class FramePyramid(NamedTuple):
    """A frame of the film as motion is found in it."""

    picture: Picture  # (H, W, 3) RGB
    grey: Grey  # (h, w), a quarter of its size, or larger if the frame is small
    finer: Grey  # the same piece of it in about twice that size, or in the frame's own

    @classmethod
    def of(cls, picture: Picture) -> FramePyramid:
        """Of a frame, (H, W, 3) RGB.

        Up to 3 px at its right and below are left out, so that each pixel of `grey` is the mean of a square.
        """
        times = shrunk_by(picture)
        height, width = (side // times * times for side in picture.shape[:2])
        grey = np.asarray(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[:height, :width], np.uint8)
        return cls(picture, _shrunk(grey, times), _shrunk(grey, max(1, round(times / _FINER))))


class MotionEstimator(Protocol):
    """Finds motion, of each pair of frames by itself."""

    def between(self, before: FramePyramid, now: FramePyramid) -> Motion:
        """Motion between two frames of the same size, for which `can_be_found` holds."""
        ...


class DisMotion:
    """Motion by OpenCV's DIS, for one thread.

    It keeps its memory from frame to frame, which takes longer to get than some flows to find; of the last
    flow it keeps nothing, which is a bad start where a hand-held camera shakes. There is no way forth to
    hold the way back against: what it would tell, motion's edges and the look tell as well.

    Args:
        coarse: look in the small pictures: in a third of the time, twice as far off.
    """

    def __init__(self, *, coarse: bool = False) -> None:
        self._coarse = coarse
        self._dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        # Down to single pixels, where the presets stop at a half or a quarter of the size.
        self._dis.setFinestScale(0)
        self._dis.setGradientDescentIterations(_STEPS)

    def between(self, before: FramePyramid, now: FramePyramid) -> Motion:
        """See `MotionEstimator.between`."""
        pair = (now.grey, before.grey) if self._coarse else (now.finer, before.finer)
        found = self._dis.calc(*pair, None)  # type: ignore[call-overload]
        fine = _median(np.asarray(found, np.float32))
        return Motion(resized(fine, now.grey.shape), fine)


def resized(flow: Flow, shape: tuple[int, ...]) -> Flow:
    """To a height and width, in px of that size: (h, w, 2), averaged where it shrinks, else interpolated."""
    height, width = shape[:2]
    if flow.shape[:2] == (height, width):
        return flow
    kernel = cv2.INTER_AREA if height < flow.shape[0] else cv2.INTER_LINEAR
    per_px = (width / flow.shape[1], height / flow.shape[0], 0, 0)
    scaled = cv2.resize(flow, (width, height), interpolation=kernel)
    return np.asarray(cv2.multiply(scaled, per_px), np.float32)  # type: ignore[call-overload]


def fetch(plane: NDArray[np.float32], flow: Flow, kernel: int = cv2.INTER_LINEAR) -> NDArray[np.float32]:
    """Each value from where the flow points, `plane[p + flow[p]]`; beyond the border it is the border's.

    Args:
        plane: (h, w) or (h, w, C).
        flow: (h, w, 2) px.
        kernel: OpenCV's interpolation.
    """
    kernel |= cv2.WARP_RELATIVE_MAP
    fetched = cv2.remap(plane, flow, None, kernel, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(fetched, np.float32)


def _shrunk(grey: Grey, times: float) -> Grey:
    """So many times smaller, each pixel the mean of what it shows."""
    size = round(grey.shape[1] / times), round(grey.shape[0] / times)
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.uint8)


def shrunk_by(picture: Picture) -> int:
    """How many times smaller than a picture its `FramePyramid.grey` is."""
    return max(1, min(_SHRINK, round(int(min(picture.shape[:2])) / _SHORT_SIDE)))


def can_be_found(picture: Picture) -> bool:
    """Whether a frame is large enough for motion to be found in it."""
    return int(min(picture.shape[:2])) // shrunk_by(picture) >= SMALLEST_SIDE


def _median(flow: Flow) -> Flow:
    return np.asarray(cv2.merge([cv2.medianBlur(part, _MEDIAN) for part in cv2.split(flow)]), np.float32)
