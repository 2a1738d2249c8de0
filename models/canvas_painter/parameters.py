"""The numbers of a painter with a canvas as arrays: enough to paint with a program that is converted already.

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

from stylize_video.models.feed_forward.canvas_shape import CanvasNetConfig, norms, shapes
from stylize_video.models.feed_forward.parameters import StyleVector

if TYPE_CHECKING:
    from stylize_video.models.feed_forward.network import CanvasNet

_MOST_NORMALISED = 2.0**16  # the root of how many pixels a picture may have
_NEAR_OVERFLOW = 1e18  # whose square, as a variance has it, is a number in float32
_MOST_NOISE = 16.0  # of a canvas, whose standard deviation is 1


@dataclass(frozen=True, eq=False)
class CanvasParameters:
    """The numbers of a network and of its styles.

    Raises:
        ValueError: the arrays are those of another network.
    """

    config: CanvasNetConfig
    arrays: Mapping[str, NDArray[Any]]  # float32, by the names that PyTorch gives them

    def __post_init__(self) -> None:
        blocks = self.config.eighth_blocks + self.config.sixteenth_blocks
        if blocks > len(self.arrays):  # each has several; a billion would take minutes to count
            raise ValueError(f"{blocks} blocks of {len(self.arrays)} arrays")
        if shapes(self.config) != {name: array.shape for name, array in self.arrays.items()}:
            raise ValueError("the network's arrays are others")

    @classmethod
    def of(cls, network: CanvasNet) -> CanvasParameters:
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

    @property
    def surely_finite(self) -> bool:
        """Whether no picture and no mixture can make a number overflow, by bounds alone."""
        with np.errstate(over="ignore", invalid="ignore"):
            return bool(max(self._bounds()) < _NEAR_OVERFLOW)

    def _bounds(self) -> Iterator[float]:
        """How large the outcome of each convolution can be."""
        quarter = self._normed("head.norm")
        given = {  # to each; features only grow along the blocks, so that the last ones' bound holds for all
            "head": _MOST_NOISE,
            "down": quarter,
            "down_deep": self._streams["eighth"],
            "up_eighth": self._streams["sixteenth"],
            "up_quarter": self._streams["eighth"],
            "merge": self._normed("up_quarter.norm") + quarter,
            "up_half": self._normed("merge.norm"),
            "up_full": self._normed("up_half.norm"),
        }
        for name, most in given.items():
            yield self._convolved(f"{name}.convolution", most)
        for name, _ in self.config.blocks:
            deep = name.startswith("deep.")
            yield self._convolved(f"{name}.conv1", self._streams["sixteenth" if deep else "eighth"])
            yield self._convolved(f"{name}.conv2", self._normed(f"{name}.norm1"))
        yield self._convolved("last", self._normed("up_full.norm"))

    @property
    def _streams(self) -> Mapping[str, float]:
        """How large features can be after all blocks, at an eighth and a sixteenth of the resolution."""
        blocks = [(name, self._normed(f"{name}.norm2")) for name, _ in self.config.blocks]
        return {
            "sixteenth": self._normed("down_deep.norm") + sum(b for n, b in blocks if n.startswith("deep.")),
            "eighth": self._normed("down.norm")
            + self._normed("up_eighth.norm")
            + sum(b for n, b in blocks if not n.startswith("deep.")),
        }

    def _convolved(self, name: str, given: float) -> float:
        """Of inputs that are no larger than `given`; upsampling before it makes none larger."""
        weight, bias = self.arrays[f"{name}.weight"], self.arrays.get(f"{name}.bias", np.zeros(1))
        return float(np.abs(weight).sum((1, 2, 3), dtype=np.float64).max() * given + np.abs(bias).max())

    def _normed(self, name: str) -> float:
        scale, shift = (self.arrays[f"{name}.{kind}"] for kind in ("scale", "shift"))
        return float(_MOST_NORMALISED * np.abs(scale).max() + np.abs(shift).max())

    def network(self) -> CanvasNet:
        """The network, on the CPU; imports torch."""
        import torch

        from stylize_video.models.feed_forward.network import CanvasNet

        with torch.random.fork_rng(devices=[]):
            network = CanvasNet(self.config)
        network.load_state_dict({name: torch.tensor(array) for name, array in self.arrays.items()})
        return network.eval()
