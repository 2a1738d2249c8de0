"""Live pictures in another size, quickly."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB


def resized(picture: Picture, size: tuple[int, int]) -> Picture:
    """A picture at a width and height (px); averaged where it shrinks.

    OpenCV averages areas in a tenth of the time where a side is halved: 1280x720 comes to 480x272 by one
    halving and linear interpolation in 0.4 ms, and by areas alone in 3.7 ms.
    """
    while picture.shape[1] >= 2 * size[0] and picture.shape[0] >= 2 * size[1]:
        halved = picture.shape[1] // 2, picture.shape[0] // 2
        picture = np.asarray(cv2.resize(picture, halved, interpolation=cv2.INTER_AREA), np.uint8)
    if picture.shape[1::-1] == size:
        return np.ascontiguousarray(picture)
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR), np.uint8)
