"""An alias-free painter as what a runtime runs, beside painting a picture: films, and pictures in tiles."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.alias_free.network import AliasFreeNet
from stylize_video.models.feed_forward.layers import StyleNumbers
from stylize_video.models.runtimes.picture_kinds import to_kind, to_unit


class PaintNext(nn.Module):
    """The next frame of a shot: pictures, canvases, a style and the strokes before -> paintings and strokes.

    Strokes are what the network has decided on at a quarter of the resolution, as features. Two frames of a
    film differ by noise, blur and compression as well, and decisions fall otherwise for as little. So those
    before are brought along the motion, and the new ones are a mean of both.
    """

    def __init__(self, network: AliasFreeNet) -> None:
        super().__init__()
        self.network = network

    def forward(
        self, images: Tensor, noise: Tensor, style: Tensor, before: Tensor, places: Tensor, share: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Paint.

        Args:
            images: see `feed_forward.sections.Paint`, as are the others.
            noise: (N, C, H/4, W/4).
            style: (1 or N, K, 1, 1).
            before: (N, 48, H/4, W/4) float16, the strokes of the frame before.
            places: (N, 2, H/4, W/4), x and y of where in that frame each of its cells was; -1 and 1 are the
                middles of the outermost cells.
            share: (N, 1, H/4, W/4) in 0..1, of them in the mean.

        Returns:
            (N, 3, H, W), of the kind that went in, and the strokes, float16, for the next frame.
        """
        numbers = StyleNumbers(style.flatten(1))
        merged, seen = self.network.strokes(to_unit(images), noise, numbers)
        brought = F.grid_sample(
            *(before.float(), places.permute(0, 2, 3, 1)),
            mode="bicubic",
            padding_mode="border",
            align_corners=True,
        )
        merged = merged + share * (brought - merged)
        painted = to_kind(self.network.painted(merged, seen, numbers), images.dtype)
        return painted, merged.half()  # what is saved at each segment's end


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
            """Keep what the normalisation whose numbers begin there is given."""
            wide = features.float()
            mean = wide.mean((2, 3), keepdim=True)
            seen[start] = torch.cat([mean, (wide - mean).square().mean((2, 3), keepdim=True)], 1)

        numbers = StyleNumbers(style.flatten(1), seen=look)
        half = self.network.until_half(*self.network.strokes(to_unit(images), noise, numbers), numbers)
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
