"""What an alias-free painter paints a picture in tiles by: the whole one's statistics, and tiles by them."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from stylize_video.models.alias_free.network import AliasFreeNet
from stylize_video.models.feed_forward.layers import StyleNumbers
from stylize_video.models.runtimes.picture_kinds import to_kind, to_unit


class Statistics(nn.Module):
    """Pictures, their canvases and a style -> the means and variances that all of it is normalised by.

    Every normalisation is at half the resolution or below: this takes less than half of painting's memory.
    """

    def __init__(self, network: AliasFreeNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, noise: Tensor, style: Tensor) -> Tensor:
        """Look at pictures.

        Args:
            images: see `feed_forward.sections.Paint`, as are the others.
            noise: (N, C, H/4, W/4).
            style: (1 or N, K, 1, 1).

        Returns:
            (N, K, 1, 1), as `StyleNumbers.statistics` are.
        """
        seen: dict[int, Tensor] = {}

        def look(start: int, features: Tensor) -> None:
            wide = features.float()
            mean = wide.mean((2, 3), keepdim=True)
            seen[start] = torch.cat([mean, (wide - mean).square().mean((2, 3), keepdim=True)], 1)

        numbers = StyleNumbers(style.flatten(1), seen=look)
        half = self.network.until_half(to_unit(images), noise, numbers)
        look(self.network.up_full.norm.start, self.network.up_full.convolution(half))
        return torch.cat([seen[start] for start in sorted(seen)], 1)


class PaintBy(nn.Module):
    """Pictures, canvases, a style and statistics -> paintings."""

    def __init__(self, network: AliasFreeNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, noise: Tensor, style: Tensor, statistics: Tensor) -> Tensor:
        """Paint by what `Statistics` found of the pictures, or of larger ones that these are parts of."""
        numbers = StyleNumbers(style.flatten(1), statistics.flatten(1))
        return to_kind(self.network(to_unit(images), noise, numbers), images.dtype)
