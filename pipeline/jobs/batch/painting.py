"""Films painted one after the other, or several at once, and what became of each: said, and recorded."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from stylize_video.errors import OutputError, StylizeVideoError
from stylize_video.pipeline.jobs.batch.manifest import Manifest
from stylize_video.pipeline.jobs.batch.processes.tasks import Finished, Given, PaintFilm
from stylize_video.pipeline.jobs.batch.processes.worker import Failure, Message, failure
from stylize_video.pipeline.jobs.batch.processes.workers import Painters, work
from stylize_video.pipeline.jobs.batch.results import DONE, FAILED, NOT_BEGUN, PAINTED, Listener, Result
from stylize_video.pipeline.jobs.batch.survey import Item
from stylize_video.pipeline.jobs.batch.under_way import UnderWay


class FilmsPainting:
    """The films of a batch, of one round after the other.

    Args:
        manifest: the record.
        painters: paint.
        listener: told of each film.

    Attributes:
        results: what became of all so far.
        left: how many films are not painted yet.
        why_not: no further film is begun; empty: they are.
    """

    def __init__(self, manifest: Manifest, painters: Painters, listener: Listener) -> None:
        self._manifest, self._painters, self._listener = manifest, painters, listener
        self._items: dict[str, Item] = {}  # that are painted in this round, by their paintings' names
        self._under_way = UnderWay(manifest)
        self._painted: dict[str, Result] = {}  # in this run, by their paintings' names
        self.results: list[Result] = []
        self.left = 0
        self.why_not = ""

    def forget(self, films: Collection[Path]) -> None:
        """Films that have changed: what became of them before is no matter."""
        self.results = [result for result in self.results if result.film not in films]

    def done(self, item: Item) -> None:
        """A film was painted before."""
        before = item.before
        assert before is not None
        output = self._manifest.path_of(item.name)
        told = Result(item.path, DONE, output, before.frames, before.seconds)
        self.results.append(self._painted.get(item.name, told))  # in an earlier round, perhaps

    def failed(self, film: Path, reason: str) -> None:
        """A film can't be painted, as was seen beforehand."""
        self.results.append(Result(film, FAILED, reason=reason))

    def paint(self, items: Sequence[Item]) -> None:
        """Paint films; whatever becomes of one, the others are painted, unless none can be any more."""
        self._items = {item.name: item for item in items}
        waiting = list(items)

        def tasks() -> Iterator[tuple[str, PaintFilm]]:
            while waiting and not self.why_not:
                item = waiting.pop(0)
                if self._begin(item):
                    yield item.name, PaintFilm(item.request, restarts=item.before is not None)

        for name, result in work(self._painters, tasks(), self._listener.begin, self._listener.progress):
            self._end(self._items[name], result)
        for item in waiting:
            self._tell(item, Result(item.path, NOT_BEGUN, reason=self.why_not))

    def stop(self, told: Sequence[tuple[Given, Message]]) -> None:
        """After Ctrl-C: keep what was finished by then, and forget what else was begun.

        Args:
            told: by the processes, before they ended.
        """
        for given, message in told:
            if given.name in self._under_way and isinstance(message.content, Finished):
                self._end(self._items[given.name], message.content)
        for name in self._under_way:
            self._under_way.forget(name)

    def _begin(self, item: Item) -> bool:
        """Record that a film is under way; False, with a result, if that can't be."""
        try:
            self._under_way.begin(item)
        except StylizeVideoError as error:
            self._fail(item, failure(error))
            return False
        return True

    def _fail(self, item: Item, why: Failure) -> None:
        self._under_way.forget(item.name)
        self._tell(item, Result(item.path, FAILED, reason=why.reason))
        if why.disk_full:
            self.why_not = "the disk is full"
        elif why.for_all:
            self.why_not = "no film can be painted so"

    def _end(self, item: Item, result: Finished | Failure) -> None:
        """Record what became of a film, and say so."""
        if isinstance(result, Failure):
            self._fail(item, result)
            return
        output = self._manifest.path_of(item.name)
        told = Result(item.path, PAINTED, output, result.frames, result.seconds, notes=result.notes)
        try:
            self._under_way.finish(item.name, result)
        except OutputError as error:
            self.why_not = "what is painted can't be recorded"
            told = replace(told, status=FAILED, reason=f"painted, but not recorded: {error}")
        else:
            self._painted[item.name] = told
        self._tell(item, told)

    def _tell(self, item: Item, result: Result) -> None:
        self.results.append(result)
        self.left -= 1
        self._listener.end(item.name, result)
