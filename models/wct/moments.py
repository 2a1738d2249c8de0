"""The algebra of whitening and colouring, for arrays of NumPy and tensors alike. Needs no torch.

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

import importlib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Values = Any  # arrays, or tensors

EPSILON = 1e-10  # of the mean eigenvalue; smaller ones are raised to it
BLACK = 1e-6  # the least variance there is; a flat picture has none, and its rounding errors are no features
BLOCK = 2**15  # pixels that are summed up at once


class Moments(NamedTuple):
    """Mean and covariance of the channels of each picture's features, over its pixels."""

    mean: Values  # (N, C)
    covariance: Values  # (N, C, C)


Statistics = Mapping[int, Moments]  # by level: of a style; arrays


class Affine(NamedTuple):
    """f -> matrix f + offset, for each picture."""

    matrix: Values  # (N, C, C)
    offset: Values  # (N, C)


def of_features(features: NDArray[Any]) -> Moments:
    """Mean and covariance over positions; float64.

    Args:
        features: (N, h, w, C).
    """
    n, _, _, channels = features.shape
    flat = np.asarray(features.reshape(n, -1, channels), np.float32)
    pixels = flat.shape[1]
    mean = np.stack([each.sum(0, dtype=np.float64) / pixels for each in flat])
    covariance = np.zeros((n, channels, channels))
    for number, each in enumerate(flat):
        about = mean[number].astype(np.float32)
        for first in range(0, pixels, BLOCK):
            centred = each[first : first + BLOCK] - about
            covariance[number] += centred.T @ centred
    return Moments(mean, covariance / pixels)


def mean_of(several: Sequence[Moments], weights: Sequence[float]) -> Moments:
    """A mixture of pictures' moments; the weights sum to 1.

    Li et al. 2017 (section 4.1) mix what is coloured; mixing the statistics costs one transform for any
    number of pictures.
    """
    mean = sum(w * m.mean for w, m in zip(weights, several, strict=True))
    covariance = sum(w * m.covariance for w, m in zip(weights, several, strict=True))
    return Moments(mean, covariance)


class Roots(NamedTuple):
    """A matrix's square root and the inverse of that, (N, C, C)."""

    root: Values
    inverse: Values


def roots(covariance: Values, epsilon: float = EPSILON) -> Roots:
    """E D^(1/2) E^T, which gives white features this covariance, and E D^(-1/2) E^T, which whitens; float64.

    Args:
        covariance: (N, C, C), symmetric.
        epsilon: share of the mean eigenvalue that smaller ones are raised to.
    """
    values, vectors = _eigen(covariance)
    floor = (epsilon * values.mean(1)).clip(BLACK)[:, None]
    deviations = _library(values).maximum(values, floor)[:, None] ** 0.5
    back = vectors.swapaxes(1, 2)
    return Roots((vectors * deviations) @ back, (vectors / deviations) @ back)


def _root(covariance: Values) -> Values:
    """The square root of what may have none of its own directions: float64, no floor but 0."""
    values, vectors = _eigen(covariance)
    return (vectors * values.clip(0)[:, None] ** 0.5) @ vectors.swapaxes(1, 2)


def _eigen(covariance: Values) -> tuple[Values, Values]:
    wide = _wide(covariance, covariance)
    values, vectors = _library(wide).linalg.eigh((wide + wide.swapaxes(1, 2)) / 2)
    return values, vectors


def _wide(values: Values, like: Values) -> Values:
    """In float64, of the library of others."""
    library = _library(like)
    return library.asarray(values, dtype=library.float64)


def _library(values: Values) -> Any:
    """NumPy or torch, whichever made these."""
    return np if isinstance(values, np.ndarray) else importlib.import_module("torch")


def transform(content: Moments, style: Moments, *, alpha: float = 1.0, epsilon: float = EPSILON) -> Affine:
    """Whitening, turning, colouring and blending as one affine map of the content's features.

    Args:
        content: of the features that will be mapped.
        style: (N or 1) pictures' whose mean and covariance they shall have.
        alpha: 0..1, how far.
        epsilon: see `roots`.
    """
    root, inverse = roots(content.covariance, epsilon)
    wanted = Moments(*(_wide(each, content.mean) for each in style))
    return affine(inverse @ _root(root @ wanted.covariance @ root) @ inverse, content, wanted, alpha)


def affine(matrix: Values, content: Moments, style: Moments, alpha: float) -> Affine:
    """What maps features by as much of a matrix, and to as much of the style's mean, as alpha says."""
    eye = _library(matrix).eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device)
    blend = alpha * matrix + (1 - alpha) * eye
    offset = alpha * (style.mean - (matrix @ content.mean[..., None])[..., 0])
    return Affine(blend, offset)


def packed(made: Affine) -> Values:
    """(N, 1, 1, (C + 1) C) float32, as `sections.mapped` takes it (there its channels come first)."""
    library = _library(made.matrix)
    rows = library.concatenate([made.matrix.swapaxes(1, 2), made.offset[:, None]], 1)
    return library.asarray(rows.reshape(len(rows), 1, 1, -1), dtype=library.float32)
