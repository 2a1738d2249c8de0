"""The feed-forward painter cut into sections that a runtime runs: all at once, or in turn for tiles.

The style is an input of those that normalise: one program paints all styles of a set of convolutions.
Pictures are (N, 3, H, W) RGB, uint8 in 0..255 or float in 0..1, their sides multiples of the network's
stride; what comes out is of the kind that went in. Features are float32, moments (N, C, 1, 1) each. A runtime
takes and gives all of them with their channels last.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from stylize_video.models.feed_forward.layers import ChannelStatistics, StyleNumbers
from stylize_video.models.runtimes.picture_kinds import to_kind, to_unit
from stylize_video.models.transform_net.transform_net import TransformNet


class Section(nn.Module):
    """What all sections share: a network. A style is (1 or N, K, 1, 1); see `shape.norms`."""

    def __init__(self, network: TransformNet) -> None:
        super().__init__()
        self.network = network

    def skip(self, images: Tensor, style: StyleNumbers, moments: ChannelStatistics) -> Tensor:
        """The features that pass by the deep ones, of a window of the picture."""
        return self.network.skip(self.network.head_features(to_unit(images)), style, moments)


class Paint(Section):
    """Pictures and a style -> paintings, at once."""

    def forward(self, images: Tensor, style: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, 3, H, W)."""
        return to_kind(self.network.paint(to_unit(images), _numbers(style)), images.dtype)


class Head(Section):
    """A window of pictures -> its first features, to be normalised."""

    def forward(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, C, H/4, W/4)."""
        return self.network.head_features(to_unit(images)).float()


class Down(Section):
    """A window of pictures, a style, the moments of all first features -> features, to be normalised."""

    def forward(self, images: Tensor, style: Tensor, mean: Tensor, variance: Tensor) -> Tensor:
        """(N, 3, H, W) -> (N, C, H/8, W/8)."""
        down: Tensor = self.network.down(
            self.skip(images, _numbers(style), ChannelStatistics(mean, variance))
        )
        return down.float()


class Body(Section):
    """Those of the whole pictures, and a style -> the deepest features of the whole pictures."""

    def forward(self, features: Tensor, style: Tensor) -> Tensor:
        """(N, C, H/8, W/8) -> the same shape."""
        return self.network.body(features, _numbers(style)).float()


class Up(Section):
    """A window of the deepest features -> them upsampled, to be normalised."""

    def forward(self, deep: Tensor) -> Tensor:
        """(N, C, H/8, W/8) -> (N, C', H/4, W/4)."""
        up: Tensor = self.network.up_quarter(deep)
        return up.float()


class Half(Section):
    """A window of pictures and deepest features, a style, two moments -> features at half the size."""

    def forward(self, images: Tensor, deep: Tensor, style: Tensor, *moments: Tensor) -> Tensor:
        """(N, 3, H, W) and (N, C, H/8, W/8) -> (N, C', H/2, W/2), to be normalised."""
        return self.half_features(images, deep, _numbers(style), moments).float()

    def half_features(
        self, images: Tensor, deep: Tensor, style: StyleNumbers, moments: tuple[Tensor, ...]
    ) -> Tensor:
        """See `forward`; `moments`: mean and variance of the first features, then of those of `Up`."""
        skip = self.skip(images, style, ChannelStatistics(*moments[:2]))
        up = self.network.up_quarter(deep)
        half: Tensor = self.network.up_half(
            self.network.merge(up, skip, style, ChannelStatistics(*moments[2:4]))
        )
        return half


class Finish(Half):
    """A window of pictures and deepest features, a style, all three moments -> that window painted."""

    def forward(self, images: Tensor, deep: Tensor, style: Tensor, *moments: Tensor) -> Tensor:
        """(N, 3, H, W) and (N, C, H/8, W/8) -> (N, 3, H, W)."""
        numbers = _numbers(style)
        half = self.half_features(images, deep, numbers, moments)
        return to_kind(self.network.finish(half, numbers, ChannelStatistics(*moments[4:])), images.dtype)


def _numbers(style: Tensor) -> StyleNumbers:
    return StyleNumbers(style.flatten(1))


SECTIONS: Mapping[str, type[Section]] = {
    "paint": Paint,
    "head": Head,
    "down": Down,
    "body": Body,
    "up": Up,
    "half": Half,
    "finish": Finish,
}


def modules(network: TransformNet) -> Mapping[str, nn.Module]:
    """A network cut into its sections, ready to paint; it is frozen by this."""
    network = network.freeze()
    return {name: section(network) for name, section in SECTIONS.items()}
