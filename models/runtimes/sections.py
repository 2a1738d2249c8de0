"""The feed-forward painter cut into sections that a runtime runs: all at once, or in turn for tiles.

Pictures are (N, 3, H, W) RGB, uint8 in 0..255 or float in 0..1, their sides multiples of the network's
stride; what comes out is of the kind that went in. Features are float32, moments (N, C, 1, 1) each. A runtime
takes and gives all of them with their channels last.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple, Protocol

import torch
from torch import Tensor, nn

from stylize_video.models.feed_forward.transform_net import ChannelStatistics, TransformNet

if TYPE_CHECKING:
    from stylize_video.pictures.arrays import Pictures


class Program(NamedTuple):
    """What a runtime runs: modules without state, from tensors to a tensor."""

    modules: Mapping[str, nn.Module]  # by name
    identity: bytes  # of all that they compute by, but for their code


class Runtime(Protocol):
    """One program on one device. What it takes and gives is (N, H, W, C), as pictures lie in memory."""

    device: torch.device
    frugal: bool  # whether it takes hardly more memory for a whole picture than for its tiles

    def run(self, section: str, *inputs: Pictures) -> Pictures:
        """Run one of the program's modules; on the CPU, NumPy's arrays give one, elsewhere tensors do."""
        ...

    def forget(self) -> None:
        """Free all memory that only makes the next run faster."""
        ...


def to_unit(images: Tensor) -> Tensor:
    """Pictures of either kind -> float in 0..1."""
    return images.float() * (1 / 255) if images.dtype == torch.uint8 else images


def to_kind(images: Tensor, kind: torch.dtype) -> Tensor:
    """Float pictures in 0..1 -> the kind asked for; bytes are rounded."""
    images = images.float()  # half precision ends here
    return (images * 255).round().to(torch.uint8) if kind == torch.uint8 else images


class Section(nn.Module):
    """What all sections share: a network, and (1, S) weights over its styles."""

    def __init__(self, network: TransformNet, style: Tensor) -> None:
        super().__init__()
        self.network = network
        self.style = nn.Buffer(style)

    def skip(self, images: Tensor, moments: ChannelStatistics) -> Tensor:
        """The features that pass by the deep ones, of a window of the picture."""
        return self.network.skip(self.network.head_features(to_unit(images)), self.style, moments)


class Paint(Section):
    """Pictures -> paintings, at once."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 3, H, W)."""
        return to_kind(self.network.paint(to_unit(images), self.style), images.dtype)


class Head(Section):
    """A window of pictures -> its first features, to be normalised."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, C, H/4, W/4)."""
        return self.network.head_features(to_unit(images)).float()


class Down(Section):
    """A window of pictures, and the moments of all first features -> features, to be normalised."""

    def forward(self, images: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, C, H/8, W/8)."""
        down: Tensor = self.network.down(self.skip(images, ChannelStatistics(mean, variance)))
        return down.float()


class Body(Section):
    """Those of the whole pictures -> the deepest features of the whole pictures."""

    def forward(self, features: Tensor) -> Tensor:
        """(N, C, H/8, W/8) -> the same shape."""
        return self.network.body(features, self.style).float()


class Up(Section):
    """A window of the deepest features -> them upsampled, to be normalised."""

    def forward(self, deep: Tensor) -> Tensor:
        """(N, C, H/8, W/8) -> (N, C', H/4, W/4)."""
        up: Tensor = self.network.up_quarter(deep)
        return up.float()


class Half(Section):
    """A window of pictures and deepest features, two moments -> features at half the size, likewise."""

    def forward(self, images: Tensor, deep: Tensor, *moments: Tensor) -> Tensor:
        """(N, 3, H, W) and (N, C, H/8, W/8) -> (N, C', H/2, W/2)."""
        return self.half_features(images, deep, moments).float()

    def half_features(self, images: Tensor, deep: Tensor, moments: tuple[Tensor, ...]) -> Tensor:
        """See `forward`; `moments`: mean and variance of the first features, then of those of `Up`."""
        skip = self.skip(images, ChannelStatistics(*moments[:2]))
        up = self.network.up_quarter(deep)
        half: Tensor = self.network.up_half(
            self.network.merge(up, skip, self.style, ChannelStatistics(*moments[2:4]))
        )
        return half


class Finish(Half):
    """A window of pictures and deepest features, all three moments -> that window painted."""

    def forward(self, images: Tensor, deep: Tensor, *moments: Tensor) -> Tensor:
        """(N, 3, H, W) and (N, C, H/8, W/8) -> (N, 3, H, W)."""
        half = self.half_features(images, deep, moments)
        return to_kind(self.network.finish(half, self.style, ChannelStatistics(*moments[4:])), images.dtype)


SECTIONS: Mapping[str, type[Section]] = {
    "paint": Paint,
    "head": Head,
    "down": Down,
    "body": Body,
    "up": Up,
    "half": Half,
    "finish": Finish,
}


def program(network: TransformNet, style: Tensor) -> Program:
    """A network in one style, ready to paint.

    Args:
        network: frozen by this.
        style: (1, S) weights over its styles.
    """
    network = network.freeze()
    modules = {name: section(network, style) for name, section in SECTIONS.items()}
    return Program(modules, identity(network, repr(network.config).encode() + style.numpy().tobytes()))


def identity(network: nn.Module, settings: bytes) -> bytes:
    """Of all that a network computes by."""
    values = (value.detach().cpu().float().numpy().tobytes() for value in network.state_dict().values())
    return settings + b"".join(values)
