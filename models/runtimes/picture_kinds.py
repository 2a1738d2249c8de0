"""Bytes or floating numbers: how a network takes pictures of either kind and gives the same. Needs torch.

What is written here is converted with the networks: `openvino_runtime` knows this file.
"""

from __future__ import annotations

import torch
from torch import Tensor


def to_unit(images: Tensor) -> Tensor:
    """Pictures of either kind -> float in 0..1."""
    return images.float() * (1 / 255) if images.dtype == torch.uint8 else images


def to_kind(images: Tensor, kind: torch.dtype) -> Tensor:
    """Float pictures in 0..1 -> the kind asked for; bytes are rounded."""
    images = images.float()  # half precision ends here
    return (images * 255).round().to(torch.uint8) if kind == torch.uint8 else images
