"""The whitening and colouring transform: features are given the mean and covariance of another picture's.

After Li et al. 2017, "Universal Style Transfer via Feature Transforms" (section 3.2). With the content's
centred features f_c = E_c D_c^(1/2) E_c^T f^ of covariance E_c D_c E_c^T, and the style's E_s D_s E_s^T and
mean m_s:

- whitening (equation 1): f^ = E_c D_c^(-1/2) E_c^T f_c, so that f^ f^^T = I;
- colouring (equation 2): f_cs = E_s D_s^(1/2) E_s^T f^, so that f_cs f_cs^T is the style's covariance, and
  m_s added;
- blending (equation 3): alpha f_cs + (1 - alpha) f_c.

Departure: between the two, white features may be turned in any way; the style's covariance comes of all. Li
et al. don't turn them, and an edge may come out as something else. Here they are turned so that features
change least: C_c^(-1/2) (C_c^(1/2) C_s C_c^(1/2))^(1/2) C_c^(-1/2) in all, for covariances C_c and C_s (Lu et
al. 2019, "A Closed-Form Solution to Universal Style Transfer").

All of that is affine in the features, f -> A f + b, so that statistics are what is computed, smoothed and
kept, and `transform` makes A and b of them. Covariances here are means over positions, not sums: the factor
cancels out.

A covariance of few pixels, of flat ones or of channels that are always 0 has no inverse. Eigenvalues below
a small share of their mean are raised to it, in float64: what a picture doesn't have is not made of noise.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

EPSILON = 1e-10  # of the mean eigenvalue; smaller ones are raised to it
_BLACK = 1e-6  # the least variance there is; a flat picture has none, and its rounding errors are no features
_BLOCK = 2**15  # pixels that are summed up at once
_STEPS = 24  # of Newton-Schulz; the smallest eigenvalue grows by 2.25 in each until it is 1


class Moments(NamedTuple):
    """Mean and covariance of the channels of each picture's features, over its pixels."""

    mean: Tensor  # (N, C)
    covariance: Tensor  # (N, C, C)


class Affine(NamedTuple):
    """f -> matrix f + offset, for each picture."""

    matrix: Tensor  # (N, C, C)
    offset: Tensor  # (N, C)


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
    for first in range(0, x.shape[1], _BLOCK):
        piece = slice(first, first + _BLOCK)
        yield x[:, piece], shares if shares.shape[1] == 1 else shares[:, piece]


def mean_of(several: Sequence[Moments], weights: Sequence[float]) -> Moments:
    """A mixture of pictures' moments; the weights sum to 1.

    Li et al. 2017 (section 4.1) mix what is coloured; mixing the statistics costs one transform for any
    number of pictures.
    """
    mean = sum((w * m.mean for w, m in zip(weights, several, strict=True)), torch.zeros(()))
    covariance = sum((w * m.covariance for w, m in zip(weights, several, strict=True)), torch.zeros(()))
    return Moments(mean, covariance)


class Roots(NamedTuple):
    """A matrix's square root and the inverse of that, (N, C, C)."""

    root: Tensor
    inverse: Tensor


def roots(covariance: Tensor, epsilon: float = EPSILON) -> Roots:
    """E D^(1/2) E^T, which gives white features this covariance, and E D^(-1/2) E^T, which whitens; float64.

    Args:
        covariance: (N, C, C), symmetric.
        epsilon: share of the mean eigenvalue that smaller ones are raised to.
    """
    values, vectors = _eigen(covariance)
    floor = (epsilon * values.mean(1, keepdim=True)).clamp_min(_BLACK)
    deviations = torch.maximum(values, floor).sqrt().unsqueeze(1)
    back = vectors.transpose(1, 2)
    return Roots((vectors * deviations) @ back, (vectors / deviations) @ back)


