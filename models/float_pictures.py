"""Pictures before they are rounded: what painting by optimisation and keyframes pass on. Needs no torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

FloatPicture = NDArray[np.float32]  # (H, W, 3) RGB in 0..1


def to_float(picture: Picture) -> FloatPicture:
    """The same picture in other numbers: (H, W, 3) uint8 to 0..1."""
    return np.asarray(picture, np.float32) / np.float32(255)
