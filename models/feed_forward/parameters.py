"""The numbers of a painter with a canvas as arrays: enough to paint with a program that is converted already.

Needs no torch, unless the network itself is asked for.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.feed_forward import bounds
from stylize_video.models.feed_forward.bounds import NEAR_OVERFLOW
from stylize_video.models.feed_forward.shape import CanvasNetConfig, multiplying, norms, shapes
from stylize_video.models.runtimes.program import Ranges

if TYPE_CHECKING:
    from stylize_video.models.feed_forward.network import StyledNet

StyleVector = NDArray[np.float32]  # (K,), the scales and shifts of one style; see `shape.norms`


@dataclass(frozen=True, eq=False)
class CanvasParameters:
    """The numbers of a network and of its styles.

    All that differs between two styles is a scale and a shift for each channel of each normalisation
    (Dumoulin et al. 2017).

    Raises:
        ValueError: arrays or ranges are those of another network.
    """

    config: CanvasNetConfig
    arrays: Mapping[str, NDArray[Any]]  # float32, by the names that PyTorch gives them
    ranges: Ranges = field(default_factory=dict)  # of what goes into each convolution; or of none

    def __post_init__(self) -> None:
        blocks = self.config.eighth_blocks + self.config.sixteenth_blocks
        if blocks > len(self.arrays):  # each has several; a billion would take minutes to count
            raise ValueError(f"{blocks} blocks of {len(self.arrays)} arrays")
        if shapes(self.config) != {name: array.shape for name, array in self.arrays.items()}:
            raise ValueError("the network's arrays are others")
        if self.ranges:
            self._check_ranges()

    def _check_ranges(self) -> None:
        if set(self.ranges) != set(multiplying(self.config)):
            raise ValueError("the network's convolutions are others than those whose ranges are known")
        for name, (low, high) in self.ranges.items():
            if not -NEAR_OVERFLOW < low <= 0 < high < NEAR_OVERFLOW:
                raise ValueError(f"{name}: from {low} to {high} is no range")

    @classmethod
    def of(cls, network: StyledNet) -> CanvasParameters:
        """Those of a network."""
        state = network.state_dict()
        return cls(network.config, {name: value.float().cpu().numpy() for name, value in state.items()})

    @cached_property
    def table(self) -> NDArray[np.float32]:
        """(S, K): each row is a style."""
        kinds = ("scale", "shift")
        columns = [self.arrays[f"{norm.name}.{kind}"] for norm in norms(self.config) for kind in kinds]
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
        return bounds.surely_finite(self.config, self.arrays)

    def network(self) -> StyledNet:
        """The network, on the CPU; imports torch."""
        import torch

        with torch.random.fork_rng(devices=[]):
            network = self.config.network()
        network.load_state_dict({name: torch.tensor(array) for name, array in self.arrays.items()})
        return network.eval()
