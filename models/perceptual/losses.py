"""Perceptual losses as pure functions of images and VGG features.

Every loss is relative: a squared distance over the squared norm of what it should be. Layers whose
features are a thousand times larger then weigh no more than the others, and a weight means the same
for each painting. `style_distance` and `content_distance` are at once the training losses and the
figures this project reports.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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
    gram: Tensor = _Gram.apply(features)
    return gram


class _Gram(torch.autograd.Function):
    """X^T X / (C*H*W) for X of (N, H*W, C), which is how channels-last features lie in memory.

    Its own gradient, X (g + g^T) / (C*H*W), takes one product where the general rule takes two and
    adds and transposes the large results: that was a sixth of a training step.
    """

    @staticmethod
    def forward(ctx: Any, features: Tensor) -> Tensor:
        ctx.save_for_backward(features)
        x = _by_position(features)
        with torch.autocast(features.device.type, enabled=False):
            return x.transpose(1, 2) @ x / features[0].numel()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (features,) = ctx.saved_tensors
        n, c, h, w = features.shape
        with torch.autocast(features.device.type, enabled=False):
            x = _by_position(features) @ ((gradient + gradient.transpose(1, 2)) / (c * h * w))
        back: Tensor = x.to(features.dtype).view(n, h, w, c).permute(0, 3, 1, 2)
        return back


def _by_position(features: Tensor) -> Tensor:
    """(N, C, H, W) -> (N, H*W, C) float32."""
    return features.permute(0, 2, 3, 1).flatten(1, 2).float()


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


def consistency(painted: Tensor, again: Tensor, visible: Tensor, roughness: Tensor) -> Tensor:
    """How far two paintings of the same scene are apart: mean squared error where both show it, relative.

    The temporal loss of Ruder et al. 2016 (section 4.2) with an exact flow. Two frames of a film differ
    by a pan, a zoom, noise and light; a painting that should not flicker differs by pan and zoom alone.
    It also forbids strokes that are locked to the network's grid, which would show as ripples 8 px
    apart and stand still while the film pans: photographs have no such grid.

    Args:
        painted: (N, 3, H, W), the painting of one view, warped to where the other sees it.
        again: (N, 3, H, W), the painting of the other view.
        visible: (N, 1, H, W), 1 where both views show the scene, else 0.
        roughness: (N,) root of the `total_variation` of the painting that each is painted as, by which the
            error is divided: rough strokes flicker more for the same reason, and are asked for no less.
    """
    difference = (painted - again).pow(2).mean(1, keepdim=True) * visible
    relative = difference / roughness.clamp_min(_TINY).view(-1, 1, 1, 1)
    return relative.sum() / visible.sum().clamp_min(1)
