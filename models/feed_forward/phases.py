"""The end of a frozen painter at half the resolution: its four phases stay channels until they are pixels.

The features of the full resolution are few: a convolution of them leaves most of a processor's vector units
empty, and to tell the phases apart (a pixel shuffle) is to write them all once more. As four times as many
channels of half the resolution they are the same numbers: a 5x5 convolution of the pixels is a 3x3 one of the
cells, whose kernel has some zeros.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.feed_forward.layers import ConditionalInstanceNorm, ResizeConv

PHASES = 4  # of a cell of 2x2 px: upper left, upper right, lower left, lower right

# Beyond a border each phase is the one of the border's own pixel: which one stands for which.
_ABOVE, _BELOW = (0, 1, 0, 1), (2, 3, 2, 3)
_LEFT, _RIGHT = (0, 0, 2, 2), (1, 1, 3, 3)


def end_in_phases(upsampling: ResizeConv, norm: ConditionalInstanceNorm) -> None:
    """Let what upsamples to the full resolution leave its outputs as phases."""
    upsampling.shuffles = False
    norm.phases = PHASES


class ConvolutionOfPhases(nn.Module):
    """(N, 4C, H, W) -> (N, outputs, 2H, 2W): what a convolution makes of pixels that are given as phases.

    Args:
        convolution: from C channels, 3x3 or 5x5, its borders replicated.
    """

    kernel: Tensor
    bias: Tensor
    above: Tensor
    below: Tensor
    left: Tensor
    right: Tensor

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        assert convolution.bias is not None
        self.register_buffer("kernel", kernel_of_phases(convolution.weight.detach()), persistent=False)
        bias = convolution.bias.detach().repeat_interleave(PHASES)
        self.register_buffer("bias", bias, persistent=False)
        for side, phases in (("above", _ABOVE), ("below", _BELOW), ("left", _LEFT), ("right", _RIGHT)):
            channels = torch.arange(convolution.in_channels)[:, None] * PHASES + torch.tensor(phases)
            self.register_buffer(side, channels.flatten(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Convolve."""
        return F.pixel_shuffle(F.conv2d(self._bordered(x), self.kernel, self.bias), 2)

    def _bordered(self, x: Tensor) -> Tensor:
        """One cell more on each side, whose pixels are those of the border."""
        above, below = x[:, :, :1].index_select(1, self.above), x[:, :, -1:].index_select(1, self.below)
        x = torch.cat([above, x, below], 2)
        left, right = x[..., :1].index_select(1, self.left), x[..., -1:].index_select(1, self.right)
        return torch.cat([left, x, right], 3)


def kernel_of_phases(weight: Tensor) -> Tensor:
    """A kernel of pixels as one of cells: (O, C, K, K) -> (4 * O, 4 * C, 3, 3), for K up to 5."""
    outputs, channels, size, _ = weight.shape
    kernel = weight.new_zeros(outputs, 2, 2, channels, 2, 2, 3, 3)
    for row in range(2):
        for column in range(2):
            for tap_row in range(size):
                for tap_column in range(size):
                    y, x = row + tap_row - size // 2, column + tap_column - size // 2
                    tap = weight[:, :, tap_row, tap_column]
                    kernel[:, row, column, :, y % 2, x % 2, y // 2 + 1, x // 2 + 1] = tap
    return kernel.reshape(PHASES * outputs, PHASES * channels, 3, 3)
