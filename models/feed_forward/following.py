"""A canvas that follows a film: along the motion that was found for its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.models.canvas import CELL, Canvas

if TYPE_CHECKING:
    from stylize_video.models.motion.neighbours import FrameMotion, FromBefore


def followed(canvas: Canvas, found: FrameMotion, since: FromBefore, scale: float) -> Canvas:
    """The next frame's canvas.

    Args:
        canvas: that of the frame before.
        found, since: the way from the next frame to that one.
        scale: how many times larger the frame is than its painting.
    """
    cell = CELL * scale / found.times  # px of the small picture
    rows, columns = ((np.arange(cells, dtype=np.float32) + 0.5) * cell - 0.5 for cells in _size(canvas))
    centres = np.meshgrid(columns, rows)
    back, trusted = (_at(plane, *centres) for plane in (since.motion.back, since.trusted))
    carried, _ = canvas.carried(back * np.float32(found.times / scale), trusted)
    return carried


def _size(canvas: Canvas) -> tuple[int, int]:
    height, width = canvas.places.shape[:2]
    return height, width


def _at(plane: NDArray[np.float32], x: NDArray[Any], y: NDArray[Any]) -> NDArray[np.float32]:
    """The values of a plane at some places, px; beyond the border it is the border's."""
    columns, rows = x.astype(np.float32), y.astype(np.float32)
    found = cv2.remap(plane, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32)