def _root(covariance: Tensor) -> Tensor:
    """The square root of what may have none of its own directions: float64, no floor but 0."""
    values, vectors = _eigen(covariance)
    root: Tensor = (vectors * values.clamp_min(0).sqrt().unsqueeze(1)) @ vectors.transpose(1, 2)
    return root


def _eigen(covariance: Tensor) -> tuple[Tensor, Tensor]:
    wide = covariance.double()
    values, vectors = torch.linalg.eigh((wide + wide.transpose(1, 2)) / 2)
    return values, vectors


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
    trace = covariance.diagonal(dim1=1, dim2=2).sum(1).clamp_min(c * _BLACK)[:, None, None]
    root, inverse = covariance / trace + epsilon / c * eye, eye.expand_as(covariance)
    scale = root.diagonal(dim1=1, dim2=2).sum(1)[:, None, None]
    root = root / scale
    for _ in range(steps):
        step = 1.5 * eye - 0.5 * inverse @ root
        root, inverse = root @ step, step @ inverse
    whole = (trace * scale).sqrt()
    return Roots(root * whole, inverse / whole)


def transform(
    content: Moments,
    style: Moments,
    *,
    alpha: float = 1.0,
    epsilon: float = EPSILON,
) -> Affine:
    """Whitening, turning, colouring and blending as one affine map of the content's features.

    Args:
        content: of the features that will be mapped.
        style: (N or 1) pictures' whose mean and covariance they shall have.
        alpha: 0..1, how far.
        epsilon: see `roots`.
    """
    root, inverse = roots(content.covariance, epsilon)
    matrix = inverse @ _root(root @ style.covariance.double() @ root) @ inverse
    return _affine(matrix, content, style, alpha)


def fast_transform(
    content: Moments,
    style: Moments,
    *,
    alpha: float = 1.0,
    epsilon: float,
    steps: int = _STEPS,
    turned: bool = True,
) -> Affine:
    """The same by products alone, in the moments' own precision: for GPUs, and for training.

    Args:
        content, style, alpha: see `transform`.
        epsilon, steps: see `newton_schulz`.
        turned: whether white features are turned; training spares itself the gradient of that.
    """
    roots_of_content = newton_schulz(content.covariance, epsilon, steps)
    color = newton_schulz(style.covariance, epsilon, steps).root
    if turned:
        # Of the products C_s^(1/2) C_c^(1/2) = Q H, the symmetric H is the root above; the rest turns.
        color = color @ _orthogonal(color @ roots_of_content.root, 2 * steps)
    return _affine(color @ roots_of_content.inverse, content, style, alpha)


def _orthogonal(matrix: Tensor, steps: int) -> Tensor:
    """The orthogonal factor Q of (N, C, C) matrices = Q H; Higham 2008, section 8.3.

    Whatever is found for directions that hardly are in the matrix, the style's covariance comes of it.
    """
    found: Tensor = matrix / matrix.flatten(1).norm(dim=1).clamp_min(_BLACK)[:, None, None]
    for _ in range(steps):
        found = 1.5 * found - 0.5 * found @ found.transpose(1, 2) @ found
    return found


def _affine(matrix: Tensor, content: Moments, style: Moments, alpha: float) -> Affine:
    eye = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    blend = alpha * matrix + (1 - alpha) * eye
    offset = alpha * (style.mean - (matrix @ content.mean.unsqueeze(2)).squeeze(2))
    return Affine(blend, offset)


def apply(features: Tensor, affine: Affine) -> Tensor:
    """(N, C, H, W) -> the same, mapped; in the features' precision."""
    n, c, h, w = features.shape
    x = features.permute(0, 2, 3, 1).reshape(n, -1, c)
    matrix, offset = affine.matrix.to(x.dtype).transpose(1, 2), affine.offset.to(x.dtype).unsqueeze(1)
    mapped = torch.baddbmm(offset, x, matrix.expand(n, -1, -1))
    result: Tensor = mapped.view(n, h, w, c).permute(0, 3, 1, 2)
    return result
