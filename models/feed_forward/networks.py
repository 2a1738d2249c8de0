"""Which networks paint: of a bundled style those of one set, and of a file its own. Needs no torch."""

from __future__ import annotations

from typing import NamedTuple

from stylize_video.models import styles
from stylize_video.models.feed_forward.shape import CanvasNetConfig


class Networks(NamedTuple):
    """All of one architecture."""

    bundled: str  # which of those that are bundled, one of `styles.SETS`
    shape: type[CanvasNetConfig]  # says what files hold it, and builds it


FULL = Networks(styles.FULL, CanvasNetConfig)
DRAFT = Networks(styles.DRAFT, CanvasNetConfig)


def of_quality(quality: str) -> Networks:
    """Those of one of `styles.QUALITIES`."""
    return {styles.FULL: FULL, styles.DRAFT: DRAFT}[quality]
