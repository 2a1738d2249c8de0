"""Motion between frames far apart, composed of the flows between neighbours, and how far it is trusted.

What a key's painting is carried along: it is fetched once, by the composed flow and a wide kernel, so that
a frame far from its key is as sharp as one beside it. How far it is trusted, `confidence` says. Departures
from Ruder et al. 2016, "Artistic Style Transfer for Videos": the composed flows in place of one estimated
between the two frames, which fails where they have little in common, and such a one, begun from them, only
where they are doubted. Pure functions; no torch.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.motion.confidence import Confidence, confidence
from stylize_video.models.motion.flow import SMALLEST_SIDE, Flow, FlowPair, destinations, warp
from stylize_video.models.motion.flow_estimation import FramePyramid, shrunk_by

if TYPE_CHECKING:
    from stylize_video.models.float_pictures import FloatPicture
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

FlowEstimator = Callable[["Picture", "Picture"], Flow]  # from the first to the second, in full size

_SMOOTHNESS = 100.0  # of the refinement, against how alike the pictures are; OpenCV has 20

# Of the flow that is found again where the composed one isn't trusted:
_DOUBTED, _FEW = 0.5, 0.005  # less trust, and in how small a share of the frame that is left alone
_AREA, _GAIN = 15, 0.3  # px across, and how much more trust in them on average, so that it is worth it
_BESIDE, _SOFT = np.ones((5, 5), np.uint8), 2.0  # px beside those that get it, and by which it fades out


class Reach(NamedTuple):
    """What of another frame is fetched to this one, and how far that is trusted."""

    there: Flow  # (H, W, 2) px, from this frame to the other
    trust: Confidence  # (H, W)


class FindsBothWays(Protocol):
    """Finds motion there and back at once, as RAFT does."""

    def both_ways(self, this: FramePyramid, other: FramePyramid) -> FlowPair:
        """Between two frames of one size, for which `can_be_found` holds: (h, w, 2) px of `grey`."""
        ...


class MotionFlow:
    """Flow in full size from what finds both directions at once.

    What it found last is kept, for the way back is asked for next.

    Args:
        estimator: finds motion.
    """

    def __init__(self, estimator: FindsBothWays) -> None:
        self._estimator = estimator
        self._last: tuple[Picture, Picture, Flow] | None = None  # from, to, and how

    def __call__(self, first: Picture, second: Picture) -> Flow:
        """From the first to the second, (H, W, 2) px, at a size for which `motion.can_be_found` holds."""
        last = self._last
        if last is not None and last[0] is first and last[1] is second:
            return last[2]
        height, width = first.shape[:2]
        times = shrunk_by(first)
        found = self._estimator.both_ways(_view(first, times), _view(second, times))
        self._last = second, first, found.back[:height, :width]
        return found.there[:height, :width]


def _view(picture: Picture, times: int) -> FramePyramid:
    """A picture that motion is found of in full size; larger by up to 3 px, so that none are left out."""
    height, width = picture.shape[:2]
    more = -height % times, -width % times
    whole = cv2.copyMakeBorder(picture, 0, more[0], 0, more[1], cv2.BORDER_REPLICATE)
    grey = np.asarray(cv2.cvtColor(whole, cv2.COLOR_RGB2GRAY), np.uint8)
    return FramePyramid(np.asarray(whole, np.uint8), grey, grey)


def smooth_flow(first: Picture, second: Picture) -> Flow:
    """Dense flow by OpenCV's DIS, for being composed: to single px, and for longer refined to be smooth.

    `flow.optical_flow` is looser where a scene is out of focus or dark: half of what it finds there doesn't
    come back to where it was after six frames. This takes five times as long.

    Args:
        first, second: (H, W, 3) uint8 RGB, 16 px or more a side.

    Returns:
        (H, W, 2) float32 px, from the first to the second.
    """
    return _smooth_flow(first, second, start=None)


def _smooth_flow(first: Picture, second: Picture, *, start: Flow | None) -> Flow:
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dis.setFinestScale(0)
    dis.setPatchStride(4)
    dis.setVariationalRefinementIterations(20)
    dis.setVariationalRefinementAlpha(_SMOOTHNESS)
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (first, second)]
    # A copy of the start, for it is written to.
    flow = dis.calc(*grey, None if start is None else start.copy())  # type: ignore[call-overload]
    return np.asarray(flow, np.float32)


def still(height: int, width: int) -> FlowPair:
    """The way of a frame to itself."""
    nowhere = np.zeros((height, width, 2), np.float32)
    return FlowPair(nowhere, nowhere)


def between(this: Picture, other: Picture, estimator: FlowEstimator = smooth_flow) -> FlowPair:
    """The way between neighbours; what is too small for flow stands still.

    Args:
        this, other: (H, W, 3) uint8 RGB of one size.
        estimator: asked twice, for the flow there and the flow back.
    """
    if min(this.shape[:2]) < SMALLEST_SIDE:
        return still(*this.shape[:2])
    return FlowPair(estimator(this, other), estimator(other, this))


def join(near: FlowPair, far: FlowPair) -> FlowPair:
    """The way from this frame to the end of `far`, which begins where `near` ends.

    In both directions (f o g)(p) = f(p) + g(p + f(p)).
    """
    return FlowPair(_compose(near.there, far.there), _compose(far.back, near.back))


def _compose(first: Flow, second: Flow) -> Flow:
    return first + warp(second, first)


def carry(painting: FloatPicture, there: Flow) -> FloatPicture:
    """The other frame's painting, fetched to this one: once, by Lanczos' kernel of 8 px.

    Args:
        painting: (H, W, 3), in 0..1.
        there: (H, W, 2) px, from this frame to the one that was painted.

    Returns:
        (H, W, 3) in 0..1; what lies outside is the border's.
    """
    x, y = destinations(there)
    fetched = cv2.remap(painting, x, y, cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(np.clip(fetched, 0, 1), np.float32)  # the kernel overshoots


def reach(path: FlowPair, this: Picture, other: Picture, estimator: FlowEstimator = smooth_flow) -> Reach:
    """What to fetch along a path, and how far to trust it.

    Flow that is smooth falls a little short of what moves through a scene that stands, by a seventh for a
    boat of 100 px; a composed one does so in each step, and loses the boat after six. So where composed
    flow is not trusted, it is found once more by DIS between the two ends, from where it leads, and taken
    where that gains much. Elsewhere it stays: it doesn't tremble from frame to frame. Other estimators'
    paths stay as they are.

    Args:
        path: from this frame to the other.
        this, other: (H, W, 3) uint8 RGB of one size, what was filmed.
        estimator: that found the flows between neighbours.
    """
    composed = Reach(path.there, confidence(path, this, other))
    if (
        estimator is not smooth_flow
        or min(this.shape[:2]) < SMALLEST_SIDE
        or float((composed.trust < _DOUBTED).mean()) < _FEW
    ):
        return composed
    again = FlowPair(_smooth_flow(this, other, start=path.there), _smooth_flow(other, this, start=path.back))
    gained = confidence(again, this, other) - composed.trust
    share = _worth(composed.trust, gained)
    there = path.there + share[..., None] * (again.there - path.there)
    return Reach(there, composed.trust + share * gained)


def _worth(known: Confidence, gained: NDArray[np.float32]) -> Confidence:
    """Where flow that was found again is taken: what was doubted, where much is gained around."""
    doubted = (known < _DOUBTED).astype(np.float32)
    around = cv2.blur(np.maximum(gained, 0) * doubted, (_AREA, _AREA))
    taken = cv2.dilate(doubted, _BESIDE) * (around > _GAIN)
    return np.asarray(cv2.GaussianBlur(cv2.dilate(taken, _BESIDE), (0, 0), _SOFT), np.float32)
