"""The shape of the alias-free painter, without the network itself. Needs no torch.

A style is a scale and a shift for each channel of each normalisation, as in the plain painter: `norms` of
`models/feed_forward/shape.py` says whose they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from stylize_video.models.canvas_cells import CHANNELS
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.weights import file_format

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from torch import nn

    from stylize_video.models.feed_forward.engine import CanvasEngine
    from stylize_video.models.feed_forward.network import StyledNet
    from stylize_video.models.runtimes.program import Runtime
    from stylize_video.pictures.arrays import Pictures


@dataclass(frozen=True)
class AliasFreeConfig(CanvasNetConfig):
    """The shape of the network. Stored beside the weights, so that it can be built again."""

    stored_as: ClassVar[str] = file_format.ALIAS_FREE
    tiled: ClassVar[bool] = True

    full_channels: int = 16
    half_channels: int = 32
    seen_channels: int = 24  # of what is seen of the photograph at half the resolution

    @property
    def convolutions(self) -> tuple[tuple[str, int, int], ...]:
        """See `CanvasNetConfig`."""
        quarter, eighth, sixteenth = self.quarter_channels, self.eighth_channels, self.sixteenth_channels
        return (
            ("enter", 3, self.seen_channels),
            ("head", self.seen_channels + CHANNELS, quarter),
            ("down", quarter, eighth),
            ("down_deep", eighth, sixteenth),
            ("up_eighth", sixteenth, eighth),
            ("up_quarter", eighth, quarter),
            ("merge", quarter, quarter),
            ("up_half", quarter, self.half_channels),
            ("merge_half", self.half_channels + self.seen_channels, self.half_channels),
            ("up_full", self.half_channels, self.full_channels),
        )

    @property
    def biased(self) -> tuple[str, ...]:
        """See `CanvasNetConfig`: none."""
        return ()

    def network(self) -> StyledNet:
        """See `CanvasNetConfig`."""
        from stylize_video.models.alias_free.network import AliasFreeNet

        return AliasFreeNet(self)

    def sections(self, network: StyledNet) -> Mapping[str, nn.Module]:
        """See `CanvasNetConfig`."""
        from stylize_video.models.alias_free.network import AliasFreeNet
        from stylize_video.models.alias_free.sections import PaintBy, PaintNext, Statistics

        assert isinstance(network, AliasFreeNet)
        in_tiles = {"statistics": Statistics(network), "paint by": PaintBy(network)}
        return {**super().sections(network), "paint next": PaintNext(network), **in_tiles}

    def in_tiles(
        self, run: Callable[..., Any], images: Pictures, noise: Pictures, style: Pictures
    ) -> Pictures:
        """See `CanvasNetConfig`."""
        from stylize_video.models.alias_free import tiles

        return tiles.painted(run, images, noise, style)

    def engine(self, runtime: Runtime, *, seed: int) -> CanvasEngine:
        """See `CanvasNetConfig`."""
        from stylize_video.models.alias_free.engine import AliasFreeEngine

        return AliasFreeEngine(runtime, seed=seed, config=self)

    def largest(self, arrays: Mapping[str, NDArray[Any]]) -> float:
        """See `CanvasNetConfig`."""
        from stylize_video.models.alias_free import bounds

        return bounds.largest(self, arrays)
