"""How still a painted film keeps where the original stands still, and how light and contrast are. No torch.

`flow.warping_error` follows what moves, and for that fetches between pixels: a flow that errs counts as
flicker, and the fetching smooths away some of it. Where the original neither moves nor changes nothing has to
be fetched, and every change of the painting is its own. That is also where one sees flicker first: a wall, a
sky, a resting camera. So this is the temporal loss of Ruder et al. 2016, "Artistic Style Transfer for
Videos" (section 4.2: the mean squared difference along the flow), kept to where the flow is nothing.

Luma is BT.601's, 0..255, as for `flow.detail`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stylize_video.models.motion.flow import Flow, Mask
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

Luma = NDArray[np.float32]  # (H, W) in 0..255

_WEIGHTS = np.array([0.299, 0.587, 0.114], np.float32)  # of R, G, B in BT.601's luma
_STILL_PX = 0.25  # px a frame; DIS finds this much in the noise of a resting camera
# Of 255, the mean change over a neighbourhood: grain with a standard deviation of 2.6 passes (2.6 x
# sqrt(2) x sqrt(2 / pi) = 3), twice that of most cameras' films; a change of light that one sees does not.
_STILL_CHANGE = 3.0
_NEIGHBOURHOOD = 5  # px a side; of single pixels, the threshold would pick those whose noise agrees
_LEAST_SHARE = 0.01  # of the frame; a region smaller than this says nothing of the film


class Light(NamedTuple):
    """Mean and standard deviation of a picture's luma, both in 1/255."""

    luminance: float
    contrast: float


def luma(picture: Picture) -> Luma:
    """(H, W, 3) uint8 RGB -> (H, W) float32 luma, 0..255, not rounded."""
    if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
        raise ValueError(f"picture is {picture.shape} {picture.dtype}, must be (H, W, 3) uint8")
    return np.asarray(picture @ _WEIGHTS, np.float32)


def light(luma: Luma) -> Light:
    """How light a picture is, and how much light and dark differ in it (RMS contrast, Peli 1990).

    Args:
        luma: (H, W), 0..255.
    """
    return Light(float(luma.mean(dtype=np.float64)), float(luma.std(dtype=np.float64)))


def still(before: Luma, after: Luma, flow: Flow) -> Mask:
    """Where a film stands still: the flow is next to nothing, and so is the change around.

    Args:
        before, after: (H, W) luma of consecutive frames of the original.
        flow: (H, W, 2) px, from the one to the other.

    Returns:
        (H, W) bool.
    """
    _check_size(after, "after", before)
    _check_size(flow, "flow", before)
    change = cv2.blur(np.abs(after - before), (_NEIGHBOURHOOD, _NEIGHBOURHOOD))
    resting: Mask = np.square(flow).sum(-1) <= _STILL_PX**2
    return resting & (np.asarray(change) <= _STILL_CHANGE)


def squared_change(before: Luma, after: Luma, still: Mask) -> float:
    """How much a film flickers where it should stand still: the mean squared change of luma.

    Of noise that is new in each frame and has the standard deviation s, this is 2 s^2.

    Args:
        before, after: (H, W) luma of consecutive frames, 0..255.
        still: (H, W) bool, the pixels to measure at.

    Returns:
        In (1/255)^2; nan where fewer than a hundredth of the pixels are still.
    """
    _check_size(after, "after", before)
    _check_size(still, "still", before)
    if still.mean() < _LEAST_SHARE:
        return float("nan")
    return float(np.square(after - before)[still].mean(dtype=np.float64))


def _check_size(array: NDArray[Any], name: str, other: NDArray[Any]) -> None:
    if array.shape[:2] != other.shape[:2]:
        raise ValueError(f"{name} is {array.shape}, must be {other.shape[:2]} like the other")
