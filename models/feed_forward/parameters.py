"""The numbers of a painter with a canvas as arrays: enough to paint with a program that is converted already.

Needs no torch, unless the network itself is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from stylize_video.models.feed_forward.shape import CanvasNetConfig, Norm, multiplying, norms, shapes
from stylize_video.models.feed_forward.styled_parameters import NEAR_OVERFLOW, StyledParameters
from stylize_video.models.runtimes.program import Ranges

if TYPE_CHECKING:
    from stylize_video.models.feed_forward.network import CanvasNet

_MOST_NOISE = 16.0  # of a canvas, whose standard deviation is 1


@dataclass(frozen=True, eq=False)
class CanvasParameters(StyledParameters):
    """The numbers of a network and of its styles.

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
    def of(cls, network: CanvasNet) -> CanvasParameters:
        """Those of a network."""
        state = network.state_dict()
        return cls(network.config, {name: value.float().cpu().numpy() for name, value in state.items()})

    def norms(self) -> Iterator[Norm]:
        """See `StyledParameters`."""
        return norms(self.config)

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

    def network(self) -> CanvasNet:
        """The network, on the CPU; imports torch."""
        import torch

        from stylize_video.models.feed_forward.network import CanvasNet

        with torch.random.fork_rng(devices=[]):
            network = CanvasNet(self.config)
        network.load_state_dict({name: torch.tensor(array) for name, array in self.arrays.items()})
        return network.eval()
