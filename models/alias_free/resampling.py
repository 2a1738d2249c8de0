"""Up- and downsampling by two with a low-pass filter, as plain convolutions of each channel by itself.

Twice the samples lie at quarters of the distance between the old ones, on both sides of each: the corners of
a picture stay where they are. Separable: rows, then columns. Downsampling is a convolution with a stride, its
polyphase form: what is left out is never computed. Upsampling repeats each sample and convolves with what is
left of the filter without that: half the products are spared in a transposed convolution, but OpenVINO has
none of bfloat16 that is made for single channels (seven times slower), and putting phases side by side takes
three times as long as computing them. Ordinary operations, also in half precision on a GPU.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.alias_free.filters import LowPass

BORDER: Literal["replicate"] = (
    "replicate"  # what is beyond a picture's edge; "circular" while equivariance is measured
)
_FEW = 3  # channels, at most, that are filtered as a matrix of channels


def in_floats(filtered: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """What convolves single channels, in float32 on a CPU: PyTorch is slow at it in bfloat16 there.

    A training's step took over a minute.
    """
    if x.device.type != "cpu":
        return filtered(x)
    with torch.autocast("cpu", enabled=False):
        return filtered(x.float() if x.dtype == torch.bfloat16 else x)


class _Resampling(nn.Module):
    """Keeps a filter as kernels down and across, one for each channel.

    Runtimes compute single channels sixteen at a time. Of a picture's three they waste most: as an ordinary
    convolution, which is nothing from one channel to another, OpenVINO takes half the time in bfloat16.
    """

    down: Tensor  # (C, C or 1, taps, 1)
    across: Tensor  # (C, C or 1, 1, taps)

    def __init__(self, channels: int, design: LowPass, kernel: NDArray[np.float64]) -> None:
        super().__init__()
        if design.rate != 2:
            raise ValueError(f"{design.rate = } must be 2")
        few = channels <= _FEW
        self.groups = 1 if few else channels
        self.padding_mode: str = BORDER
        own = torch.eye(channels, device="cpu") if few else torch.ones(channels, 1, device="cpu")
        down = own[..., None, None] * torch.tensor(kernel, dtype=torch.float32, device="cpu").reshape(-1, 1)
        self.register_buffer("down", down, persistent=False)
        self.register_buffer("across", down.transpose(2, 3).contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Resample."""
        return in_floats(self._resampled, x)

    def _resampled(self, x: Tensor) -> Tensor:
        raise NotImplementedError


class Upsample(_Resampling):
    """(N, C, H, W) -> (N, C, 2H, 2W).

    Args:
        channels: C.
        design: at twice the rate of what comes in; its cutoff is in cycles a sample of that. With 6, 10, 14
            and so on taps nothing has to be cut off.
    """

    def __init__(self, channels: int, design: LowPass) -> None:
        super().__init__(channels, design, without_repetition(2 * design.kernel))
        self.border = design.taps // 4  # samples beyond an edge that are seen
        self.cut = 2 * self.border - design.taps // 2 + 1

    def _resampled(self, x: Tensor) -> Tensor:
        x = F.pad(x, (self.border,) * 4, mode=self.padding_mode)
        x = F.interpolate(x, scale_factor=(2.0, 1.0), mode="nearest")
        x = F.conv2d(x, self.down.to(x.dtype), groups=self.groups)
        x = F.interpolate(x, scale_factor=(1.0, 2.0), mode="nearest")
        x = F.conv2d(x, self.across.to(x.dtype), groups=self.groups)
        return x[..., self.cut : -self.cut, self.cut : -self.cut] if self.cut else x


class Downsample(_Resampling):
    """(N, C, 2H, 2W) -> (N, C, H, W).

    Args:
        channels: C.
        design: at the rate of what comes in; its cutoff is in cycles a sample of what comes out.
    """

    def __init__(self, channels: int, design: LowPass) -> None:
        super().__init__(channels, design, design.kernel)
        self.border = design.taps // 2 - 1

    def _resampled(self, x: Tensor) -> Tensor:
        if self.border:
            x = F.pad(x, (self.border,) * 4, mode=self.padding_mode)
        x = F.conv2d(x, self.across.to(x.dtype), stride=(1, 2), groups=self.groups)
        return F.conv2d(x, self.down.to(x.dtype), stride=(2, 1), groups=self.groups)


def without_repetition(kernel: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a symmetric kernel of an even number of taps does beside repeating each sample: a tap less."""
    rest = np.zeros(len(kernel) - 1)
    before = 0.0
    for tap in range(len(rest)):  # the kernel is (1, 1) convolved with the rest
        before = rest[tap] = kernel[tap] - before
    return rest
