"""A painting as luma and chroma, chroma as coarse as films store it: what is filtered over time."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
AnyPicture = NDArray[Any]  # (H, W, 3) RGB, uint8 or float32 in 0..1


def split(painting: AnyPicture, *, halved: bool) -> tuple[Plane, Plane]:
    """A painting's luma and chroma, as JPEG has them (BT.601, full range).

    Args:
        painting: (H, W, 3) RGB, uint8 or float32 in 0..1.
        halved: chroma at half the size, as nearly all films have it; a quarter of the work.

    Returns:
        (H, W) in 0..255, and (H, W, 2) or (ceil H/2, ceil W/2, 2), float32;
        chroma without colour is 128 for bytes and 0.5 else.
    """
    if painting.dtype != np.uint8:
        painting = painting * np.float32(255)
    luma, *chroma = cv2.split(cv2.cvtColor(painting, cv2.COLOR_RGB2YCrCb))
    if halved:
        half = tuple((side + 1) // 2 for side in luma.shape[::-1])
        chroma = [cv2.resize(plane, half, interpolation=cv2.INTER_AREA) for plane in chroma]
    return luma.astype(np.float32), cv2.merge(chroma).astype(np.float32)


def join(luma: Plane, chroma: Plane, *, like: AnyPicture) -> AnyPicture:
    """The painting that `split` makes these of; what lies out of range is cut off.

    Args:
        luma: (H, W).
        chroma: of either size.
        like: a painting of the kind wanted, and of the luma's size.
    """
    depth = cv2.CV_8U if like.dtype == np.uint8 else cv2.CV_32F
    # Adding nothing is the fastest way to round and cut off at once.
    planes = [cv2.add(plane, 0.0, dtype=depth) for plane in (luma, *cv2.split(chroma))]  # type: ignore[call-overload]
    size = luma.shape[::-1]
    whole = [plane if plane.shape == luma.shape else cv2.resize(plane, size) for plane in planes]
    painting: AnyPicture = cv2.cvtColor(cv2.merge(whole), cv2.COLOR_YCrCb2RGB)
    return painting if depth == cv2.CV_8U else np.clip(painting * np.float32(1 / 255), 0, 1)
