"""Many films painted by one command: what is done is kept, recorded and never done again."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from contextlib import ExitStack
from pathlib import Path

from stylize_video.errors import InputError, OutputError, UsageError
from stylize_video.files import lock
from stylize_video.files.partial import output_errors
from stylize_video.option import flag
from stylize_video.pipeline.jobs.batch import films as batch_films
from stylize_video.pipeline.jobs.batch import looking, page
from stylize_video.pipeline.jobs.batch import plan as batch_plan
from stylize_video.pipeline.jobs.batch import survey as batch_survey
from stylize_video.pipeline.jobs.batch.asked.clips import Asked
from stylize_video.pipeline.jobs.batch.manifest import LOCK, Manifest
from stylize_video.pipeline.jobs.batch.painting import FilmsPainting
from stylize_video.pipeline.jobs.batch.plan import BatchPlan, Estimate
from stylize_video.pipeline.jobs.batch.processes.measuring import MEASURING
from stylize_video.pipeline.jobs.batch.processes.workers import Painters, Workers
from stylize_video.pipeline.jobs.batch.report import Report
from stylize_video.pipeline.jobs.batch.results import (
    BatchInterrupted,
    Listener,
    Outcome,
)
from stylize_video.pipeline.jobs.batch.survey import Item, Survey
from stylize_video.pipeline.jobs.batch.watch import EVERY, Settling
from stylize_video.pipeline.jobs.cluster.painters import ClusterPainters
from stylize_video.process import leftovers, signals


def run(asked: Asked, listener: Listener) -> Outcome:
    """Paint all that is not done.

    Raises:
        UsageError: what is asked for makes no sense.
        StylizeVideoError: nothing can be painted, or the record can't be read or written.
        BatchInterrupted: Ctrl-C.
    """
    _check(asked)
    folder = asked.folder
    with ExitStack() as opened:
        if not asked.options.plan:
            with output_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
            message = f"{folder}: another batch is painting into this folder; wait until it has ended"
            opened.enter_context(lock.held(folder / LOCK, message))
            leftovers.sweep(folder, MEASURING)
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


def _check(asked: Asked) -> None:
    """Refuse at once what makes no sense."""
    watched, report = asked.options.watch, asked.options.report
    if watched is not None and not watched.is_dir():
        raise InputError(f"{watched}: no such folder to watch")
    if not asked.clips and watched is None:
        raise UsageError(f"nothing to paint: give films, folders or patterns, or a {flag('job_file')}")
    if report is not None:
        page.check_target(report, overwrite=bool(asked.typed.get("overwrite")))
    if watched is not None:
        batch_films.find([str(watched)], asked.folder)  # which refuses the output folder


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
        self._films = FilmsPainting(manifest, self._painters, listener)
        self._unreported = ""  # why there is no report
        page_path = asked.options.report
        self._report = None if page_path is None else Report(page_path, manifest, workers, listener.comparing)

    def run(self) -> Outcome:
        """Look, plan, paint; where a folder is watched, again and again until Ctrl-C."""
        try:
            watched, plan = self._asked.options.watch, self._asked.options.plan
            self._round(self._asked.with_watched() if plan else self._asked)
            if watched is not None and not plan:
                self._watch(watched)
        except KeyboardInterrupt:
            self._stop()
            raise BatchInterrupted(self._films.results, self._films.left) from None
        return Outcome(self._films.results, self._unreported)

    def _round(self, asked: Asked, only: Collection[Path] | None = None) -> None:
        """Paint what is to be painted now: `only` these films, of which somebody has told already."""
        plan = self._plan(batch_survey.look(asked, self._manifest, only), later=only is not None)
        self._listener.planned(plan)
        if self._asked.options.plan:
            return
        self._manifest.write()
        self._films.paint(plan.items)
        if self._report is not None and self._films.results:
            self._write(self._report, [*plan.items, *plan.done])

    def _write(self, report: Report, items: Sequence[Item]) -> None:
        """Write the page; all that is painted counts without it, too."""
        try:
            report.write(items, self._films.results)
            self._unreported = ""
        except OutputError as error:
            self._unreported = str(error)
            self._listener.note(f"the report is missing: {error}")

    def _watch(self, folder: Path) -> None:
        """Paint what comes into a folder, until Ctrl-C or until nothing more can be painted."""
        asked = self._asked.with_watched()
        settling = Settling()
        while not self._films.why_not:
            self._listener.waiting(folder)
            films = [film.path for film in batch_films.find([str(folder)], asked.folder).films]
            if new := set(settling.settled(films, time.monotonic())):
                self._films.forget(new)
                self._round(asked, new)
            else:
                time.sleep(EVERY)

    def _plan(self, survey: Survey, *, later: bool) -> BatchPlan:
        looking.look_at_all(survey, self._manifest, self._workers, self._listener.looking)
        to_paint = [item for item in survey.items if item.why]
        done = [item for item in survey.items if not item.why]
        for path, reason in survey.failed:
            self._films.failed(path, reason)
        for item in done:
            self._films.done(item)
        self._films.left = len(to_paint)
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
            done=done,
            failed=survey.failed,
            left_out=survey.left_out,
            notes=() if later else survey.notes,
            later=later,
            jobs=self._jobs,
            estimate=found,
            free=batch_plan.free(self._manifest.folder),
        )

    def _stop(self) -> None:
        """After Ctrl-C: let the processes end, and keep what they finish."""
        self._films.stop((*self._workers.interrupt(), *self._painters.interrupt()))
        if not self._asked.options.plan:
            self._manifest.write()
