"""Frames as JPEG: what strangers send is measured before anything is decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np

from stylize_video.pictures import picture_size
from stylize_video.pipeline.live.composing import resized
from stylize_video.pipeline.web.wire import RefusedError

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

LARGEST = 2**19  # bytes of one frame; 640x360 at the page's quality takes 50,000
MOST_PIXELS = 1280 * 1280  # of one frame, whatever its shape

_QUALITY = 85  # of 100, of what is painted: strokes have edges, and lower ones ring around them
_READ = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION


def decode(data: memoryview, size: tuple[int, int]) -> Picture:
    """A visitor's frame.

    Args:
        data: the JPEG.
        size: width and height, px, that it is brought to where it has others.

    Raises:
        RefusedError: it is no JPEG, broken, or too large.
    """
    _check(bytes(data))
    found: Any = cv2.imdecode(np.frombuffer(data, np.uint8), _READ)
    if found is None:
        raise RefusedError("a frame that can't be decoded", 1007)
    return fitted(found, size)


def _check(data: bytes) -> None:
    if len(data) > LARGEST:
        raise RefusedError("a frame that is too large", 1009)
    if not data.startswith(b"\xff\xd8\xff"):
        raise RefusedError("a frame that is no JPEG", 1007)
    try:
        declared = picture_size.declared(data)
    except ValueError as error:
        raise RefusedError("a frame that can't be decoded", 1007) from error
    if declared is None or declared.pixels > MOST_PIXELS:
        raise RefusedError("a frame of too many pixels", 1009)


def fitted(picture: Picture, size: tuple[int, int]) -> Picture:
    """The middle of a picture in another shape, at that width and height (px)."""
    height, width = picture.shape[:2]
    if (width, height) == size:
        return picture
    scale = max(size[0] / width, size[1] / height)
    across, down = (
        min(had, max(1, round(want / scale))) for had, want in zip((width, height), size, strict=True)
    )
    x, y = (width - across) // 2, (height - down) // 2
    return resized(picture[y : y + down, x : x + across], size)


def encode(picture: Picture) -> bytes:
    """What is sent: (H, W, 3) uint8 RGB -> JPEG."""
    settings = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY]
    done, data = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), settings)
    if not done:
        raise RuntimeError("OpenCV can't encode JPEG")
    return data.tobytes()
