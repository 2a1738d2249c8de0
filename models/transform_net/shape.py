"""The shape of the feed-forward painter, without the network itself. Needs no torch.

All that differs between two styles is a scale and a shift for each channel of each normalisation. A style is
those numbers, one behind the other: `norms` says whose they are, in their order.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stylize_video.models.feed_forward.shape import Norm

STRIDE = 8  # the deepest features are this much smaller than the frame
SHUFFLE = 4  # space-to-depth factor at the entrance


@dataclass(frozen=True)
class TransformNetConfig:
    """The shape of the network. Stored beside the weights, so that it can be built again."""

    styles: int = 1
    quarter_channels: int = 32
    eighth_channels: int = 80
    half_channels: int = 16
    blocks: int = 3

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) is not int or value < 1:
                raise ValueError(f"{name} = {value!r} must be a whole number of at least 1")


def norms(config: TransformNetConfig) -> Iterator[Norm]:
    """All normalisations of a network, in the order in which a style lists their numbers."""
    start = 0
    for name, channels in _norms(config):
        yield Norm(name, channels, start)
        start += 2 * channels


def _norms(config: TransformNetConfig) -> Iterator[tuple[str, int]]:
    yield "head_norm", config.quarter_channels
    yield "down_norm", config.eighth_channels
    for block in range(config.blocks):
        yield f"blocks.{block}.norm1", config.eighth_channels
        yield f"blocks.{block}.norm2", config.eighth_channels
    yield "up_quarter_norm", config.quarter_channels
    yield "up_half_norm", config.half_channels


def shapes(config: TransformNetConfig) -> dict[str, tuple[int, ...]]:
    """The shape of each of the network's tensors, by name."""
    quarter, eighth, half = config.quarter_channels, config.eighth_channels, config.half_channels
    found: dict[str, tuple[int, ...]] = {
        "head.weight": (quarter, 3 * SHUFFLE**2, 3, 3),
        "down.weight": (eighth, quarter, 3, 3),
    }
    for block in range(config.blocks):
        found |= {f"blocks.{block}.conv{n}.weight": (eighth, eighth, 3, 3) for n in (1, 2)}
    for name, inputs, outputs in (
        ("up_quarter", eighth, quarter),
        ("up_half", quarter, half),
        ("up_full", half, 3),
    ):
        found |= {f"{name}.weight": (outputs, inputs, 3, 3), f"{name}.bias": (outputs,)}
    for norm in norms(config):
        found |= {f"{norm.name}.{kind}": (config.styles, norm.channels) for kind in ("scale", "shift")}
    return found
