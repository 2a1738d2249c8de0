"""The shape of the alias-free painter, without the network itself. Needs no torch.

A style is a scale and a shift for each channel of each normalisation, as in the plain painter: `norms` of
`models/feed_forward/shape.py` says whose they are.
"""

from __future__ import annotations

from dataclasses import dataclass

from stylize_video.models import canvas
from stylize_video.models.feed_forward.shape import CanvasNetConfig


@dataclass(frozen=True)
class AliasFreeConfig(CanvasNetConfig):
    """The shape of the network. Stored beside the weights, so that it can be built again."""

    full_channels: int = 16
    half_channels: int = 32
    seen_channels: int = 24  # of what is seen of the photograph at half the resolution

    @property
    def convolutions(self) -> tuple[tuple[str, int, int], ...]:
        """See `CanvasNetConfig`."""
        quarter, eighth, sixteenth = self.quarter_channels, self.eighth_channels, self.sixteenth_channels
        return (
            ("enter", 3, self.seen_channels),
            ("head", self.seen_channels + canvas.CHANNELS, quarter),
            ("down", quarter, eighth),
            ("down_deep", eighth, sixteenth),
            ("up_eighth", sixteenth, eighth),
            ("up_quarter", eighth, quarter),
            ("merge", quarter, quarter),
            ("up_half", quarter, self.half_channels),
            ("merge_half", self.half_channels + self.seen_channels, self.half_channels),
            ("up_full", self.half_channels, self.full_channels),
        )
