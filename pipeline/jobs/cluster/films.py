"""A cluster in place of this machine for one long film: its shots are painted side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self

from stylize_video.pipeline.jobs.cluster import connection, parcel
from stylize_video.pipeline.jobs.cluster.actors import Actors, Figures
from stylize_video.pipeline.jobs.cluster.options import ClusterOptions
from stylize_video.pipeline.jobs.cluster.parcel import Packer
from stylize_video.pipeline.jobs.cluster.shots import Shots
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.segments.parts import Parts
from stylize_video.pipeline.segments.stretches import Stretch


class ClusterFilm:
    """Paints segments; see `segmented.Elsewhere`. A context manager; at its end nothing is left of it.

    Args:
        options: which cluster.
        note: takes a line that people should know.
    """

    def __init__(self, options: ClusterOptions, note: Callable[[str], None]) -> None:
        self._options, self._note = options, note
        self._opened = ExitStack()
        self._actors: Actors | None = None

    def __enter__(self) -> Self:
        """Join the cluster.

        Raises:
            UsageError: Ray is not installed, or the address is none.
            DeviceError: the cluster can't be joined.
        """
        with ExitStack() as opened:
            self._ray = opened.enter_context(connection.connected(self._options))
            room = connection.room(self._ray.nodes(), self._options)
            self._actors = opened.enter_context(Actors(self._ray, room, self._note))
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def figures(self) -> list[Figures]:
        """What each worker did."""
        return [] if self._actors is None else self._actors.figures

    def fill(
        self,
        request: PaintRequest,
        parts: Parts,
        stretches: Iterator[Stretch],
        stop: Callable[[], None],
        tell: Callable[[int], None],
    ) -> None:
        """See `segmented.Elsewhere`."""
        assert self._actors is not None
        absolute = parcel.with_paths(request, Path.absolute)
        packed = Packer(self._ray.put).pack(absolute)
        Shots(absolute, packed, self._actors, parts, tell).paint(stretches, stop)
