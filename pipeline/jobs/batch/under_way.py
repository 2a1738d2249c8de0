"""Films that are being painted, as the record has them: whatever ends the program, it knows of each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import stylize_video
from stylize_video.errors import OutputError
from stylize_video.files import whole_file
from stylize_video.files.partial import output_errors
from stylize_video.pipeline.jobs.batch.manifest import Entry, Manifest
from stylize_video.pipeline.jobs.batch.processes.tasks import Finished
from stylize_video.pipeline.jobs.batch.survey import Item
from stylize_video.pipeline.segments import parts


class UnderWay:
    """Films between their beginning and their end, by their paintings' names.

    Args:
        manifest: the record.
    """

    def __init__(self, manifest: Manifest) -> None:
        self._manifest = manifest
        self._before: dict[str, Entry | None] = {}  # what was recorded before

    def __contains__(self, name: object) -> bool:
        return name in self._before

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._before))

    def begin(self, item: Item) -> None:
        """Record that a film is under way, once its painting has a place.

        Raises:
            OutputError: it can't be recorded, or there can be no painting.
        """
        target = self._manifest.path_of(item.name)
        self._before[item.name] = self._manifest.films.get(item.name)
        with output_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        whole_file.check_target(target, overwrite=item.request.sink.overwrite)
        self._record(item.name, _begun(item, self._manifest.seen_from_here(item.path)))

    def finish(self, name: str, result: Finished) -> None:
        """Record a painting.

        Raises:
            OutputError: that can't be; the film counts as one that is not finished.
        """
        del self._before[name]
        self._record(name, _finished(self._manifest.films[name], result))

    def forget(self, name: str) -> None:
        """A film has come to nothing: what was recorded before counts again."""
        before, begun = self._before.pop(name), self._manifest.films.get(name)
        if before is not None:
            self._manifest.films[name] = before
        elif begun is not None and parts.folder_of(self._manifest.path_of(name)).exists():
            self._manifest.films[name] = replace(begun, under_way=False)  # the next run goes on with it
        else:
            self._manifest.films.pop(name, None)
        with suppress(OutputError):  # a full disk, perhaps; then it counts as one that is not finished
            self._manifest.write()

    def _record(self, name: str, entry: Entry) -> None:
        self._manifest.films[name] = entry
        self._manifest.write()


def _begun(item: Item, seen_from_here: str) -> Entry:
    return Entry(
        input=seen_from_here,
        source=item.seen.source if item.seen else None,
        settings=item.settings,
        weights=item.weights,
        run=item.run,
        under_way=True,
    )


def _finished(entry: Entry, result: Finished) -> Entry:
    return replace(
        entry,
        under_way=False,
        output=result.output,
        frames=result.frames,
        seconds=round(result.seconds, 3),
        notes=result.notes,
        verified=result.verified,
        painted=datetime.now(UTC).isoformat(timespec="seconds"),
        version=stylize_video.__version__,
    )
