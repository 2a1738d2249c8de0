"""A cluster that is joined for a job, with the actors that work for it there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Self

from stylize_video.pipeline.jobs.cluster import connection
from stylize_video.pipeline.jobs.cluster.actors import Actors
from stylize_video.pipeline.jobs.cluster.options import ClusterOptions
from stylize_video.pipeline.jobs.cluster.parcel import Packer
from stylize_video.pipeline.jobs.cluster.population import Figures


class JoinedCluster:
    """What all of a cluster's jobs begin and end with. A context manager; at its end nothing is left of it.

    Args:
        options: which cluster.
        note: takes a line that people should know.

    Attributes:
        actors: do what is to be done.
        packer: puts files into the object store.
        jobs: how many actors there are going to be.
    """

    actors: Actors
    packer: Packer
    jobs: int

    def __init__(self, options: ClusterOptions, note: Callable[[str], None]) -> None:
        self._options, self._note = options, note
        self._opened = ExitStack()

    def __enter__(self) -> Self:
        """Join the cluster.

        Raises:
            UsageError: Ray is not installed, or the address is none.
            DeviceError: the cluster can't be joined.
        """
        with ExitStack() as opened:
            ray = opened.enter_context(connection.connected(self._options))
            room = connection.room(ray.nodes(), self._options)
            self.actors = opened.enter_context(Actors(ray, room, self._note))
            self.packer, self.jobs = Packer(ray.put), room.workers
            self._opened = opened.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def figures(self) -> list[Figures]:
        """What each actor did."""
        return self.actors.figures
