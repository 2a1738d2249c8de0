"""The feed-forward painter: one pass of a small network turns a photograph into a painting.

After Johnson et al. 2016, "Perceptual Losses for Real-Time Style Transfer and Super-Resolution", with
the normalisation of Ulyanov et al. 2017 made conditional as in Dumoulin et al. 2017, "A Learned
Representation for Artistic Style". Departures from Johnson's network, all for speed on a CPU:

- Space-to-depth by 4 in place of the first two strided convolutions; the residual blocks work at an
  eighth of the resolution, where a 3x3 convolution costs a quarter of what it costs at Johnson's.
- Resize-then-convolve (Odena et al. 2016) in place of transposed convolutions, so that no checkerboard
  appears. The bilinear resizing is folded into the convolution's kernel; see `ResizeConv`.
- The features before the residual blocks are added back after them, which keeps the content's edges.
- A sigmoid at the end in place of a scaled tanh.

What paints takes the style as an input: `K` scales and shifts, one behind the other (`shape.norms`). So one
compiled program paints all styles, and their mixtures, and those that users train.

`benchmarks/macs.py` counts what a frame costs.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.feed_forward.layers import (
    ChannelStatistics,
    ConditionalInstanceNorm,
    ResidualBlock,
    ResizeConv,
    Style,
    convolution,
)
from stylize_video.models.transform_net.shape import SHUFFLE, STRIDE, TransformNetConfig, norms


class TransformNet(nn.Module):
    """(N, 3, H, W) RGB in 0..1 -> the painting, same size and range. Any H and W from 1 up."""

    def __init__(self, config: TransformNetConfig) -> None:
        super().__init__()
        self.config = config
        quarter, eighth, half = (
            config.quarter_channels,
            config.eighth_channels,
            config.half_channels,
        )
        self.head = convolution(3 * SHUFFLE**2, quarter)
        self.head_norm = ConditionalInstanceNorm(quarter, config.styles)
        self.down = convolution(quarter, eighth, stride=2)
        self.down_norm = ConditionalInstanceNorm(eighth, config.styles)
        self.blocks = nn.ModuleList(ResidualBlock(eighth, config.styles) for _ in range(config.blocks))
        self.up_quarter = ResizeConv(eighth, quarter)
        self.up_quarter_norm = ConditionalInstanceNorm(quarter, config.styles)
        self.up_half = ResizeConv(quarter, half)
        self.up_half_norm = ConditionalInstanceNorm(half, config.styles)
        self.up_full = ResizeConv(half, 3)
        for norm in norms(config):
            self.get_submodule(norm.name).start = norm.start  # type: ignore[assignment]

    @classmethod
    def empty(cls, config: TransformNetConfig) -> TransformNet:
        """A network whose weights are still to come; leaves the caller's random state alone."""
        with torch.random.fork_rng(devices=[]):
            return cls(config)

    def freeze(self) -> TransformNet:
        """Ready to paint and never to learn again; returns itself."""
        for module in self.modules():
            if isinstance(module, ResizeConv):
                module.freeze()
        return self.eval()

    def style_parameters(self) -> dict[str, nn.Parameter]:
        """The scales and shifts by name, each (styles, channels): all that differs between styles."""
        return {
            f"{path}.{name}": parameter
            for path, module in self.named_modules()
            if isinstance(module, ConditionalInstanceNorm)
            for name, parameter in module.named_parameters()
        }

    def with_styles(self, mixtures: Tensor) -> TransformNet:
        """A copy with other styles, each a mixture of this network's (Dumoulin et al. 2017, section 3).

        Args:
            mixtures: (T, S) weights over this network's S styles; the copy has T.
        """
        network = TransformNet.empty(replace(self.config, styles=len(mixtures)))
        state, own = self.state_dict(), self.style_parameters()
        network.load_state_dict({k: mixtures @ v if k in own else v for k, v in state.items()})
        return network

    def forward(self, images: Tensor, style: Style) -> Tensor:
        """Paint.

        Args:
            images: (N, 3, H, W) float RGB in 0..1.
            style: (N, S) or (1, S) weights over the network's S styles, summing to one; or their numbers.
        """
        height, width = images.shape[-2:]
        return self.paint(pad_to_stride(images), style)[..., :height, :width]

    def paint(self, images: Tensor, style: Style) -> Tensor:
        """`forward` for images whose sides are multiples of `STRIDE` already, and twice that at least."""
        skip = self.skip(self.head_features(images), style)
        deep = self.body(self.down(skip), style)
        quarter = self.merge(self.up_quarter(deep), skip, style)
        return self.finish(self.up_half(quarter), style)

    # The parts of `paint` between its large convolutions. Features of a window of the picture are
    # normalised by the moments of the whole, where those are given; see `models/transform_net/tiles.py`.

    def head_features(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) in 0..1 -> (N, quarter, H/4, W/4), to be normalised."""
        features: Tensor = self.head(F.pixel_unshuffle(images * 2 - 1, SHUFFLE))  # of (N, 48, H/4, W/4)
        return features

    def skip(self, features: Tensor, style: Style, moments: ChannelStatistics | None = None) -> Tensor:
        """What the head found, normalised: (N, quarter, H/4, W/4)."""
        return F.relu(self.head_norm(features, style, moments))

    def body(self, features: Tensor, style: Style) -> Tensor:
        """What `down` made of it -> the deepest features, (N, eighth, H/8, W/8)."""
        x = F.relu(self.down_norm(features, style))
        for block in self.blocks:
            x = block(x, style)
        return x

    def merge(
        self, features: Tensor, skip: Tensor, style: Style, moments: ChannelStatistics | None = None
    ) -> Tensor:
        """The deepest features, upsampled but not yet normalised, and `skip` -> (N, quarter, H/4, W/4)."""
        return F.relu(self.up_quarter_norm(features, style, moments) + skip)

    def finish(self, features: Tensor, style: Style, moments: ChannelStatistics | None = None) -> Tensor:
        """(N, half, H/2, W/2), to be normalised -> the painting, (N, 3, H, W)."""
        return torch.sigmoid(self.up_full(F.relu(self.up_half_norm(features, style, moments))))


def pad_to_stride(images: Tensor) -> Tensor:
    """Pad right and below to a multiple of `STRIDE`, and to twice that at least (for reflection)."""
    height, width = images.shape[-2:]
    down = max(2 * STRIDE - height, -height % STRIDE)
    right = max(2 * STRIDE - width, -width % STRIDE)
    if not (down or right):
        return images
    mode = "reflect" if down < height and right < width else "replicate"
    return F.pad(images, (0, right, 0, down), mode=mode)
