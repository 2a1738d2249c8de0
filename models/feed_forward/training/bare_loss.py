"""Bare canvas as a loss: see `models/perceptual/brushwork.py`.

Gram distances over windows ask for the right strokes in the mean, and leave windows that have too few of them
where a painting is covered evenly.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.models.perceptual import brushwork
from stylize_video.models.perceptual.brushwork import OCTAVES, WINDOW
from stylize_video.pictures.pictures import Picture

_MARGIN = 1.2  # times what is just not bare: what is asked of each window is reached by most of them only
_TINY = 1e-6  # keeps a root's slope finite
_REACH = 4  # standard deviations, at which a Gaussian is cut off
# sRGB to CIE XYZ, each divided by the white D65 (IEC 61966-2-1), as OpenCV has it.
_TO_XYZ = (
    (0.412453 / 0.950456, 0.357580 / 0.950456, 0.180423 / 0.950456),
    (0.212671, 0.715160, 0.072169),
    (0.019334 / 1.088754, 0.119193 / 1.088754, 0.950227 / 1.088754),
)
_TO_LAB = ((0.0, 116.0, 0.0), (500.0, -500.0, 0.0), (0.0, 200.0, -200.0))  # but for L's constant


def least_energies(paintings: Sequence[Picture], size: int) -> Tensor:
    """What nine tenths of the windows of S paintings have at least.

    Args:
        paintings: (H, W, 3) uint8 RGB, none narrower than a window when it is looked at.
        size: its longer side in px when looked at.

    Returns:
        (S, octaves).
    """
    found = [brushwork.least(brushwork.looked_at(painting, size)) for painting in paintings]
    return torch.from_numpy(np.stack(found)).float()


def bare_loss(painted: Tensor, least: Tensor) -> Tensor:
    """What windows lack of the brushwork that is asked for, as a share of it; the mean over all.

    Args:
        painted: (N, 3, H, W) in 0..1, in the size that is measured in.
        least: (N, octaves), from `least_energies`.

    Returns:
        0: no window is bare; 1: all are blank.
    """
    asked = _MARGIN * least.clamp_min(_TINY)
    return torch.relu(1 - energies(painted) / asked[..., None]).mean()


def energies(painted: Tensor) -> Tensor:
    """(N, 3, H, W) in 0..1 -> (N, octaves, windows): as `brushwork.energies` has them, with a gradient."""
    lab = lab_colours(painted.float())
    bands = [_blurred(lab, fine) - _blurred(lab, coarse) for fine, coarse in OCTAVES]
    power = torch.stack(bands, 1).square().sum(2)
    return F.avg_pool2d(power, WINDOW).flatten(2).add(_TINY).sqrt()


def lab_colours(rgb: Tensor) -> Tensor:
    """sRGB in 0..1 -> CIE L*a*b*, L less 16, which no band sees."""
    linear = torch.where(rgb > 0.04045, ((rgb.clamp_min(_TINY) + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    xyz = torch.einsum("ij,njhw->nihw", rgb.new_tensor(_TO_XYZ), linear)
    root = torch.where(xyz > 0.008856, xyz.clamp_min(0.008856) ** (1 / 3), 7.787 * xyz + 16 / 116)
    return torch.einsum("ij,njhw->nihw", rgb.new_tensor(_TO_LAB), root)


def _blurred(images: Tensor, deviation: float) -> Tensor:
    """By a Gaussian, rows and then columns: torchvision's takes both at once, 65 times 65 numbers a pixel."""
    reach = round(_REACH * deviation)
    distance = torch.arange(-reach, reach + 1, device=images.device, dtype=images.dtype)
    weights = torch.exp(-(distance**2) / (2 * deviation**2))
    kernel = (weights / weights.sum()).expand(images.shape[1], 1, 1, -1)
    padded = F.pad(images, (reach, reach, reach, reach), mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel, groups=len(kernel)), kernel.mT, groups=len(kernel))
