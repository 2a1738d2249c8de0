"""Optical flow, warping, occlusion, and how much a painted film flickers. Pure functions; no torch.

The flow is that of Kroeger et al. 2016, "Fast Optical Flow using Dense Inverse Search" (OpenCV's DIS);
occlusion as in Sundaram et al. 2010, "Dense Point Trajectories by GPU-accelerated Large Displacement
Optical Flow", which Ruder et al. 2016 took over for painted films (section 4.2); the warping error as in
Lai et al. 2018, "Learning Blind Video Temporal Consistency" (section 4.2, evaluation metrics).
Departures from Lai et al.: DIS in place of FlowNet2, so that nothing has to be downloaded, and the mean
over the three channels in place of their sum, so that a flicker of 0.1 everywhere is 0.01.

A flow from `first` to `second` says where a pixel went: `first[p]` is seen at `second[p + flow[p]]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

Flow = NDArray[np.float32]  # (H, W, 2): px to the right, px down
Mask = NDArray[np.bool_]  # (H, W)

SMALLEST_SIDE = 16  # px; DIS finds no patches in less


def optical_flow(first: Picture, second: Picture) -> Flow:
    """Dense flow from `first` to `second`, by their grey values.

    Args:
        first, second: (H, W, 3) uint8 RGB, 16 px or more a side.

    Returns:
        (H, W, 2) float32 px.
    """
    _check_picture(first, "first")
    _check_picture(second, "second")
    _check_size(second, "second", first)
    if min(first.shape[:2]) < SMALLEST_SIDE:
        raise ValueError(f"{first.shape = } must be at least {SMALLEST_SIDE} px a side")
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    grey = [cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (first, second)]
    flow = dis.calc(*grey, None)  # type: ignore[call-overload]  # None: no flow to start from
    return np.asarray(flow, np.float32)


def warp(image: NDArray[Any], flow: Flow) -> NDArray[np.float32]:
    """Fetch each pixel from where the flow says it went: `image[p + flow[p]]`, bilinear.

    Of the second picture and the flow from the first to it, that makes the first again. What lies outside
    is its border's value; `visible` says where that is. OpenCV interpolates at steps of 1/32 px.

    Args:
        image: (H, W) or (H, W, C), in any range.
        flow: (H, W, 2) px.

    Returns:
        float32 of the image's shape and range.
    """
    _check_flow(flow, "flow")
    _check_size(image, "image", flow)
    x, y = destinations(flow)
    return np.asarray(
        cv2.remap(image.astype(np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        np.float32,
    )


def visible(forward: Flow, backward: Flow) -> Mask:
    """Where the first picture's pixels are seen in the second as well, and the flow can be trusted.

    Left out is what leaves the frame, what does not come back to where it was (occlusion), with b the
    backward flow at p + f(p):

        |f + b|^2 > 0.01 (|f|^2 + |b|^2) + 0.5

    and the edges of moving things, where the flow is blurred (Sundaram et al. 2010, section 4):

        |grad u|^2 + |grad v|^2 > 0.01 |f|^2 + 0.002

    Args:
        forward: (H, W, 2) px, from the first picture to the second.
        backward: (H, W, 2) px, from the second to the first.

    Returns:
        (H, W) bool, in the first picture's place.
    """
    _check_flow(forward, "forward")
    _check_flow(backward, "backward")
    _check_size(backward, "backward", forward)
    back = warp(backward, forward)
    length = _squared(forward)
    returns = _squared(forward + back) <= 0.01 * (length + _squared(back)) + 0.5
    slopes = np.asarray(np.gradient(forward, axis=(0, 1)), np.float32)  # (2, H, W, 2)
    steady: Mask = _squared(slopes).sum(0) <= 0.01 * length + 0.002
    return _stays_inside(forward) & returns & steady


def warping_error(painted: Picture, following: Picture, flow: Flow, visible: Mask) -> float:
    """How much a painted film flickers: mean squared difference along the motion (Lai et al. 2018, E_warp).

    Bilinear fetching blurs, so that a perfectly steady film has an error too, if a small one; the error of
    the film that was painted shows how small.

    Args:
        painted: (H, W, 3) uint8 RGB, a painted frame.
        following: (H, W, 3) uint8 RGB, the painted frame after it.
        flow: (H, W, 2) px, from the one to the other, of the film that was painted.
        visible: (H, W) bool, the pixels to measure at.

    Returns:
        Of values in 0..1, so itself in 0..1; nan where nothing is visible.
    """
    _check_picture(painted, "painted")
    _check_picture(following, "following")
    _check_size(following, "following", painted)
    _check_size(flow, "flow", painted)
    _check_size(visible, "visible", painted)
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


def destinations(flow: Flow) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Where each pixel went: x and y, (H, W) px each, as `cv2.remap` takes them."""
    height, width = flow.shape[:2]
    x = flow[..., 0] + np.arange(width, dtype=np.float32)
    y = flow[..., 1] + np.arange(height, dtype=np.float32)[:, None]
    return np.asarray(x, np.float32), np.asarray(y, np.float32)


def _stays_inside(flow: Flow) -> Mask:
    height, width = flow.shape[:2]
    x, y = destinations(flow)
    inside: Mask = (x >= 0) & (x <= width - 1) & (y >= 0) & (y <= height - 1)
    return inside


def _squared(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """(..., H, W, 2) -> the squared lengths, (..., H, W)."""
    squared: NDArray[np.float32] = np.square(vectors).sum(-1)
    return squared


def _check_picture(image: NDArray[Any], name: str) -> None:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"{name} is {image.shape} {image.dtype}, must be (H, W, 3) uint8")


def _check_flow(flow: NDArray[Any], name: str) -> None:
    if flow.ndim != 3 or flow.shape[2] != 2:
        raise ValueError(f"{name} is {flow.shape}, must be (H, W, 2)")


def _check_size(image: NDArray[Any], name: str, other: NDArray[Any]) -> None:
    if image.shape[:2] != other.shape[:2]:
        raise ValueError(f"{name} is {image.shape}, must be {other.shape[:2]} like the other")
