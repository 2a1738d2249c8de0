"""Views that are bent a little, as the motion that is found in films of wild motion bends them.

Cameras pan and zoom; things, water and faces bend, and a flow that is found is off by some of a pixel, by
another bit everywhere. A painter that has seen nothing but pans and zooms draws other strokes there.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

# px, by the scale (standard deviation, px) of the bends: what is left of the flow of a hand-held clip (fox,
# 512 px, OpenCV's DIS, where a match is visible) between Gaussians of that and of half that width.
_HAND_HELD = {4: 0.1, 8: 0.26, 16: 0.46, 32: 0.63}
_STRENGTH = (0.25, 1.5)  # times that, of a view
_FARTHEST = 6.0  # px, either way
_STEPS = 8  # in which the way back is found


def bends(size: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """(S, S, 2) px to the right and down."""
    total = np.zeros((size, size, 2), np.float32)
    for scale, px in _HAND_HELD.items():
        noise = cv2.GaussianBlur(rng.standard_normal((size, size, 2), np.float32), (0, 0), scale)
        total += noise * np.float32(px / np.sqrt(np.square(noise).sum(-1).mean()))
    total *= np.float32(np.exp(rng.uniform(*np.log(_STRENGTH))))
    return total.clip(-_FARTHEST, _FARTHEST)


def bent(grid: Tensor, by: NDArray[np.float32]) -> tuple[Tensor, Tensor]:
    """A view's places in another one, bent, and the way back.

    Args:
        grid: (S, S, 2), where the view's pixels lie in the other one, for `grid_sample`; a pan and a zoom.
        by: (S, S, 2) px.

    Returns:
        The same, bent; and where the other's pixels lie in the view.
    """
    size = len(by)
    moved = grid + torch.from_numpy(by) * (2 / size)
    pixels = F.affine_grid(torch.eye(2, 3)[None], [1, 1, size, size], align_corners=False)
    places = moved.permute(2, 0, 1)[None]
    back = pixels.clone()
    for _ in range(_STEPS):
        # Beyond the view its border's bend goes on.
        inside = back.clamp(-1 + 1 / size, 1 - 1 / size)
        there = F.grid_sample(places, inside, align_corners=False) + (back - inside).permute(0, 3, 1, 2)
        back = back - (there.permute(0, 2, 3, 1) - pixels)
    return moved, back[0]
