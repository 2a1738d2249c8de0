"""The network most others paint with, to measure beside ours: Johnson et al. 2016.

"Perceptual Losses for Real-Time Style Transfer and Super-Resolution", supplementary material, table 1.
Departures:

- Instance normalisation (Ulyanov et al. 2017) in place of batch normalisation, as in nearly every
  implementation since.
- Every convolution pads by reflection, where the paper pads the picture once by 40 px and crops.
- A sigmoid at the end in place of a scaled tanh.

Upsampling is by transposed convolutions, as in the paper. Upsampling to the nearest neighbour and then
convolving, as many do since, takes 40,000 MACs a pixel more, so this is the kinder comparison.

The weights are random: what a frame costs does not depend on them.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

_BLOCKS = 5


def _layer(inputs: int, outputs: int, size: int, *, stride: int = 1) -> nn.Sequential:
    padding = size // 2
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride=stride, padding=padding, padding_mode="reflect"),
        nn.InstanceNorm2d(outputs, affine=True),
    )


def _doubling_layer(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.ConvTranspose2d(inputs, outputs, 3, stride=2, padding=1, output_padding=1),
        nn.InstanceNorm2d(outputs, affine=True),
    )


class ResidualBlock(nn.Module):
    """Two 3x3 convolutions, added to the input."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.layer1 = _layer(channels, channels, 3)
        self.layer2 = _layer(channels, channels, 3)

    def forward(self, x: Tensor) -> Tensor:
        residual: Tensor = self.layer2(F.relu(self.layer1(x)))
        return x + residual


class Johnson(nn.Module):
    """(N, 3, H, W) RGB in 0..1 -> the same size and range."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _layer(3, 32, 9)
        self.down_half = _layer(32, 64, 3, stride=2)
        self.down_quarter = _layer(64, 128, 3, stride=2)
        self.blocks = nn.Sequential(*(ResidualBlock(128) for _ in range(_BLOCKS)))
        self.up_half = _doubling_layer(128, 64)
        self.up_full = _doubling_layer(64, 32)
        self.tail = nn.Conv2d(32, 3, 9, padding=4, padding_mode="reflect")

    def forward(self, images: Tensor) -> Tensor:
        """Paint nothing in particular, at the cost of a painting."""
        height, width = images.shape[-2:]
        x = F.relu(self.head(images))  # (N, 32, H, W)
        x = F.relu(self.down_half(x))  # (N, 64, H/2, W/2), rounded up
        x = F.relu(self.down_quarter(x))  # (N, 128, H/4, W/4), rounded up
        x = self.blocks(x)
        x = F.relu(self.up_half(x))  # (N, 64, H/2, W/2)
        x = F.relu(self.up_full(x))  # (N, 32, H, W), up to 3 px more if not a multiple of 4
        return torch.sigmoid(self.tail(x))[..., :height, :width]


def count(width: int, height: int) -> int:
    """MACs of its convolutions for one frame, counted without computing any."""
    with torch.device("meta"), FlopCounterMode(display=False) as counter:
        Johnson()(torch.empty(1, 3, height, width))
    return int(counter.get_flop_counts()["Global"][torch.ops.aten.convolution]) // 2
