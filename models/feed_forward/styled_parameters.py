"""What the numbers of all painters with styles have in common: a table of styles, and all that is shared.

All that differs between two styles is a scale and a shift for each channel of each normalisation (Dumoulin et
al. 2017). Needs no torch.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.feed_forward.shape import Norm

_MOST_NORMALISED = 2.0**16  # the root of how many pixels a picture may have
NEAR_OVERFLOW = 1e18  # whose square, as a variance has it, is a number in float32

StyleVector = NDArray[np.float32]  # (K,), the scales and shifts of one style; see `shape.norms`


class StyledParameters(ABC):
    """The numbers of a network and of its styles; a frozen dataclass derives from it."""

    config: Any  # a dataclass with a field `styles`
    arrays: Mapping[str, NDArray[Any]]  # float32, by the names that PyTorch gives them

    @abstractmethod
    def norms(self) -> Iterable[Norm]:
        """The network's normalisations, in the order in which a style lists their numbers."""

    @abstractmethod
    def _bounds(self) -> Iterator[float]:
        """How large the outcome of each convolution can be."""

    @cached_property
    def table(self) -> NDArray[np.float32]:
        """(S, K): each row is a style."""
        columns = [self.arrays[f"{norm.name}.{kind}"] for norm in self.norms() for kind in ("scale", "shift")]
        return np.concatenate(columns, axis=1, dtype=np.float32)

    @cached_property
    def convolutions(self) -> bytes:
        """A checksum of all but the styles: where it is the same, styles can be mixed."""
        digest = hashlib.sha256(repr(replace(self.config, styles=1)).encode())
        for name in sorted(self.arrays):
            if not name.endswith((".scale", ".shift")):
                digest.update(np.ascontiguousarray(self.arrays[name], np.float32).tobytes())
        return digest.digest()

    def mixed(self, weights: Sequence[float]) -> StyleVector:
        """The styles, so much of each, as one: their weighted sum (Dumoulin et al. 2017, section 3)."""
        return np.asarray(weights, np.float32) @ self.table

    @property
    def surely_finite(self) -> bool:
        """Whether no picture and no mixture can make a number overflow, by bounds alone."""
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(max(self._bounds()) < NEAR_OVERFLOW)

    def _convolved(self, name: str, given: float) -> float:
        """Of inputs that are no larger than `given`; upsampling before it makes none larger."""
        weight, bias = self.arrays[f"{name}.weight"], self.arrays.get(f"{name}.bias", np.zeros(1))
        return float(np.abs(weight).sum((1, 2, 3), dtype=np.float64).max() * given + np.abs(bias).max())

    def _normed(self, name: str) -> float:
        scale, shift = (self.arrays[f"{name}.{kind}"] for kind in ("scale", "shift"))
        return float(_MOST_NORMALISED * np.abs(scale).max() + np.abs(shift).max())
