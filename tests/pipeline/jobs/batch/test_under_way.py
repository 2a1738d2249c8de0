"""Films under way, as the record has them: whatever comes of them, and whenever the program is ended."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from stylize_video.files.mark import FileMark
from stylize_video.pipeline.jobs.batch import survey
from stylize_video.pipeline.jobs.batch.asked import settings
from stylize_video.pipeline.jobs.batch.asked.clips import Asked, Clips
from stylize_video.pipeline.jobs.batch.asked.options import BatchOptions
from stylize_video.pipeline.jobs.batch.manifest import Entry, Manifest
from stylize_video.pipeline.jobs.batch.processes.tasks import Finished
from stylize_video.pipeline.jobs.batch.survey import Item
from stylize_video.pipeline.jobs.batch.under_way import UnderWay

NAME = "a.mp4"


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    (tmp_path / NAME).write_bytes(b"a film")
    (tmp_path / "out").mkdir()
    return Manifest(tmp_path / "out")


def item(manifest: Manifest) -> Item:
    clips = (Clips((str(manifest.folder.parent / NAME),)),)
    typed = settings.read({"overwrite": True}, typed=True, base=manifest.folder)
    [found] = survey.look(Asked(manifest.folder, clips, BatchOptions(), typed=typed), manifest).items
    return found


def written(manifest: Manifest) -> dict[str, Entry]:
    return Manifest.read(manifest.folder).films


def finished(manifest: Manifest) -> Finished:
    path = manifest.path_of(NAME)
    path.write_bytes(b"painted")
    return Finished(FileMark.of(path), 3, 1.5, ("a note",), "verified")


def test_a_film_is_recorded_before_it_is_painted_and_when_it_is(manifest: Manifest) -> None:
    under_way = UnderWay(manifest)
    under_way.begin(item(manifest))
    assert written(manifest)[NAME].under_way
    assert NAME in under_way
    under_way.finish(NAME, finished(manifest))
    entry = written(manifest)[NAME]
    assert (entry.under_way, entry.frames, entry.notes) == (False, 3, ("a note",))
    assert list(under_way) == []


def test_one_that_came_to_nothing_is_not_left_as_one_that_is_under_way(manifest: Manifest) -> None:
    """Else a file that somebody puts there later would pass for this batch's own, and be replaced."""
    under_way = UnderWay(manifest)
    under_way.begin(item(manifest))
    under_way.forget(NAME)
    assert written(manifest) == {}
    under_way.begin(item(manifest))
    under_way.finish(NAME, finished(manifest))
    before = written(manifest)[NAME]
    under_way.begin(replace(item(manifest), settings={"strength": 0.5}))
    under_way.forget(NAME)
    assert written(manifest) == {NAME: before}


def test_finished_segments_are_gone_on_with(manifest: Manifest) -> None:
    under_way = UnderWay(manifest)
    under_way.begin(item(manifest))
    (manifest.folder / f"{NAME}.parts").mkdir()
    under_way.forget(NAME)
    entry = written(manifest)[NAME]
    assert (entry.under_way, entry.output) == (False, None)
    assert item(manifest).why == "not finished"
