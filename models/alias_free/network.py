"""The alias-free painter: the painter with a canvas, whose feature maps are sampled, continuous signals.

A translation of photograph and canvas by any fraction of a pixel gives the same painting, translated. After
Karras et al. 2021, "Alias-Free Generative Adversarial Networks"; inputs, style and canvas are those of
`models/feed_forward/network.py`, and so is the work at an eighth and a sixteenth of the resolution. What is
different:

- Convolutions and normalisation commute with translation; only what bends a signal or changes its grid does
  not. So before each stride what the coarser grid can't hold is taken away, upsampling leaves no images, and
  curves are round and computed on twice the samples (`activation.py`, `filtered.py`).
- Cutoffs lie below the Nyquist frequency ("non-critical sampling", section 3.2): a filter is no cliff, and
  what it lets through beyond is never there.
- The photograph enters at half the resolution, by a long filter, and what was seen of it there comes back on
  the way up: no space-to-depth, which keeps detail as phases of the grid. No pixel shuffle either.
- On the way up, convolutions come before the upsampling, whose finer grid the curve is computed on: no
  downsampling again. Where fine strokes are made, at half and at full resolution, the curve is computed on
  twice the samples of that and filtered after all: 42.5 dB became 56.9 in the style of the finest strokes.
- The sigmoid at the end is filtered too, on three channels.
"""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import torch
from torch import Tensor, nn

from stylize_video.models.alias_free.activation import BentUpsampling, smooth
from stylize_video.models.alias_free.filtered import Curve, Filtered
from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.phases import FilteredInPhases
from stylize_video.models.alias_free.resampling import BORDER, Downsample
from stylize_video.models.alias_free.shape import AliasFreeConfig
from stylize_video.models.feed_forward.layers import ResidualBlock, Stage, Style
from stylize_video.models.feed_forward.network import StyledNet
from stylize_video.models.feed_forward.shape import LAST

# Cutoff and transition in cycles a sample, whose Nyquist frequency is 0.5. Stopped are 70 dB and more, so
# that waves are kept within -60. Transitions are as wide as can be: that takes the fewest taps. Wider ones
# around curves would fold more than -40 dB back.
FEATURES = LowPass(cutoff=0.358, transition=0.44, taps=22)  # at half the resolution and below
PICTURE = LowPass(cutoff=0.44, transition=0.27, taps=34)  # of the photograph, and of the last stage
END = LowPass(cutoff=0.45, transition=0.46, taps=22)  # around the last sigmoid


class Strokes(NamedTuple):
    """What is decided at a quarter of the resolution, and what the rest of the network takes beside it."""

    merged: Tensor  # (N, 48, H/4, W/4)
    seen: Tensor  # (N, 24, H/2, W/2), of the photograph


def convolution(inputs: int, outputs: int) -> nn.Conv2d:
    """3x3; a normalisation follows, which would subtract a bias again."""
    return nn.Conv2d(inputs, outputs, 3, padding=1, padding_mode=BORDER, bias=False)


class AliasFreeNet(StyledNet):
    """(N, 3, H, W) RGB in 0..1 and (N, C, H/4, W/4) canvas -> the painting, (N, 3, H, W) in 0..1.

    H and W are multiples of `shape.STRIDE`, and twice that at least.

    Args:
        config: its shape.
        curve: what bends its features.
    """

    config_type: ClassVar[type[AliasFreeConfig]] = AliasFreeConfig

    def __init__(self, config: AliasFreeConfig, *, curve: Curve = smooth) -> None:
        super().__init__(config)
        widths = {name: (inputs, outputs) for name, inputs, outputs in config.convolutions}

        def stage(name: str, bend: nn.Module) -> Stage:
            """A stage as `AliasFreeConfig.convolutions` names it, bent so."""
            inputs, outputs = widths[name]
            return Stage(convolution(inputs, outputs), outputs, config.styles, bend)

        def same(name: str) -> Stage:
            """A stage on one grid."""
            return stage(name, Filtered(widths[name][1], curve, FEATURES))

        def up(name: str, design: LowPass = FEATURES, *, oversampled: bool = False) -> Stage:
            """A stage that upsamples what it has convolved."""
            return stage(name, BentUpsampling(widths[name][1], curve, design, oversampled=oversampled))

        def blocks(channels: int, count: int) -> nn.ModuleList:
            """So many residual blocks."""
            return nn.ModuleList(
                ResidualBlock(channels, config.styles, Filtered(channels, curve, FEATURES), convolution)
                for _ in range(count)
            )

        quarter, eighth = config.quarter_channels, config.eighth_channels
        before = config.eighth_blocks // 2
        self.to_half = Downsample(3, PICTURE)
        self.enter = same("enter")
        self.to_quarter = Downsample(config.seen_channels, FEATURES)
        self.head = same("head")
        self.to_eighth = Downsample(quarter, FEATURES)
        self.down = same("down")
        self.before = blocks(eighth, before)
        self.to_sixteenth = Downsample(eighth, FEATURES)
        self.down_deep = same("down_deep")
        self.deep = blocks(config.sixteenth_channels, config.sixteenth_blocks)
        self.up_eighth = up("up_eighth")
        self.after = blocks(eighth, config.eighth_blocks - before)
        self.up_quarter = up("up_quarter")
        self.merge = same("merge")
        self.up_half = up("up_half", oversampled=True)
        self.merge_half = same("merge_half")
        self.up_full = up("up_full", PICTURE, oversampled=True)
        self.last = nn.Conv2d(config.full_channels, 3, LAST, padding=LAST // 2, padding_mode=BORDER)
        self.end = FilteredInPhases(3, torch.sigmoid, END)
        self._number_styles()

    def forward(self, images: Tensor, noise: Tensor, style: Style) -> Tensor:
        """Paint.

        Args:
            images: (N, 3, H, W) float RGB in 0..1.
            noise: (N, canvas.CHANNELS, H/4, W/4), see `models/canvas.py`.
            style: (N, S) or (1, S) weights over the network's S styles, summing to one; or their
                numbers.
        """
        return self.painted(*self.strokes(images, noise, style), style)

    def strokes(self, images: Tensor, noise: Tensor, style: Style) -> Strokes:
        """Decide which strokes lie where; the arguments are those of `forward`."""
        seen = self.enter(self.to_half(images * 2 - 1), style)
        quarter = self.head(torch.cat([self.to_quarter(seen), noise], 1), style)  # (N, 48, H/4, W/4)
        eighth = self._body(self.down(self.to_eighth(quarter), style), style)  # (N, 112, H/8, W/8)
        return Strokes(self.merge(self.up_quarter(eighth, style) + quarter, style), seen)

    def painted(self, merged: Tensor, seen: Tensor, style: Style) -> Tensor:
        """Paint `strokes`: (N, 3, H, W) in 0..1."""
        full = self.up_full(self.until_half(merged, seen, style), style)  # (N, 16, H, W)
        painted: Tensor = self.end(self.last(full))
        return painted.clamp(0, 1)  # a filter overshoots at edges, by little

    def until_half(self, merged: Tensor, seen: Tensor, style: Style) -> Tensor:
        """(N, 32, H/2, W/2): all that comes between `strokes` and the last upsampling."""
        half = torch.cat([self.up_half(merged, style), seen], 1)  # (N, 32 + 24, H/2, W/2)
        merged_half: Tensor = self.merge_half(half, style)
        return merged_half
