"""Painting by an alias-free network, whose strokes move with the things. Needs no torch until it is built."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stylize_video.models import styles
from stylize_video.models.alias_free.shape import AliasFreeConfig
from stylize_video.models.feed_forward.method import PaintsByNetwork
from stylize_video.models.feed_forward.networks import Networks

BUNDLED = Networks(styles.ALIAS_FREE, AliasFreeConfig)


@dataclass(frozen=True)
class AliasFreeOptions:
    """There is nothing that only this method can be told."""


class AliasFree(PaintsByNetwork):
    """See `Method`."""

    name = "alias-free"
    summary = "a network whose strokes move with the things by fractions of a pixel paints as its painting"
    title = "alias-free networks"

    @property
    def options(self) -> type[Any]:
        """See `Method`."""
        return AliasFreeOptions

    def networks(self, options: AliasFreeOptions) -> Networks:  # noqa: ARG002 - there are none
        """See `PaintsByNetwork`."""
        return BUNDLED
