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
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.feed_forward.shape import SHUFFLE, STRIDE, TransformNetConfig, norms


class ChannelStatistics(NamedTuple):
    """Mean and variance of each channel of each picture, (N, C, 1, 1) float32."""

    mean: Tensor
    variance: Tensor


class StyleNumbers(NamedTuple):
    """Styles as what paints takes them: (N, K) or (1, K), the scales and shifts of all normalisations."""

    vector: Tensor


Style = Tensor | StyleNumbers  # or (N, S) or (1, S) weights over a network's own styles


class ConditionalInstanceNorm(nn.Module):
    """Instance normalisation with a scale and a shift for each style (Dumoulin et al. 2017, eq. 5)."""

    def __init__(self, channels: int, styles: int, *, epsilon: float = 1e-5) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(styles, channels))
        self.shift = nn.Parameter(torch.zeros(styles, channels))
        self.epsilon = epsilon
        self.start = 0  # of its scales among a style's numbers; its shifts follow

    def forward(self, x: Tensor, style: Style, moments: ChannelStatistics | None = None) -> Tensor:
        """Normalise.

        Args:
            x: (N, C, H, W) features.
            style: numbers of which these are its own, or weights over its styles.
            moments: by which to normalise; by default those of `x` itself.
        """
        if isinstance(style, StyleNumbers):
            scale, shift = (
                style.vector[:, start : start + x.shape[1], None, None]
                for start in (self.start, self.start + x.shape[1])
            )
            return normalised(x, scale, shift, self.epsilon, moments)
        with torch.autocast(x.device.type, enabled=False):  # which would round the mixture to 8 bits
            scale, shift = ((style @ p)[..., None, None] for p in (self.scale, self.shift))
        return normalised(x, scale, shift, self.epsilon, moments)


def normalised(
    x: Tensor, scale: Tensor, shift: Tensor, epsilon: float, moments: ChannelStatistics | None = None
) -> Tensor:
    """(N, C, H, W) features with mean 0 and variance 1, scaled and shifted by (N or 1, C, 1, 1) each."""
    if moments is None and _is_traced():  # OpenVINO has a kernel for that form of it
        return torch.addcmul(shift, F.instance_norm(x, eps=epsilon), scale)
    centred = x - (_mean(x) if moments is None else moments.mean).to(x.dtype)
    # Squares of more than 255 are more than float16 can say.
    wide = centred.float() if x.dtype == torch.float16 else centred
    variance = _mean(wide.square()) if moments is None else moments.variance
    return torch.addcmul(shift.to(x.dtype), centred, (scale * torch.rsqrt(variance + epsilon)).to(x.dtype))


def _is_traced() -> bool:
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def _mean(x: Tensor) -> Tensor:
    """Of each channel of each picture, in float32 whatever `x` is: (N, C, 1, 1)."""
    # Not torch.var_mean: on channels-last features it takes ten times as long as two means.
    return x.mean((2, 3), keepdim=True, dtype=torch.float32)


class ResizeConv(nn.Module):
    """Bilinear upsampling by two, then a 3x3 convolution, computed as one convolution at the low size.

    Upsampling is linear and shift-invariant but for the four phases of a 2x2 cell, so each phase of
    the result is a 3x3 convolution of the small picture, whose kernel is the learned one folded with
    the bilinear weights. One convolution with four times the outputs and a pixel shuffle give the same
    numbers without ever writing the large, wide feature map. Borders are replicated at the low size.
    """

    fold: Tensor
    folded: Tensor | None

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        convolution = nn.Conv2d(inputs, outputs, 3)  # for its initialisation
        self.weight = convolution.weight
        self.bias = nn.Parameter(torch.zeros(outputs))
        self.register_buffer("fold", _bilinear_fold(), persistent=False)
        self.register_buffer("folded", None, persistent=False)

    def freeze(self) -> None:
        """Fold the kernel once and for all, for a network that only paints."""
        self.folded = self.kernel().detach()

    def kernel(self) -> Tensor:
        """The folded kernel, (4 * outputs, inputs, 3, 3), phases of an output side by side."""
        if self.folded is not None:
            return self.folded
        folded: Tensor = torch.einsum("oikl,pjk,qml->opqijm", self.weight, self.fold, self.fold)
        o, p, q, i, j, m = folded.shape
        return folded.reshape(o * p * q, i, j, m)

    def forward(self, x: Tensor) -> Tensor:
        """(N, inputs, H, W) -> (N, outputs, 2H, 2W)."""
        padded = F.pad(x, (1, 1, 1, 1), mode="replicate")
        return F.pixel_shuffle(F.conv2d(padded, self.kernel(), self.bias.repeat_interleave(4)), 2)


def _bilinear_fold() -> Tensor:
    """(2, 3, 3): weight of low-resolution neighbour j (-1, 0, 1) in kernel tap k, for each phase.

    Read off `F.interpolate` itself, so that the two can't disagree.
    """
    # Never on "meta", where torch would compile that by what takes it more than a second to import.
    impulses = torch.eye(5, device="cpu").unsqueeze(1)  # neighbours -2 .. 2 of a low-resolution pixel
    fine = F.interpolate(impulses, scale_factor=2, mode="linear", align_corners=False)[:, 0]
    centre = 4  # phase 0 of the pixel in the middle
    phases = [fine[1:4, centre + p - 1 : centre + p + 2] for p in (0, 1)]  # (3 low, 3 taps)
    return torch.stack(phases)


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions with normalisation, added to the input (Johnson et al. 2016, appendix)."""

    def __init__(self, channels: int, styles: int) -> None:
        super().__init__()
        self.conv1 = _convolution(channels, channels)
        self.norm1 = ConditionalInstanceNorm(channels, styles)
        self.conv2 = _convolution(channels, channels)
        self.norm2 = ConditionalInstanceNorm(channels, styles)

    def forward(self, x: Tensor, style: Style) -> Tensor:
        y = F.relu(self.norm1(self.conv1(x), style))
        residual: Tensor = self.norm2(self.conv2(y), style)
        return x + residual


def _convolution(inputs: int, outputs: int, *, stride: int = 1) -> nn.Conv2d:
    # No bias where a normalisation follows: it would subtract it again.
    return nn.Conv2d(inputs, outputs, 3, stride=stride, padding=1, padding_mode="reflect", bias=False)


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
        self.head = _convolution(3 * SHUFFLE**2, quarter)
        self.head_norm = ConditionalInstanceNorm(quarter, config.styles)
        self.down = _convolution(quarter, eighth, stride=2)
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
    # normalised by the moments of the whole, where those are given; see `models/feed_forward/tiles.py`.

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
