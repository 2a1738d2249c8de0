"""The transform's networks as arrays, and what a runtime runs of them. Needs no torch until it is built."""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from stylize_video.models.runtimes.program import Bound, ChannelRanges, Program
from stylize_video.models.wct import shape
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.shape import WctConfig

if TYPE_CHECKING:
    from torch import nn

    from stylize_video.models.wct.network import WctNetwork

RANGES = "ranges"  # in a file's header: JSON, by a convolution's name two bounds, numbers or lists of them

# The largest number that anything may come to: float32 goes up to 3.4e38.
_NEAR_OVERFLOW = 1e37
_CENTRED = 0.5  # the largest number of a picture as the encoder takes it


@dataclass(frozen=True, eq=False)
class WctParameters:
    """The numbers of the encoder and of all decoders.

    Raises:
        ValueError, TypeError, AttributeError: arrays or ranges are those of other networks.
    """

    config: WctConfig
    arrays: Mapping[str, NDArray[Any]]  # float32, by the names that PyTorch gives them
    ranges: ChannelRanges = field(default_factory=dict)  # of what goes into convolutions; or of none

    def __post_init__(self) -> None:
        if shape.shapes(self.config) != {name: array.shape for name, array in self.arrays.items()}:
            raise ValueError("the network's arrays are others")
        if self.ranges and self.ranges.keys() != set(shape.multiplying(self.config)):
            raise ValueError("the network's convolutions are others than those whose ranges are known")
        known = shape.convolutions(self.config)
        for name, bounds in self.ranges.items():
            if not all(_fits(*bounds, channels=known[name].inputs)):
                raise ValueError(f"{name}: these are no ranges of its channels")

    @classmethod
    def of(cls, network: WctNetwork, ranges: ChannelRanges | None = None) -> WctParameters:
        """Those of a network."""
        arrays = {name: value.detach().float().cpu().numpy() for name, value in network.state_dict().items()}
        return cls(network.config, arrays, ranges or {})

    @cached_property
    def identity(self) -> bytes:
        """A checksum of all numbers that the networks compute by."""
        digest = hashlib.sha256(repr(self.config).encode())
        for name in sorted(self.arrays):
            digest.update(np.ascontiguousarray(self.arrays[name], np.float32).tobytes())
        return digest.digest()

    @cached_property
    def network(self) -> WctNetwork:
        """The networks, on the CPU; imports torch."""
        import torch

        from stylize_video.models.wct.network import WctNetwork

        made = WctNetwork.empty(self.config)
        # Copies: nobody shall write to these arrays.
        made.load_state_dict({name: torch.tensor(array) for name, array in self.arrays.items()})
        return made.eval().requires_grad_(False)

    @property
    def surely_finite(self) -> bool:
        """Whether no picture can make a number overflow while it is encoded and decoded, by bounds alone."""
        with np.errstate(over="ignore", invalid="ignore"):
            return all(self._largest(level) < _NEAR_OVERFLOW for level in LEVELS)

    def _largest(self, level: int) -> float:
        """What comes of encoding and decoding can't be larger."""
        most = _CENTRED
        for name in shape.names(self.config, encoding=level, decoding=level):
            weight, bias = self.arrays[f"{name}.weight"], self.arrays[f"{name}.bias"]
            most = float(np.abs(weight).sum((1, 2, 3), dtype=np.float64).max() * most + np.abs(bias).max())
        return most


def program(parameters: WctParameters, levels: Sequence[int]) -> Program:
    """All that it takes to go through some levels in their order; see `sections.modules`.

    Args:
        parameters: of the networks.
        levels: from coarse to fine.
    """

    def build() -> Mapping[str, nn.Module]:
        from stylize_video.models.wct import sections

        return sections.modules(parameters.network, levels)

    known = b"wct" + repr(tuple(levels)).encode() + parameters.identity
    return Program(build, known, _by_section(parameters, levels) if parameters.ranges else {})


def _by_section(parameters: WctParameters, levels: Sequence[int]) -> Mapping[str, ChannelRanges]:
    """The ranges of those convolutions that a section has."""
    config, first, last = parameters.config, levels[0], levels[-1]
    ending = shape.names(config, decoding=last)
    sections = {"encode": shape.names(config, encoding=first), "bytes": ending, "decode": ending}
    for a, b in itertools.pairwise(levels):
        sections[f"recode{a}{b}"] = shape.names(config, encoding=b, decoding=a)
    known = parameters.ranges
    return {
        section: {name: known[name] for name in names if name in known} for section, names in sections.items()
    }


def stored_ranges(metadata: Mapping[str, str]) -> ChannelRanges:
    """Those that a file's header has, not held against its networks yet.

    Raises:
        ValueError, TypeError, AttributeError: it has something else there.
    """
    pairs = json.loads(metadata.get(RANGES, "{}")).items()
    return {name: (_bound(low), _bound(high)) for name, (low, high) in pairs}


def _bound(found: float | list[float]) -> Bound:
    return tuple(map(float, found)) if isinstance(found, list) else float(found)


def _fits(low: Bound, high: Bound, *, channels: int) -> tuple[bool, ...]:
    lows, highs = np.atleast_1d(low), np.atleast_1d(high)
    finite = bool(np.isfinite(lows).all() and np.isfinite(highs).all())
    sizes = {lows.size, highs.size} <= {1, channels}
    return finite, sizes, bool((lows <= 0).all()), bool((highs > 0).all())
