"""Pictures as networks take them, (N, C, H, W), and as they flow, (N, H, W, C)."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def last(planes: Tensor) -> NDArray[Any]:
    """(N, C, H, W) -> (N, H, W, C) of NumPy."""
    return planes.permute(0, 2, 3, 1).contiguous().numpy()


def first(pictures: Any) -> Tensor:
    """(N, H, W, C) of either library -> (N, C, H, W) on the CPU."""
    tensor = torch.from_numpy(pictures) if isinstance(pictures, np.ndarray) else pictures.cpu()
    return tensor.permute(0, 3, 1, 2)
