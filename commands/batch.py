"""`stylize-video batch`: many films."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from stylize_video import option as options
from stylize_video.commands.console import typed
from stylize_video.commands.console.command_line import console, reporting, share_the_cores, style_names
from stylize_video.commands.options.generated import with_options
from stylize_video.commands.options.panels import PANELS, PROGRAM
from stylize_video.pipeline.jobs.batch.asked.options import PANEL, BatchOptions
from stylize_video.pipeline.jobs.cluster import options as of_cluster
from stylize_video.pipeline.jobs.cluster.options import ClusterOptions
from stylize_video.pipeline.jobs.request import declared
from stylize_video.process import signals, terminal

if TYPE_CHECKING:
    from stylize_video.commands.console.batch_progress import BatchProgress
    from stylize_video.pipeline.jobs.batch.asked.clips import Asked
    from stylize_video.pipeline.jobs.batch.asked.job_file import JobFile
    from stylize_video.pipeline.jobs.batch.results import Outcome


def _flag(name: str, text: str) -> Any:
    return typer.Option(*name.split(), help=text, rich_help_panel=PROGRAM, show_default=False)


def _command(
    *,
    quiet: Annotated[bool, _flag("--quiet -q", "Print nothing but errors.")] = False,
    as_json: Annotated[bool, _flag("--json", "Print one JSON object on stdout, all else on stderr.")] = False,
    **values: Any,
) -> None:
    """Paint many films: folders of them, with a plan first, and go on where an earlier run has ended.

    What is done is recorded beside the paintings and not done again; one bad film never stops the rest.
    """
    with reporting(as_json=as_json) as say:
        asked = _asked(values)
        share_the_cores()
        from stylize_video.commands.console import batch_words
        from stylize_video.commands.console.batch_progress import BatchProgress
        from stylize_video.pipeline.jobs.batch import batch
        from stylize_video.pipeline.jobs.batch import results as results_of

        listed = len(asked.clips) + 10**6 if asked.options.plan else 10
        try:
            with BatchProgress(say, quiet=quiet or as_json, listed=listed) as shown:
                outcome = batch.run(asked, shown)
        except results_of.BatchInterrupted as interrupt:
            say(batch_words.interrupted(interrupt))
            raise
        signals.finish()
        terminal.answer_is_a_file()
        _tell(outcome, shown, asked, quiet=quiet, as_json=as_json)
        unpainted = [
            result for result in outcome.results if result.status in (results_of.FAILED, results_of.NOT_BEGUN)
        ]
        for result in unpainted if quiet else ():
            say(f"stylize-video: {batch_words.failure(result.film, result.reason)}")
        if outcome.unreported and quiet:
            say(f"stylize-video: {outcome.unreported}")
    if unpainted or outcome.unreported:
        raise typer.Exit(1)


def _asked(values: dict[str, Any]) -> Asked:
    """What was typed, read."""
    from stylize_video.errors import UsageError
    from stylize_video.files.paths import absolute
    from stylize_video.pipeline.jobs.batch.asked import settings
    from stylize_video.pipeline.jobs.batch.asked.clips import Asked, Clips

    names = typed.names()
    of_batch = {
        each.field.name: each.read(values[each.name])
        for each in options.declared(BatchOptions)
        if each.name in names
    }
    job = _job(of_batch.get("job_file"))
    found = BatchOptions(**{**job.options, **of_batch})
    cluster = {each.field.name: each.read(values[each.name]) for each in options.declared(ClusterOptions)}
    if found.folder is None:
        raise UsageError("no folder for the painted films; name one with `output`")
    asked = {name: values[name] for name in settings.known() if name in names}
    named = (*job.options.get("paths", ()), *of_batch.get("paths", ()))
    return Asked(
        folder=absolute(found.folder),
        clips=((Clips(named),) if named else ()) + job.clips,
        options=found,
        common=job.common,
        typed=settings.read(asked, typed=True, base=Path.cwd()),
        inherits=not found.new_settings and found.job_file is None,
        cluster=ClusterOptions(**cluster),
    )


def _job(path: Path | None) -> JobFile:
    """What the job file says; nothing if there is none."""
    from stylize_video.pipeline.jobs.batch.asked import job_file

    return job_file.JobFile({}, {}, ()) if path is None else job_file.read(path)


def _tell(outcome: Outcome, shown: BatchProgress, asked: Asked, *, quiet: bool, as_json: bool) -> None:
    from stylize_video.commands.console import batch_words

    results = outcome.results
    if as_json:
        print(json.dumps(batch_words.as_json(shown.plan, outcome, shown.figures)))
    elif not quiet and not asked.options.plan:
        stdout = console()
        if any(result.status != "done before" for result in results):
            stdout.print(batch_words.table(results))
        stdout.print(batch_words.summary(results), markup=False, highlight=False)


batch = with_options(
    _command,
    [
        *options.declared(BatchOptions),
        *options.declared(ClusterOptions),
        *(each for each in declared() if each.name not in ("input", "output")),
    ],
    panels=(PANEL, of_cluster.PANEL, *PANELS),
    arguments=["paths"],
    completions={"style": style_names},
)
