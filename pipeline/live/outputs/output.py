"""Where live pictures go beside the screen: each output takes those it can, and holds up nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import cv2
import numpy as np

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB


class LiveOutput(Protocol):
    """Takes painted pictures as they come."""

    def show(self, picture: Picture, time: float) -> None:
        """Take a picture that was taken at a time (s); it may be left out, but waits for nothing.

        Raises:
            StylizeVideoError: nothing can be shown there any more.
        """
        ...

    def close(self) -> None:
        """End, and keep what there is to keep. Safe to call again."""
        ...


def fitted(picture: Picture, size: tuple[int, int]) -> Picture:
    """A picture in another size, width and height in px: all of it, with bars if its shape is another."""
    width, height = size
    if (picture.shape[1], picture.shape[0]) == size:
        return picture
    scale = min(width / picture.shape[1], height / picture.shape[0])
    inner = [
        max(1, min(side, round(old * scale))) for side, old in zip(size, picture.shape[1::-1], strict=True)
    ]
    kernel = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    found = cv2.resize(picture, inner, interpolation=kernel)
    left, top = ((side - own) // 2 for side, own in zip(size, inner, strict=True))
    right, bottom = width - inner[0] - left, height - inner[1] - top
    bordered = cv2.copyMakeBorder(found, top, bottom, left, right, cv2.BORDER_CONSTANT, value=(0, 0, 0))
    return np.asarray(bordered, np.uint8)
