"""The painter with a canvas: one pass of a network turns a photograph and a field of noise into a painting.

After Johnson et al. 2016 with the conditional instance normalisation of Dumoulin et al. 2017. What
is new:

- A second input, the canvas (Ulyanov et al. 2016, "Texture Networks"), joins at a quarter of the resolution.
- A U-net around the residual blocks (Ronneberger et al. 2015): most of the work is done at an eighth of the
  resolution, where swirls are made, some at a sixteenth, for a wide field of view.
- A convolution at the full resolution ends it. Every upsampling is a bilinear one (Odena et al. 2016), so
  that no phase of the grid is told from another.
"""

from __future__ import annotations

from typing import ClassVar, Self

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models import canvas
from stylize_video.models.feed_forward.layers import (
    ConditionalInstanceNorm,
    ResidualBlock,
    ResizeConv,
    Stage,
    Style,
    convolution,
)
from stylize_video.models.feed_forward.phases import ConvolutionOfPhases, end_in_phases
from stylize_video.models.feed_forward.shape import LAST, SHUFFLE, CanvasNetConfig, norms

NOISE_RANGE = 4.0  # of a canvas, whose standard deviation is 1: rarely farther from zero


class StyledNet(nn.Module):
    """What paints frame and canvas in styles, whatever its layers: trainers, files and runtimes know no more.

    Args:
        config: its shape.
    """

    config_type: ClassVar[type[CanvasNetConfig]] = CanvasNetConfig
    before: nn.ModuleList  # blocks at an eighth of the resolution
    down_deep: nn.Module
    deep: nn.ModuleList  # blocks at a sixteenth
    up_eighth: nn.Module
    after: nn.ModuleList  # blocks at an eighth again

    def __init__(self, config: CanvasNetConfig) -> None:
        super().__init__()
        self.config = config
        self.to_sixteenth: nn.Module = nn.Identity()  # what comes before a convolution that strides itself

    def freeze(self) -> Self:
        """Ready to paint and never to learn again; returns itself."""
        return self.eval()

    def style_parameters(self) -> dict[str, nn.Parameter]:
        """The scales and shifts by name, each (styles, channels): all that differs between styles."""
        return {
            f"{path}.{name}": parameter
            for path, module in self.named_modules()
            if isinstance(module, ConditionalInstanceNorm)
            for name, parameter in module.named_parameters()
        }

    def _number_styles(self) -> None:
        """Tell each normalisation where its own are among a style's numbers."""
        for norm in norms(self.config):
            self.get_submodule(norm.name).start = norm.start  # type: ignore[assignment]

    def _body(self, x: Tensor, style: Style) -> Tensor:
        """(N, eighth, H/8, W/8) -> the same shape."""
        for block in self.before:
            x = block(x, style)
        deep = self.down_deep(self.to_sixteenth(x), style)  # (N, 144, H/16, W/16)
        for block in self.deep:
            deep = block(deep, style)
        x = x + self.up_eighth(deep, style)
        for block in self.after:
            x = block(x, style)
        return x


class CanvasNet(StyledNet):
    """(N, 3, H, W) RGB in 0..1 and (N, C, H/4, W/4) canvas -> the painting, (N, 3, H, W) in 0..1.

    H and W are multiples of `shape.STRIDE`, and twice that at least.
    """

    def __init__(self, config: CanvasNetConfig) -> None:
        super().__init__(config)
        s, quarter, eighth = config.styles, config.quarter_channels, config.eighth_channels
        sixteenth, half, full = config.sixteenth_channels, config.half_channels, config.full_channels
        before = config.eighth_blocks // 2
        self.head = Stage(convolution(3 * SHUFFLE**2 + canvas.CHANNELS, quarter), quarter, s)
        self.down = Stage(convolution(quarter, eighth, stride=2), eighth, s)
        self.before = nn.ModuleList(ResidualBlock(eighth, s) for _ in range(before))
        self.down_deep = Stage(convolution(eighth, sixteenth, stride=2), sixteenth, s)
        self.deep = nn.ModuleList(ResidualBlock(sixteenth, s) for _ in range(config.sixteenth_blocks))
        self.up_eighth = Stage(ResizeConv(sixteenth, eighth), eighth, s)
        self.after = nn.ModuleList(ResidualBlock(eighth, s) for _ in range(config.eighth_blocks - before))
        self.up_quarter = Stage(ResizeConv(eighth, quarter), quarter, s)
        self.merge = Stage(convolution(quarter, quarter), quarter, s)
        self.up_half = Stage(ResizeConv(quarter, half), half, s)
        self.up_full = Stage(ResizeConv(half, full), full, s)
        self.noise_range = 1.0
        self.last: nn.Module = nn.Conv2d(full, 3, LAST, padding=LAST // 2, padding_mode="replicate")
        self._number_styles()

    def freeze(self) -> Self:
        """See `StyledNet`."""
        for module in self.modules():
            if isinstance(module, ResizeConv):
                module.freeze()
        self._narrow_noise()
        upsampling = self.up_full.convolution
        if isinstance(self.last, nn.Conv2d) and isinstance(upsampling, ResizeConv):  # else it is frozen
            end_in_phases(upsampling, self.up_full.norm)
            self.last = ConvolutionOfPhases(self.last)
        return self.eval()

    def forward(self, images: Tensor, noise: Tensor, style: Style) -> Tensor:
        """Paint.

        Args:
            images: (N, 3, H, W) float RGB in 0..1.
            noise: (N, canvas.CHANNELS, H/4, W/4), see `models/canvas.py`.
            style: (N, S) or (1, S) weights over the network's S styles, summing to one; or their
                numbers.
        """
        shuffled = F.pixel_unshuffle(images * 2 - 1, SHUFFLE)  # (N, 48, H/4, W/4)
        quarter = self.head(torch.cat([shuffled, noise / self.noise_range], 1), style)  # (N, 48, H/4, W/4)
        eighth = self._body(self.down(quarter, style), style)  # (N, 112, H/8, W/8)
        merged = self.merge(self.up_quarter(eighth, style) + quarter, style)  # (N, 48, H/4, W/4)
        full = self.up_full(self.up_half(merged, style), style)  # (N, 12, H, W)
        return torch.sigmoid(self.last(full))

    @torch.no_grad()
    def _narrow_noise(self) -> None:
        """Let the canvas lie in -1..1 as the picture does, and its weights make up for it.

        A program of bytes rounds both alike: beside a canvas of -4..4 a picture would keep 64 levels.
        """
        if self.noise_range == 1.0:
            head = self.head.convolution
            assert isinstance(head, nn.Conv2d)
            self.noise_range = NOISE_RANGE
            head.weight[:, 3 * SHUFFLE**2 :] *= NOISE_RANGE
