"""Perceptual losses as pure functions of images and VGG features.

Every loss is relative: a squared distance over the squared norm of what it should be. Layers whose
features are a thousand times larger then weigh no more than the others, and a weight means the same
for each painting. `style_distance` and `content_distance` are at once the training losses and the
figures this project reports.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

# Johnson et al. 2016, section 4.1, on VGG-16.
STYLE_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")
CONTENT_LAYER = "relu3_3"

_TINY = 1e-12  # keeps the ratio finite when the target is black


def gram_matrix(features: Tensor) -> Tensor:
    """Gram matrix over positions, divided by C*H*W (Johnson et al. 2016, equation 3).

    Args:
        features: (N, C, H, W).

    Returns:
        (N, C, C) float32; computed in float32 whatever the features are in, because the sum runs
        over tens of thousands of positions.
    """
    n, c, h, w = features.shape
    flat = features.reshape(n, c, h * w).float()
    with torch.autocast(features.device.type, enabled=False):
        return flat @ flat.transpose(1, 2) / (c * h * w)


def relative_squared_distance(value: Tensor, target: Tensor) -> Tensor:
    """|value - target|^2 / |target|^2 for each entry of the batch, then the mean over it.

    Args:
        value: (N, ...).
        target: (N, ...) or (1, ...), which then serves the whole batch.
    """
    value, target = value.float(), target.float()
    distance = (value - target).pow(2).flatten(1).sum(1)
    return (distance / target.pow(2).flatten(1).sum(1).clamp_min(_TINY)).mean()


def content_distance(features: Tensor, target: Tensor) -> Tensor:
    """Feature reconstruction loss (Johnson et al. 2016, equation 2), relative.

    Args:
        features, target: (N, C, H, W) VGG features at `CONTENT_LAYER`.
    """
    return relative_squared_distance(features, target)


def style_distances(features: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Style reconstruction loss (Johnson et al. 2016, equation 4), relative, layer by layer.

    Args:
        features: layer name -> (N, C, H, W).
        targets: layer name -> Gram matrix of the painting, (1, C, C) or (N, C, C).
    """
    return {
        layer: relative_squared_distance(gram_matrix(features[layer]), gram)
        for layer, gram in targets.items()
    }


def style_distance(features: Mapping[str, Tensor], targets: Mapping[str, Tensor]) -> Tensor:
    """Mean of `style_distances` over the layers."""
    return torch.stack(list(style_distances(features, targets).values())).mean()


def total_variation(images: Tensor) -> Tensor:
    """Mean squared difference between neighbours, right and below (Mahendran & Vedaldi 2015, eq. 5).

    Args:
        images: (N, 3, H, W) in 0..1.
    """
    across = (images[..., :, 1:] - images[..., :, :-1]).pow(2).mean()
    down = (images[..., 1:, :] - images[..., :-1, :]).pow(2).mean()
    return across + down


def shift_inconsistency(painted: Tensor, shifted: Tensor, across: int, down: int) -> Tensor:
    """How far the painting of a shifted photograph is from the shifted painting: mean squared error.

    A network whose deepest features are an eighth of the frame may paint strokes that are locked to
    that grid: they show as ripples 8 px apart, and stand still while the film pans. Photographs have
    no such grid, so this asks for the same strokes wherever the grid lies (in the spirit of the
    temporal loss of Ruder et al. 2016, equation 9, with an exact flow and nothing occluded).

    Args:
        painted: (N, 3, H, W), of photographs.
        shifted: (N, 3, H, W), of the same ones seen `across` px further right and `down` px lower.
        across, down: at least 0, in px.
    """
    height, width = painted.shape[-2:]
    overlap = shifted[..., : height - down, : width - across]
    return (painted[..., down:, across:] - overlap).pow(2).mean()
