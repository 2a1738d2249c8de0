"""A feed-forward painter's numbers as arrays: enough to paint with a program that is converted already.

Needs no torch, unless the network itself is asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from stylize_video.models.feed_forward.shape import Norm
from stylize_video.models.feed_forward.styled_parameters import StyledParameters, StyleVector
from stylize_video.models.transform_net.shape import TransformNetConfig, norms, shapes

if TYPE_CHECKING:
    from stylize_video.models.transform_net.transform_net import TransformNet


@dataclass(frozen=True, eq=False)
class TransformParameters(StyledParameters):
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

    def with_style(self, style: StyleVector) -> TransformParameters:
        """The same convolutions with one style alone."""
        arrays = dict(self.arrays)
        for norm in norms(self.config):
            arrays[f"{norm.name}.scale"] = style[None, norm.scales]
            arrays[f"{norm.name}.shift"] = style[None, norm.shifts]
        return TransformParameters(replace(self.config, styles=1), arrays)

    def norms(self) -> Iterator[Norm]:
        """See `StyledParameters`."""
        return norms(self.config)

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

    def network(self) -> TransformNet:
        """The network, on the CPU; imports torch."""
        import torch

        from stylize_video.models.transform_net.transform_net import TransformNet

        network = TransformNet.empty(self.config)
        network.load_state_dict({name: torch.tensor(array) for name, array in self.arrays.items()})
        return network.eval()
