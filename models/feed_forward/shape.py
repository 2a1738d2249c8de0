"""The shape of the painter with a canvas, without the network itself. Needs no torch.

All that differs between two styles is a scale and a shift for each channel of each normalisation. A style is
those numbers, one behind the other: `norms` says whose they are, in their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from stylize_video.models.canvas_cells import CELL, CHANNELS
from stylize_video.models.weights import file_format

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from stylize_video.models.feed_forward.engine import CanvasEngine
    from stylize_video.models.feed_forward.network import StyledNet
    from stylize_video.models.runtimes.program import Runtime
    from stylize_video.pictures.arrays import Pictures

STRIDE = 16  # the deepest features are this much smaller than the frame
SHUFFLE = CELL  # space-to-depth factor at the entrance
LAST = 5  # px, the side of the last convolution's kernel


@dataclass(frozen=True)
class CanvasNetConfig:
    """The shape of the network. Stored beside the weights, so that it can be built again."""

    stored_as: ClassVar[str] = file_format.CANVAS  # of the files that hold its weights
    tiled: ClassVar[bool] = False  # whether a picture too large for a device's memory is painted in tiles

    styles: int = 1
    full_channels: int = 12
    half_channels: int = 24
    quarter_channels: int = 48
    eighth_channels: int = 112
    sixteenth_channels: int = 144
    eighth_blocks: int = 4  # half of them before the sixteenth, half after it
    sixteenth_blocks: int = 2

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if type(value) is not int or value < 1:
                raise ValueError(f"{name} = {value!r} must be a whole number of at least 1")

    def network(self) -> StyledNet:
        """A network of that shape, with random weights; imports torch."""
        from stylize_video.models.feed_forward.network import CanvasNet

        return CanvasNet(self)

    def sections(self, network: StyledNet) -> Mapping[str, nn.Module]:
        """What a runtime runs of a network of that shape, by name; "paint" is always there."""
        from stylize_video.models.feed_forward.sections import Paint

        return {"paint": Paint(network)}

    def in_tiles(
        self, run: Callable[..., Any], images: Pictures, noise: Pictures, style: Pictures
    ) -> Pictures:
        """Paint a picture that a device's memory is too small for, by `run` of what has all `sections`.

        Args:
            run: `Runtime.run`.
            images: (1, H, W, 3), whose sides fit the network.
            noise: (1, H/4, W/4, C).
            style: (1, 1, 1, K).

        Raises:
            NotImplementedError: where `tiled` is not.
        """
        raise NotImplementedError

    def engine(self, runtime: Runtime, *, seed: int) -> CanvasEngine:
        """What paints by a runtime that runs all `sections`; see `CanvasEngine`."""
        from stylize_video.models.feed_forward.engine import CanvasEngine

        return CanvasEngine(runtime, seed=seed, config=self)

    def largest(self, arrays: Mapping[str, NDArray[Any]]) -> float:
        """How large a number can become in it, by its weights alone; see `bounds.py`."""
        from stylize_video.models.feed_forward import bounds

        return bounds.largest(self, arrays)

    @property
    def biased(self) -> tuple[str, ...]:
        """Those of `convolutions` that add a bias."""
        return tuple(name for name, _, _ in self.convolutions if name.startswith("up_"))

    @property
    def blocks(self) -> tuple[tuple[str, int], ...]:
        """The residual blocks by name, in their order, and how many channels each has."""
        before = self.eighth_blocks // 2
        eighth, sixteenth = self.eighth_channels, self.sixteenth_channels
        return (
            *((f"before.{n}", eighth) for n in range(before)),
            *((f"deep.{n}", sixteenth) for n in range(self.sixteenth_blocks)),
            *((f"after.{n}", eighth) for n in range(self.eighth_blocks - before)),
        )

    @property
    def convolutions(self) -> tuple[tuple[str, int, int], ...]:
        """Those outside of the blocks that a normalisation follows: name, inputs, outputs."""
        quarter, eighth, sixteenth = self.quarter_channels, self.eighth_channels, self.sixteenth_channels
        return (
            ("head", 3 * SHUFFLE**2 + CHANNELS, quarter),
            ("down", quarter, eighth),
            ("down_deep", eighth, sixteenth),
            ("up_eighth", sixteenth, eighth),
            ("up_quarter", eighth, quarter),
            ("merge", quarter, quarter),
            ("up_half", quarter, self.half_channels),
            ("up_full", self.half_channels, self.full_channels),
        )


def multiplying(config: CanvasNetConfig) -> tuple[str, ...]:
    """The modules that convolve and may do so with bytes, by name: all but the two at the full resolution.

    Rounding there goes straight into the picture: kept in floats they let sensor noise move it by 0.8 dB
    less, and are nearer to it by 3 dB, for a tenth of the time.
    """
    outside = (f"{name}.convolution" for name, _, _ in config.convolutions if name != "up_full")
    inside = (f"{name}.conv{n}" for name, _ in config.blocks for n in (1, 2))
    return (*outside, *inside)


class Norm(NamedTuple):
    """A normalisation: its module's name, and where its scales and shifts are in a style."""

    name: str
    channels: int
    start: int  # of its scales; its shifts follow

    @property
    def scales(self) -> slice:
        """Of a style."""
        return slice(self.start, self.start + self.channels)

    @property
    def shifts(self) -> slice:
        """Of a style."""
        return slice(self.start + self.channels, self.start + 2 * self.channels)


def norms(config: CanvasNetConfig) -> Iterator[Norm]:
    """All normalisations of a network, in the order in which a style lists their numbers."""
    start = 0
    found = [(f"{name}.norm", outputs) for name, _, outputs in config.convolutions]
    found += [(f"{name}.norm{n}", channels) for name, channels in config.blocks for n in (1, 2)]
    for name, channels in found:
        yield Norm(name, channels, start)
        start += 2 * channels


def shapes(config: CanvasNetConfig) -> dict[str, tuple[int, ...]]:
    """The shape of each of the network's tensors, by name."""
    found: dict[str, tuple[int, ...]] = {}
    for name, inputs, outputs in config.convolutions:
        found[f"{name}.convolution.weight"] = (outputs, inputs, 3, 3)
        if name in config.biased:
            found[f"{name}.convolution.bias"] = (outputs,)
    for name, channels in config.blocks:
        found |= {f"{name}.conv{n}.weight": (channels, channels, 3, 3) for n in (1, 2)}
    found |= {"last.weight": (3, config.full_channels, LAST, LAST), "last.bias": (3,)}
    for norm in norms(config):
        found |= {f"{norm.name}.{kind}": (config.styles, norm.channels) for kind in ("scale", "shift")}
    return found
