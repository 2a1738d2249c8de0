"""A feed-forward painter's numbers as arrays: enough to paint with a program that is converted already.

Needs no torch, unless the network itself is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.feed_forward.shape import TransformNetConfig, norms, shapes

if TYPE_CHECKING:
    from stylize_video.models.feed_forward.transform_net import TransformNet

_MOST_NORMALISED = 2.0**16  # the root of how many pixels a picture may have
_NEAR_OVERFLOW = 1e18  # whose square, as a variance has it, is a number in float32

StyleVector = NDArray[np.float32]  # (K,), the scales and shifts of one style; see `shape.norms`


@dataclass(frozen=True, eq=False)
class TransformParameters:
    """The numbers of a network and of its styles.

    Raises:
        ValueError: the arrays are those of another network.
    """

    config: TransformNetConfig
    arrays: Mapping[str, NDArray[Any]]  # float32, by the names that PyTorch gives them

    def __post_init__(self) -> None:
        if self.config.blocks > len(self.arrays):  # each has several; a billion would take minutes to count
            raise ValueError(f"{self.config.blocks} blocks of {len(self.arrays)} arrays")
        if shapes(self.config) != {name: array.shape for name, array in self.arrays.items()}:
            raise ValueError("the network's arrays are others")

    @classmethod
    def of(cls, network: TransformNet) -> TransformParameters:
        """Those of a network."""
        state = network.state_dict()
        return cls(network.config, {name: value.float().cpu().numpy() for name, value in state.items()})

    @cached_property
    def table(self) -> NDArray[np.float32]:
        """(S, K): each row is a style."""
        columns = [
            self.arrays[f"{norm.name}.{kind}"] for norm in norms(self.config) for kind in ("scale", "shift")
        ]
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

    def with_style(self, style: StyleVector) -> TransformParameters:
        """The same convolutions with one style alone."""
        arrays = dict(self.arrays)
        for norm in norms(self.config):
            arrays[f"{norm.name}.scale"] = style[None, norm.scales]
            arrays[f"{norm.name}.shift"] = style[None, norm.shifts]
        return TransformParameters(replace(self.config, styles=1), arrays)

    @property
    def surely_finite(self) -> bool:
        """Whether no picture and no mixture can make a number overflow, by bounds alone."""
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(max(self._bounds()) < _NEAR_OVERFLOW)

    def _bounds(self) -> Iterator[float]:
        """How large the outcome of each convolution and each normalisation can be."""
        skip = self._normed("head_norm")
        yield self._convolved("head", 1.0)
        yield self._convolved("down", skip)
        deep = self._normed("down_norm")
        for block in range(self.config.blocks):
            yield self._convolved(f"blocks.{block}.conv1", deep)
            yield self._convolved(f"blocks.{block}.conv2", self._normed(f"blocks.{block}.norm1"))
            deep += self._normed(f"blocks.{block}.norm2")
        yield self._convolved("up_quarter", deep)
        yield self._convolved("up_half", self._normed("up_quarter_norm") + skip)
        yield self._convolved("up_full", self._normed("up_half_norm"))

    def _convolved(self, name: str, given: float) -> float:
        """Of inputs that are no larger than `given`; upsampling before it makes none larger."""
        weight, bias = self.arrays[f"{name}.weight"], self.arrays.get(f"{name}.bias", np.zeros(1))
        return float(np.abs(weight).sum((1, 2, 3), dtype=np.float64).max() * given + np.abs(bias).max())

    def _normed(self, name: str) -> float:
        scale, shift = (self.arrays[f"{name}.{kind}"] for kind in ("scale", "shift"))
        return float(_MOST_NORMALISED * np.abs(scale).max() + np.abs(shift).max())

    def network(self) -> TransformNet:
        """The network, on the CPU; imports torch."""
        import torch

        from stylize_video.models.feed_forward.transform_net import TransformNet

        network = TransformNet.empty(self.config)
        network.load_state_dict({name: torch.tensor(array) for name, array in self.arrays.items()})
        return network.eval()
