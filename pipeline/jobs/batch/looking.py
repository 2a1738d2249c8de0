"""Looks at films that are not surely done: whether they can be painted, and whether they have changed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from stylize_video.pipeline.jobs.batch import survey as batch_survey
from stylize_video.pipeline.jobs.batch.manifest import Manifest
from stylize_video.pipeline.jobs.batch.processes.tasks import See, Seen
from stylize_video.pipeline.jobs.batch.processes.worker import Failure
from stylize_video.pipeline.jobs.batch.processes.workers import Workers, work
from stylize_video.pipeline.jobs.batch.survey import Item, Survey


def look_at_all(
    survey: Survey, manifest: Manifest, workers: Workers, on_begin: Callable[[str], None]
) -> None:
    """Look at each film; those that can't be painted become the survey's failures.

    Args:
        survey: of the films; it is changed.
        manifest: is told where films lie that were touched or moved, and are the same.
        workers: look.
        on_begin: told of each film that is looked at.
    """
    unsure = {item.name: item for item in survey.items if not item.surely_done}
    tasks = [
        (name, See(item.request, item.before.source if item.before else None))
        for name, item in unsure.items()
    ]
    for name, seen in work(workers, tasks, on_begin, lambda *_: None):
        item = unsure[name]
        if isinstance(seen, Failure):
            survey.failed.append((item.path, seen.reason))
            survey.items.remove(item)
        else:
            _take(item, seen, manifest)


def _take(item: Item, seen: Seen, manifest: Manifest) -> None:
    item.seen = seen
    item.why = batch_survey.changed(item, seen.source)
    if not item.why and item.before is not None:  # the same film, touched or moved
        here = manifest.seen_from_here(item.path)
        item.before = replace(item.before, source=seen.source, input=here)
        manifest.films[item.name] = item.before
