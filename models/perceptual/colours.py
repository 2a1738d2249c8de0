"""How far a picture's colours are from a painting's, wherever in the picture they lie.

Gram matrices of ReLU features are not centred: the mean outweighs what colours differ by, and a painting of
half the contrast has nearly the same matrix. The sliced Wasserstein distance (Rabin et al. 2011; Heitz et al.
2021, "A Sliced Wasserstein Loss for Neural Texture Synthesis") compares the whole distributions.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor

_DIRECTIONS = 16
_QUANTILES = 256
_SHRINK = (4, 16)  # times: colours of strokes, and of what is larger than strokes


def colour_quantiles(images: Tensor) -> Tensor:
    """The distributions of colours: quantiles along directions of the RGB cube, for each size looked at.

    Args:
        images: (N, 3, H, W) in 0..1, of at least 16 px a side.

    Returns:
        (N, sizes, directions, quantiles).
    """
    directions = _directions().to(images)
    found = []
    for times in _SHRINK:
        colours = F.avg_pool2d(images, times).flatten(2)  # (N, 3, pixels)
        with torch.autocast(images.device.type, enabled=False):  # which would round colours to 8 bits
            along = directions @ colours
        found.append(_quantiles(along.sort(-1).values))
    return torch.stack(found, 1)


def palettes(paintings: Sequence[Picture], size: int) -> Tensor:
    """(S, sizes, directions, quantiles) of S paintings, looked at with `size` px on the longer side."""
    looked_at = [to_tensor([resize_longer_side(painting, size)]) for painting in paintings]
    return torch.cat([colour_quantiles(image) for image in looked_at])


def colour_distance(images: Tensor, palette: Tensor) -> Tensor:
    """Squared sliced Wasserstein distance over the variance of the painting's colours; mean over the batch.

    Args:
        images: (N, 3, H, W) in 0..1.
        palette: (N, sizes, directions, quantiles) or (1, ...), from `palettes`.

    Returns:
        0: the same colours; 1: as far as a picture of the painting's mean colour alone.
    """
    distance = (colour_quantiles(images) - palette).square().mean(-1)
    variance = palette.var(-1, correction=0)
    return (distance.mean(-1) / variance.mean(-1).clamp_min(1e-6)).mean()


def _directions() -> Tensor:
    """(directions, 3): points spread evenly over half a sphere (a Fibonacci lattice)."""
    k = torch.arange(_DIRECTIONS, dtype=torch.float32) + 0.5
    height = k / _DIRECTIONS
    turn = k * (torch.pi * (3 - 5**0.5))
    radius = (1 - height.square()).sqrt()
    return torch.stack([radius * turn.cos(), radius * turn.sin(), height], 1)


def _quantiles(ascending: Tensor) -> Tensor:
    """(N, directions, pixels), each row sorted -> (N, directions, quantiles)."""
    return F.interpolate(ascending, _QUANTILES, mode="linear", align_corners=True)
