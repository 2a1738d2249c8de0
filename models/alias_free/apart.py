"""A curve on twice the samples, whose finer grid is never laid out: its four phases are maps of their own.

Of the four samples that lie in one of the coarse grid each is an ordinary convolution of that. No sample is
repeated to be convolved again, every filter takes half of its taps, and nothing is written twice as wide:
9.5 -> 6.2 ms for 32 channels of 168x320. On small grids the border, which is bent as well, takes longer.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.resampling import BORDER, in_floats

Curve = Callable[[Tensor], Tensor]  # of each number by itself


class FilteredApart(nn.Module):
    """Upsampling by two, a curve, downsampling by two: (N, C, H, W) -> the same shape.

    A border is added around what comes in alone, and bent as well.

    Args:
        channels: C.
        curve: of each number by itself.
        design: of both filters, of 2, 6, 10 and so on taps.
    """

    up0: Tensor  # (C, 1, reach, 1), of one phase
    up1: Tensor  # of the other
    down0: Tensor
    down1: Tensor

    def __init__(self, channels: int, curve: Curve, design: LowPass) -> None:
        super().__init__()
        self.channels = channels
        self.curve = curve
        self.padding_mode: str = BORDER
        self.border = border(design)
        for name, kernels in zip(("up", "down"), phases(design), strict=True):
            for phase, kernel in enumerate(kernels):
                column = torch.tensor(kernel.copy(), dtype=torch.float32, device="cpu").reshape(1, 1, -1, 1)
                self.register_buffer(f"{name}{phase}", column.repeat(channels, 1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Bend."""
        return in_floats(self._bent, x)

    def _bent(self, x: Tensor) -> Tensor:
        x = F.pad(x, (self.border,) * 4, mode=self.padding_mode)
        upper, lower = (self._across(self._each(x, up)) for up in (self.up0, self.up1))
        return self._each(upper, self.down0) + self._each(lower, self.down1)

    def _across(self, row: Tensor) -> Tensor:
        """Of one phase down: upsampled across, bent, downsampled across."""
        left, right = (self.curve(self._each(row, up.transpose(2, 3))) for up in (self.up0, self.up1))
        return self._each(left, self.down0.transpose(2, 3)) + self._each(right, self.down1.transpose(2, 3))

    def _each(self, x: Tensor, kernel: Tensor) -> Tensor:
        """Each channel, convolved by itself."""
        return F.conv2d(x, kernel.to(x.dtype), groups=self.channels)


def phases(design: LowPass) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """(2, reach): of each of two samples, what it takes of the coarse grid, and what that takes of it.

    Raises:
        ValueError: a filter whose two phases don't reach equally far.
    """
    if design.rate != 2 or design.taps % 4 != 2:
        raise ValueError(f"{design} must have the rate 2, and 2, 6, 10 and so on taps")
    down = design.kernel.reshape(-1, 2).T
    return 2 * down[:, ::-1], down


def border(design: LowPass) -> int:
    """How many samples of the coarse grid beyond an edge are seen there and back."""
    return 2 * (design.taps // 4)
