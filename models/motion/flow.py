"""Optical flow, warping, and how much a painted film flickers. Pure functions; no torch.

The flow is that of Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search" (OpenCV's DIS); the
warping error as in Lai et al. 2018, "Learning Blind Video Temporal Consistency" (section 4.2, evaluation
metrics), at what `confidence.visible` finds.
Departures from Lai et al.: DIS in place of FlowNet2, so that nothing has to be downloaded, and the mean
over the three channels in place of their sum, so that a flicker of 0.1 everywhere is 0.01.

A flow from `first` to `second` says where a pixel went: `first[p]` is seen at `second[p + flow[p]]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

Flow = NDArray[np.float32]  # (H, W, 2): px to the right, px down
Mask = NDArray[np.bool_]  # (H, W)

SMALLEST_SIDE = 16  # px; DIS finds no patches in less


class FlowPair(NamedTuple):
    """The way between a picture and another, in its own px."""

    there: Flow  # (H, W, 2) from this picture to the other: what the other's pixels are fetched along
    back: Flow  # (H, W, 2) from the other to this picture

    @property
    def reversed(self) -> FlowPair:
        """The same way, seen from the other picture."""
        return FlowPair(self.back, self.there)


def optical_flow(first: Picture, second: Picture) -> Flow:
    """Dense flow from `first` to `second`, by their grey values.

    Args:
        first, second: (H, W, 3) uint8 RGB, 16 px or more a side.

    Returns:
        (H, W, 2) float32 px.
    """
    _check_picture(first, "first")
    _check_picture(second, "second")
    check_size(second, "second", first)
    if min(first.shape[:2]) < SMALLEST_SIDE:
        raise ValueError(f"{first.shape = } must be at least {SMALLEST_SIDE} px a side")
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (first, second)]
    flow = dis.calc(*grey, None)  # type: ignore[call-overload]  # None: no flow to start from
    return np.asarray(flow, np.float32)


def warp(image: NDArray[Any], flow: Flow) -> NDArray[np.float32]:
    """Fetch each pixel from where the flow says it went: `image[p + flow[p]]`, bilinear.

    Of the second picture and the flow from the first to it, that makes the first again. What lies outside
    is its border's value. OpenCV interpolates at steps of 1/32 px.

    Args:
        image: (H, W) or (H, W, C), in any range.
        flow: (H, W, 2) px.

    Returns:
        float32 of the image's shape and range.
    """
    check_flow(flow, "flow")
    check_size(image, "image", flow)
    return fetch_from(image, *destinations(flow))


def warping_error(painted: Picture, following: Picture, flow: Flow, visible: Mask) -> float:
    """How much a painted film flickers: mean squared difference along the motion (Lai et al. 2018, E_warp).

    Bilinear fetching blurs, so that a perfectly steady film has an error too, if a small one; the error of
    the film that was painted shows how small.

    Args:
        painted: (H, W, 3) uint8 RGB, a painted frame.
        following: (H, W, 3) uint8 RGB, the painted frame after it.
        flow: (H, W, 2) px, from the one to the other, of the film that was painted.
        visible: (H, W) bool, the pixels to measure at: `confidence.visible`.

    Returns:
        Of values in 0..1, so itself in 0..1; nan where nothing is visible.
    """
    _check_picture(painted, "painted")
    _check_picture(following, "following")
    check_size(following, "following", painted)
    check_size(flow, "flow", painted)
    check_size(visible, "visible", painted)
    if not visible.any():
        return float("nan")
    difference = (warp(following, flow) - painted)[visible] / 255  # (pixels, 3)
    return float(np.square(difference).mean(dtype=np.float64))


def detail(image: Picture) -> float:
    """How much there is to see: the mean gradient magnitude of the luma, by forward differences.

    A painter can be steady by painting nothing. This falls when it does.

    Args:
        image: (H, W, 3) uint8 RGB, 2 px or more a side.

    Returns:
        Change of luma (BT.601, 0..1) a px.
    """
    _check_picture(image, "image")
    if min(image.shape[:2]) < 2:
        raise ValueError(f"{image.shape = } must be at least 2 px a side")
    luma = image @ np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)  # (H, W)
    across = luma[:-1, 1:] - luma[:-1, :-1]
    down = luma[1:, :-1] - luma[:-1, :-1]
    return float(np.hypot(across, down).mean(dtype=np.float64))


def horizontal_detail(image: Picture) -> float:
    """How much is painted: the mean absolute horizontal difference of the luma.

    Squared, it is what the relative warping error divides by: a painting of half the contrast has a quarter
    of the error, and is no steadier for it.

    Args:
        image: (H, W, 3) uint8 RGB, 2 px or more wide.

    Returns:
        Change of luma (BT.601, 0..1) a px.
    """
    _check_picture(image, "image")
    if image.shape[1] < 2:
        raise ValueError(f"{image.shape = } must be at least 2 px wide")
    luma = image @ np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255)  # (H, W)
    return float(np.abs(np.diff(luma, axis=1)).mean(dtype=np.float64))


def destinations(flow: Flow) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel went: x and y, (H, W) px each, as `cv2.remap` takes them."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def fetch_from(image: NDArray[Any], x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each pixel from the place that `destinations` has for it, as `warp` does."""
    fetched = cv2.remap(image.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(fetched, np.float32)


def _check_picture(image: NDArray[Any], name: str) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"{name} is {image.shape} {image.dtype}, must be (H, W, 3) uint8")


def check_flow(flow: NDArray[Any], name: str) -> None:
    """Refuse what is not (H, W, 2), with a ValueError."""
    if flow.ndim != 3 or flow.shape[2] != 2:
        raise ValueError(f"{name} is {flow.shape}, must be (H, W, 2)")


def check_size(image: NDArray[Any], name: str, other: NDArray[Any]) -> None:
    """Refuse what has another height or width than the other, with a ValueError."""
    if image.shape[:2] != other.shape[:2]:
        raise ValueError(f"{name} is {image.shape}, must be {other.shape[:2]} like the other")
