"""Rims around dark things as a loss: see `models/perceptual/rims.py`."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from stylize_video.models.feed_forward.training.bare_loss import lab_colours
from stylize_video.models.perceptual import rims

_VISIBLE = 10.0  # units of L*a*b*: a rim that differs by so much has a loss of 1


def rim_loss(painted: Tensor, photographs: Tensor) -> Tensor:
    """How much a rim along dark things shows before the ground, beyond the photograph's own.

    Squared, so that a few strokes that happen to lie there weigh little and a halo much.

    Args:
        painted: (N, 3, H, W) in 0..1.
        photographs: (N, 3, H, W) in 0..1, what they were painted of, without noise.

    Returns:
        0: no rim is seen; 1: it differs by 10 units of CIE L*a*b*. The mean over the pictures.
    """
    found = [_of_one(*pair) for pair in zip(painted.float(), photographs.float(), strict=True)]
    return torch.stack(found).mean()


def _of_one(painted: Tensor, photograph: Tensor) -> Tensor:
    picture = np.ascontiguousarray((photograph * 255).byte().permute(1, 2, 0).cpu().numpy())
    labs = lab_colours(torch.stack([photograph, painted]))
    found = [labs.new_zeros(())]
    for where in rims.places(picture, _between(picture)):
        if where.enough:
            rim, ground = (torch.from_numpy(mask).to(labs.device) for mask in where)
            own, seen = (_apart(lab, rim, ground) for lab in labs)
            found.append((torch.relu(seen - own) / _VISIBLE).square())
    return torch.stack(found).sum() / len(rims.BANDS)


def _between(picture: Any) -> float:
    """The level halfway between what is dark and what is light here, told apart after Otsu 1979."""
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    level, dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    if not 0 < dark.mean() < 1:
        return float(level)
    return float(grey[dark > 0].mean() + grey[dark == 0].mean()) / 2


def _apart(lab: Tensor, rim: Tensor, ground: Tensor) -> Tensor:
    """Of (3, H, W), the distance between the mean colours of two masks; its slope is finite at zero."""
    difference = lab[:, rim].mean(1) - lab[:, ground].mean(1)
    return (difference.square().sum() + 1e-6).sqrt()
