"""A curve on twice the samples for the few channels of a picture, whose finer grid is never laid out.

The four samples that lie in one of the coarse grid stay channels side by side, the filter's phases, each
of which is an ordinary convolution of the coarse grid. Runtimes compute single channels sixteen at a time: of
three they waste most, and of a picture's last grid, twice as fine as itself, that is much.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.alias_free.filtered import Curve, phases
from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.resampling import BORDER


class FilteredInPhases(nn.Module):
    """As `Filtered`, but for edges: what lies beyond them is bent as well. (N, C, H, W) -> the same shape.

    Args:
        channels: C, a few.
        curve: of each number by itself.
        design: of both filters, of 2, 6, 10 and so on taps.
    """

    up_down: Tensor  # (2C, C, reach, 1)
    up_across: Tensor  # (4C, 2C, 1, reach)
    down_across: Tensor  # (2C, 4C, 1, reach)
    down_down: Tensor  # (C, 2C, reach, 1)

    def __init__(self, channels: int, curve: Curve, design: LowPass) -> None:
        super().__init__()
        self.curve = curve
        self.padding_mode: str = BORDER
        self.border = 2 * (design.taps // 4)  # samples beyond an edge that are seen there and back
        up, down = (
            torch.tensor(kernels.copy(), dtype=torch.float32, device="cpu") for kernels in phases(design)
        )
        kernels = {
            "up_down": _each(up, channels),
            "up_across": _each(up, 2 * channels).transpose(2, 3),
            "down_across": _each(down, 2 * channels).transpose(0, 1).transpose(2, 3),
            "down_down": _each(down, channels).transpose(0, 1),
        }
        for name, kernel in kernels.items():
            self.register_buffer(name, kernel.contiguous(), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Bend."""
        x = F.pad(x, (self.border,) * 4, mode=self.padding_mode)
        fine = F.conv2d(F.conv2d(x, self.up_down.to(x.dtype)), self.up_across.to(x.dtype))
        bent = self.curve(fine)
        return F.conv2d(F.conv2d(bent, self.down_across.to(x.dtype)), self.down_down.to(x.dtype))


def _each(kernels: Tensor, channels: int) -> Tensor:
    """(2, reach) -> (2 * channels, channels, reach, 1): of each channel both phases, and of no other."""
    single = torch.eye(channels, device="cpu")[:, None, :, None] * kernels[None, :, None]  # (C, 2, C, reach)
    return single.flatten(0, 1).unsqueeze(-1)
