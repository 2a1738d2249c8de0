"""A cluster in place of this machine for one long film: its shots are painted side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from stylize_video.pipeline.jobs.cluster import parcel
from stylize_video.pipeline.jobs.cluster.joined import JoinedCluster
from stylize_video.pipeline.jobs.cluster.shots import Shots
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.segments.parts import Parts
from stylize_video.pipeline.segments.stretches import Stretch


class ClusterFilm(JoinedCluster):
    """Paints segments; see `Elsewhere`."""

    def fill(
        self,
        request: PaintRequest,
        parts: Parts,
        stretches: Iterator[Stretch],
        stop: Callable[[], None],
        tell: Callable[[int], None],
    ) -> None:
        """See `Elsewhere`."""
        absolute = parcel.with_paths(request, Path.absolute)
        Shots(absolute, self.packer.pack(absolute), self.actors, parts, tell).paint(stretches, stop)
