"""A cluster in place of a batch's own processes: films are painted there, one by each worker."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from stylize_video.errors import StylizeVideoError
from stylize_video.pipeline.jobs.batch.processes.tasks import Finished, Given, PaintFilm, Task
from stylize_video.pipeline.jobs.batch.processes.worker import Failure, Message, failure
from stylize_video.pipeline.jobs.cluster.actor import RemoteTask
from stylize_video.pipeline.jobs.cluster.film_task import BLOCK, Arrival, RemoteFilm
from stylize_video.pipeline.jobs.cluster.joined import JoinedCluster
from stylize_video.pipeline.jobs.cluster.options import ClusterOptions
from stylize_video.pipeline.jobs.cluster.parcel import Parcel
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.segments import parts


class ClusterPainters(JoinedCluster):
    """Paints films as `Workers` do."""

    def __init__(self, options: ClusterOptions, note: Callable[[str], None]) -> None:
        super().__init__(options, note)
        self._unpainted: list[tuple[Given, Message]] = []

    @property
    def idle(self) -> int:
        """See `Workers`; the first worker is waited for."""
        return self.actors.idle

    def give(self, name: Any, task: Task) -> None:
        """See `Workers`."""
        assert isinstance(task, PaintFilm)
        given = Given(name, task)
        try:
            _see_that_nothing_is_begun(task)
            errand = _FilmErrand(given, task.request, self.packer.pack(task.request))
        except StylizeVideoError as error:
            self._unpainted.append((given, Message("failed", failure(error))))
        else:
            self.actors.give(errand)

    def wait(self, timeout: float | None = None) -> list[tuple[Given, Message]]:  # noqa: ARG002 - it never waits long
        """See `Workers`."""
        if self._unpainted:
            found, self._unpainted = self._unpainted, []
            return found
        return [(event.errand.given, event.message) for event in self.actors.wait()]

    def interrupt(self) -> list[tuple[Given, Message]]:
        """Let all end; what is not finished comes to nothing."""
        self.actors.abandon()
        return []


def _see_that_nothing_is_begun(task: PaintFilm) -> None:
    """Segments that this machine has painted can't be gone on with elsewhere."""
    folder = parts.folder_of(task.request.target)
    if folder.exists():
        raise StylizeVideoError(
            f"{folder}: has what was painted of it on this machine; go on without `ray`, or move it away"
        )


class _FilmErrand:
    """A film that is to be painted; see `Errand`."""

    def __init__(self, given: Given, request: PaintRequest, parcel: Parcel) -> None:
        self.given = given
        self._request, self._parcel = request, parcel
        self._arrival = Arrival(request)
        self._failure: Failure | None = None

    def task(self) -> RemoteTask:
        """See `Errand`."""
        return RemoteFilm(self._request)

    def parcel(self) -> Parcel:
        """See `Errand`."""
        return self._parcel

    def take(self, message: Message) -> Message | None:
        """See `Errand`."""
        if message.kind == "progress":
            return message
        if message.kind == BLOCK:
            self._try(lambda: self._arrival.take(message.content))
            return None
        done: Finished | Failure | None = message.content
        if message.kind == "done" and self._failure is None:
            done = self._try(lambda: self._arrival.finish(message.content))
        self._arrival.discard()
        if self._failure is not None:
            return Message("failed", self._failure)
        return Message(message.kind, done)

    def lost(self) -> None:
        """See `Errand`."""
        self._arrival.discard()

    def _try(self, act: Callable[[], Any]) -> Any:
        """What can't be written here is that film's failure."""
        if self._failure is not None:
            return None
        try:
            return act()
        except Exception as error:
            self._failure = failure(error)
            self._arrival.discard()
            return None
