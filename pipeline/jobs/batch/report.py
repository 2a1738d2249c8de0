"""The report of a batch: each painting is held beside its film, once, and all of them make a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from stylize_video.pipeline.jobs.batch import page
from stylize_video.pipeline.jobs.batch.asked import settings as batch_settings
from stylize_video.pipeline.jobs.batch.manifest import Manifest
from stylize_video.pipeline.jobs.batch.processes.comparing import Compare, Compared
from stylize_video.pipeline.jobs.batch.processes.worker import Failure
from stylize_video.pipeline.jobs.batch.processes.workers import Workers, work
from stylize_video.pipeline.jobs.batch.results import PAINTED, Result
from stylize_video.pipeline.jobs.batch.survey import Item


class Report:
    """A page that is written anew as films are painted.

    Args:
        path: of the page.
        manifest: keeps the figures, so that no painting is measured twice.
        workers: measure.
        on_begin: told of each painting that is measured.
    """

    def __init__(
        self, path: Path, manifest: Manifest, workers: Workers, on_begin: Callable[[str], None]
    ) -> None:
        self._path, self._manifest, self._workers = path, manifest, workers
        self._on_begin = on_begin
        self._items: dict[str, Item] = {}  # by the names of their paintings
        self._compared: dict[str, Compared] = {}

    def write(self, items: Sequence[Item], results: Sequence[Result]) -> None:
        """Write it.

        Args:
            items: films that were looked at since the last time.
            results: of all films.

        Raises:
            OutputError: page or record can't be written.
        """
        there = {result.output: result for result in results if result.output is not None}
        new = {item.name: item for item in items if self._manifest.path_of(item.name) in there}
        self._items |= new
        for name, item in new.items():  # painted anew since, or never compared
            if there[self._manifest.path_of(item.name)].status == PAINTED:
                self._compared.pop(name, None)
        self._compare([item for name, item in new.items() if name not in self._compared])
        shown = [
            page.Shown(result, name, self._settings(name), self._compared.get(name))
            for name in sorted(self._items)
            if (result := there.get(self._manifest.path_of(name))) is not None
        ]
        missing = [page.Shown(each, each.film.name, "", None) for each in results if each.output is None]
        page.write(self._path, [*shown, *missing], [])

    def _settings(self, name: str) -> str:
        return ", ".join(batch_settings.told(self._items[name].settings))

    def _compare(self, items: Sequence[Item]) -> None:
        entries = self._manifest.films
        tasks = [
            (item.name, Compare(item.request, entries[item.name].frames, entries[item.name].figures))
            for item in items
        ]
        for name, found in work(self._workers, tasks, self._on_begin, lambda *_: None):
            if isinstance(found, Failure):
                continue
            self._compared[name] = found
            if found.figures != entries[name].figures:
                entries[name] = replace(entries[name], figures=found.figures)
                self._manifest.write()
