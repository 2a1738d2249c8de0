"""The painter with a canvas as what a runtime runs: one module, to which the style is an input."""

from __future__ import annotations

from torch import Tensor, nn

from stylize_video.models.feed_forward.layers import StyleNumbers
from stylize_video.models.feed_forward.network import StyledNet
from stylize_video.models.runtimes.picture_kinds import to_kind, to_unit


class Paint(nn.Module):
    """Pictures, their canvases and a style -> paintings."""

    def __init__(self, network: StyledNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, images: Tensor, noise: Tensor, style: Tensor) -> Tensor:
        """Paint.

        Args:
            images: (N, 3, H, W) RGB, uint8 in 0..255 or float in 0..1, sides multiples of the stride.
            noise: (N, C, H/4, W/4).
            style: (1 or N, K, 1, 1); see `shape.norms`.

        Returns:
            (N, 3, H, W), of the kind that went in.
        """
        painted = self.network(to_unit(images), noise, StyleNumbers(style.flatten(1)))
        return to_kind(painted, images.dtype)
