"""Many films painted by one command: what is done is kept, recorded and never done again."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import stylize_video
from stylize_video.errors import InputError, OutputError, StylizeVideoError, UsageError
from stylize_video.files import lock, whole_file
from stylize_video.files.partial import output_errors
from stylize_video.option import flag
from stylize_video.pipeline.jobs.batch import films as batch_films
from stylize_video.pipeline.jobs.batch import page
from stylize_video.pipeline.jobs.batch import plan as batch_plan
from stylize_video.pipeline.jobs.batch import survey as batch_survey
from stylize_video.pipeline.jobs.batch.manifest import LOCK, Entry, Manifest
from stylize_video.pipeline.jobs.batch.plan import BatchPlan, Estimate
from stylize_video.pipeline.jobs.batch.processes.tasks import (
    Finished,
    PaintFilm,
    Progress,
    See,
    Seen,
)
from stylize_video.pipeline.jobs.batch.processes.worker import Failure, failure
from stylize_video.pipeline.jobs.batch.processes.workers import Painters, Workers, work
from stylize_video.pipeline.jobs.batch.report import Report
from stylize_video.pipeline.jobs.batch.results import (
    DONE,
    FAILED,
    NOT_BEGUN,
    PAINTED,
    BatchInterrupted,
    Result,
)
from stylize_video.pipeline.jobs.batch.survey import Asked, Clips, Item, Survey
from stylize_video.pipeline.jobs.batch.watch import EVERY, Settling
from stylize_video.pipeline.jobs.cluster.actors import Figures
from stylize_video.pipeline.jobs.cluster.painters import ClusterPainters
from stylize_video.pipeline.segments import parts
from stylize_video.process import signals


class Listener:
    """Is told how far a batch is; does nothing with it."""

    def looking(self, name: str) -> None:
        """A film is looked at."""

    def measuring(self, name: str) -> None:
        """A part of a film is painted to see how long it takes."""

    def planned(self, plan: BatchPlan) -> None:
        """This will be done."""

    def begin(self, name: str) -> None:
        """A film is begun."""

    def progress(self, name: str, progress: Progress) -> None:
        """So far is a film."""

    def end(self, name: str, result: Result) -> None:
        """A film has ended."""

    def waiting(self, folder: Path) -> None:
        """A folder is watched, and nothing else is done."""

    def comparing(self, name: str) -> None:
        """A painting is measured for the report."""

    def note(self, line: str) -> None:
        """Something that people should know."""

    def worked(self, figures: Sequence[Figures]) -> None:
        """So much did the workers of a cluster, now that all is done."""


def run(asked: Asked, listener: Listener) -> list[Result]:
    """Paint all that is not done.

    Raises:
        UsageError: what is asked for makes no sense.
        StylizeVideoError: nothing can be painted, or the record can't be read or written.
        BatchInterrupted: Ctrl-C.
    """
    folder = asked.folder
    watched = asked.options.watch
    if watched is not None and not watched.is_dir():
        raise InputError(f"{watched}: no such folder to watch")
    if not asked.clips and watched is None:
        raise UsageError(f"nothing to paint: give films, folders or patterns, or a {flag('job_file')}")
    if asked.options.report is not None:
        page.check_target(asked.options.report, overwrite=bool(asked.typed.get("overwrite")))
    if watched is not None:
        batch_films.find([str(watched)], folder)  # which refuses the output folder
    with ExitStack() as opened:
        if not asked.options.plan:
            with output_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
            message = f"{folder}: another batch is painting into this folder; wait until it has ended"
            opened.enter_context(lock.held(folder / LOCK, message))
        signals.begin_work()  # from now on, Ctrl-C ends the processes first
        workers = opened.enter_context(Workers(asked.options.jobs))
        cluster = None
        if asked.cluster.ray is not None and not asked.options.plan:
            cluster = opened.enter_context(ClusterPainters(asked.cluster, listener.note))
        try:
            return _Batch(asked, Manifest.read(folder), workers, listener, cluster).run()
        finally:
            if cluster is not None:
                listener.worked(cluster.figures)


class _Batch:
    """A batch that is under way."""

    def __init__(
        self,
        asked: Asked,
        manifest: Manifest,
        workers: Workers,
        listener: Listener,
        cluster: ClusterPainters | None = None,
    ) -> None:
        self._asked, self._manifest = asked, manifest
        self._workers, self._listener = workers, listener
        self._painters: Painters = cluster or workers
        self._jobs = asked.options.jobs if cluster is None else cluster.jobs  # films painted at once
        self._results: list[Result] = []
        self._items: dict[str, Item] = {}
        self._begun: dict[str, Entry | None] = {}  # films under way, and what was recorded before
        self._left = 0  # films that are not painted yet
        self._why_not = ""  # no further film is begun
        page_path = asked.options.report
        self._report = None if page_path is None else Report(page_path, manifest, workers, listener.comparing)

    def run(self) -> list[Result]:
        """Look, plan, paint; where a folder is watched, again and again until Ctrl-C."""
        try:
            watched, plan = self._asked.options.watch, self._asked.options.plan
            self._round(_with_watched(self._asked, watched) if watched and plan else self._asked)
            if watched is not None and not plan:
                self._watch(watched)
        except KeyboardInterrupt:
            left = self._stop()
            raise BatchInterrupted(self._results, left) from None
        return self._results

    def _round(self, asked: Asked, only: Collection[Path] | None = None) -> None:
        """Paint what is to be painted now: `only` these films, of which somebody has told already."""
        plan = self._plan(batch_survey.look(asked, self._manifest, only), later=only is not None)
        self._listener.planned(plan)
        if self._asked.options.plan:
            return
        self._manifest.write()
        self._paint(plan.items)
        if self._report is not None and self._results:
            self._report.write([*plan.items, *plan.done], self._results)

    def _watch(self, folder: Path) -> None:
        """Paint what comes into a folder, until Ctrl-C or until nothing more can be painted."""
        asked = _with_watched(self._asked, folder)
        settling = Settling()
        while not self._why_not:
            self._listener.waiting(folder)
            films = [film.path for film in batch_films.find([str(folder)], asked.folder).films]
            if new := set(settling.settled(films, time.monotonic())):
                self._results = [result for result in self._results if result.film not in new]
                self._round(asked, new)
            else:
                time.sleep(EVERY)

    def _plan(self, survey: Survey, *, later: bool) -> BatchPlan:
        self._see(survey)
        for path, reason in survey.failed:
            self._results.append(Result(path, FAILED, reason=reason))
        for item in survey.items:
            if not item.why:
                self._results.append(self._done(item))
        to_paint = [item for item in survey.items if item.why]
        self._left = len(to_paint)
        found = Estimate(None, None)
        if to_paint and not later:
            found = batch_plan.estimate(
                to_paint,
                self._workers,
                self._asked.options,
                self._manifest.folder,
                self._listener.measuring,
                at_once=self._jobs,
            )
        return BatchPlan(
            folder=self._manifest.folder,
            items=to_paint,
            done=[item for item in survey.items if not item.why],
            failed=survey.failed,
            left_out=survey.left_out,
            notes=() if later else survey.notes,
            later=later,
            jobs=self._jobs,
            estimate=found,
            free=batch_plan.free(self._manifest.folder),
        )

    def _see(self, survey: Survey) -> None:
        """Look at all films that are not surely done; those that can't be painted are failures."""
        unsure = {item.name: item for item in survey.items if not item.surely_done}
        tasks = [
            (name, See(item.request, item.before.source if item.before else None))
            for name, item in unsure.items()
        ]
        for name, seen in work(self._workers, tasks, self._listener.looking, lambda *_: None):
            item = unsure[name]
            if isinstance(seen, Failure):
                survey.failed.append((item.path, seen.reason))
                survey.items.remove(item)
            else:
                self._take(item, seen)

    def _take(self, item: Item, seen: Seen) -> None:
        item.seen = seen
        item.why = batch_survey.changed(item, seen.source)
        if not item.why and item.before is not None:  # the same film, touched or moved
            here = self._manifest.seen_from_here(item.path)
            item.before = replace(item.before, source=seen.source, input=here)
            self._manifest.films[item.name] = item.before

    def _done(self, item: Item) -> Result:
        before = item.before
        assert before is not None
        return Result(item.path, DONE, self._manifest.path_of(item.name), before.frames, before.seconds)

    def _paint(self, items: Sequence[Item]) -> None:
        self._items = {item.name: item for item in items}
        waiting = list(items)

        def tasks() -> Iterator[tuple[str, PaintFilm]]:
            while waiting and not self._why_not:
                item = waiting.pop(0)
                if self._begin(item):
                    yield item.name, PaintFilm(item.request, restarts=item.before is not None)

        for name, result in work(self._painters, tasks(), self._listener.begin, self._listener.progress):
            self._end(self._items[name], result)
        for item in waiting:
            self._tell(item, Result(item.path, NOT_BEGUN, reason=self._why_not))

    def _begin(self, item: Item) -> bool:
        """Record that a film is under way; False, with a result, if that can't be."""
        target = self._manifest.path_of(item.name)
        self._begun[item.name] = self._manifest.films.get(item.name)
        try:
            with output_errors(target):
                target.parent.mkdir(parents=True, exist_ok=True)
            whole_file.check_target(target, overwrite=item.request.sink.overwrite)
            self._record(item.name, self._entry(item))
        except StylizeVideoError as error:
            self._fail(item, failure(error))
            return False
        return True

    def _entry(self, item: Item) -> Entry:
        return Entry(
            input=self._manifest.seen_from_here(item.path),
            source=item.seen.source if item.seen else None,
            settings=item.settings,
            weights=item.weights,
            under_way=True,
        )

    def _record(self, name: str, entry: Entry) -> None:
        self._manifest.films[name] = entry
        self._manifest.write()

    def _fail(self, item: Item, why: Failure) -> None:
        """A film came to nothing: what was recorded before counts again."""
        self._forget(item.name)
        self._tell(item, Result(item.path, FAILED, reason=why.reason))
        if why.disk_full:
            self._why_not = "the disk is full"
        elif why.for_all:
            self._why_not = "no film can be painted so"

    def _forget(self, name: str) -> None:
        before, begun = self._begun.pop(name), self._manifest.films.get(name)
        if before is not None:
            self._manifest.films[name] = before
        elif begun is not None and parts.folder_of(self._manifest.path_of(name)).exists():
            self._manifest.films[name] = replace(begun, under_way=False)  # the next run goes on with it
        else:
            self._manifest.films.pop(name, None)

    def _end(self, item: Item, result: Finished | Failure) -> None:
        """Record what became of a film, and say so."""
        if isinstance(result, Failure):
            self._fail(item, result)
            return
        self._begun.pop(item.name)
        output = self._manifest.path_of(item.name)
        told = Result(item.path, PAINTED, output, result.frames, result.seconds, notes=result.notes)
        try:
            self._record(item.name, _finished(self._manifest.films[item.name], result))
        except OutputError as error:
            self._why_not = "what is painted can't be recorded"
            told = replace(told, status=FAILED, reason=f"painted, but not recorded: {error}")
        self._tell(item, told)

    def _tell(self, item: Item, result: Result) -> None:
        self._results.append(result)
        self._left -= 1
        self._listener.end(item.name, result)

    def _stop(self) -> int:
        """After Ctrl-C: let the processes end, and keep what they finish; how many films are left."""
        for given, message in (*self._workers.interrupt(), *self._painters.interrupt()):
            if given.name in self._begun and isinstance(message.content, Finished):
                self._end(self._items[given.name], message.content)
        for name in list(self._begun):
            self._forget(name)
        if not self._asked.options.plan:
            self._manifest.write()
        return self._left


def _with_watched(asked: Asked, folder: Path) -> Asked:
    return replace(asked, clips=(Clips((str(folder),)), *asked.clips))


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
