"""The whitening and colouring transform in torch alone: for GPUs, and for training. See `moments.py`."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from stylize_video.models.wct.moments import BLACK, BLOCK, Affine, Moments, Roots, affine

_STEPS = 24  # of Newton-Schulz; the smallest eigenvalue grows by 2.25 in each until it is 1


def moments(features: Tensor, weights: Tensor | None = None) -> Moments:
    """Mean and covariance over positions; float64 on CPUs, float32 elsewhere.

    Args:
        features: (N, C, H, W).
        weights: (N, 1, H, W) or (1, 1, H, W) in 0..1, how much each pixel counts; by default all the same.
            Where they sum to nothing, all pixels count.
    """
    n, c, *_ = features.shape
    x = features.permute(0, 2, 3, 1).reshape(n, -1, c).float()
    shares = _shares(x, weights)
    wide = torch.float64 if features.device.type == "cpu" else torch.float32  # Apple's GPUs have no other
    mean = torch.zeros(n, c, dtype=wide, device=x.device)
    for block, share in _blocks(x, shares):
        mean += (block * share).sum(1, dtype=wide)
    covariance = torch.zeros(n, c, c, dtype=wide, device=x.device)
    for block, share in _blocks(x, shares):
        centred = block - mean.to(block.dtype).unsqueeze(1)
        covariance += ((centred * share).transpose(1, 2) @ centred).to(wide)
    return Moments(mean, covariance)


def _shares(x: Tensor, weights: Tensor | None) -> Tensor:
    """How much each of P pixels counts, (N, P, 1) or one number for all; they sum to 1."""
    n, pixels, _ = x.shape
    if weights is None:
        return torch.full((1, 1, 1), 1 / pixels, device=x.device)
    w = weights.flatten(1).expand(n, -1)
    total = w.double().sum(1, keepdim=True) if x.device.type == "cpu" else w.sum(1, keepdim=True)
    return torch.where(total > 0, w / total.clamp_min(1e-12), 1 / pixels).float().unsqueeze(2)


def _blocks(x: Tensor, shares: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Pieces of (N, P, C) and their shares; at 4K, a copy of level 1 would have half a gigabyte."""
    for first in range(0, x.shape[1], BLOCK):
        piece = slice(first, first + BLOCK)
        yield x[:, piece], shares if shares.shape[1] == 1 else shares[:, piece]


def newton_schulz(covariance: Tensor, epsilon: float, steps: int = _STEPS) -> Roots:
    """Both square roots by products alone: no stall on a GPU, and a gradient that stays finite.

    The coupled iteration of Higham 2008, "Functions of Matrices", equation 6.35, as in Li et al. 2018,
    "Towards Faster Training of Global Covariance Pooling Networks by Iterative Matrix Square Root
    Normalization".

    Args:
        covariance: (N, C, C), symmetric.
        epsilon: share of the mean eigenvalue that is added to all; in float32 at least 1e-4.
        steps: enough for eigenvalues down to 2.25^-steps of their sum.
    """
    c = covariance.shape[-1]
    eye = torch.eye(c, dtype=covariance.dtype, device=covariance.device)
    trace = covariance.diagonal(dim1=1, dim2=2).sum(1).clamp_min(c * BLACK)[:, None, None]
    root, inverse = covariance / trace + epsilon / c * eye, eye.expand_as(covariance)
    scale = root.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
    root = root / scale
    for _ in range(steps):
        step = 1.5 * eye - 0.5 * inverse @ root
        root, inverse = root @ step, step @ inverse
    whole = (trace * scale).sqrt()
    return Roots(root * whole, inverse / whole)


def fast_transform(
    content: Moments,
    style: Moments,
    *,
    alpha: float = 1.0,
    epsilon: float,
    steps: int = _STEPS,
    turned: bool = True,
) -> Affine:
    """`moments.transform` by products alone, in the moments' own precision.

    Args:
        content, style, alpha: see `moments.transform`.
        epsilon, steps: see `newton_schulz`.
        turned: whether white features are turned; training spares itself the gradient of that.
    """
    roots_of_content = newton_schulz(content.covariance, epsilon, steps)
    color = newton_schulz(style.covariance, epsilon, steps).root
    if turned:
        # Of the products C_s^(1/2) C_c^(1/2) = Q H, the symmetric H is the root above; the rest turns.
        color = color @ _orthogonal(color @ roots_of_content.root, 2 * steps)
    return affine(color @ roots_of_content.inverse, content, style, alpha)


def _orthogonal(matrix: Tensor, steps: int) -> Tensor:
    """The orthogonal factor Q of (N, C, C) matrices = Q H; Higham 2008, section 8.3.

    Whatever is found for directions that hardly are in the matrix, the style's covariance comes of it.
    """
    found: Tensor = matrix / matrix.flatten(1).norm(dim=1).clamp_min(BLACK)[:, None, None]
    for _ in range(steps):
        found = 1.5 * found - 0.5 * found @ found.transpose(1, 2) @ found
    return found


def apply(features: Tensor, affine: Affine) -> Tensor:
    """(N, C, H, W) -> the same, mapped; in the features' precision."""
    n, c, h, w = features.shape
    x = features.permute(0, 2, 3, 1).reshape(n, -1, c)
    matrix, offset = affine.matrix.to(x.dtype).transpose(1, 2), affine.offset.to(x.dtype).unsqueeze(1)
    mapped = torch.baddbmm(offset, x, matrix.expand(n, -1, -1))
    result: Tensor = mapped.view(n, h, w, c).permute(0, 3, 1, 2)
    return result
