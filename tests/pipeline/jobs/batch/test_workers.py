"""The processes of a batch."""

from __future__ import annotations

from pathlib import Path

from stylize_video.pipeline.jobs.batch.processes.tasks import See, Seen
from stylize_video.pipeline.jobs.batch.processes.worker import Failure
from stylize_video.pipeline.jobs.batch.processes.workers import Workers, work
from stylize_video.pipeline.jobs.request import PaintRequest
from tests import media


def test_a_process_does_one_task_after_the_other_and_says_what_fails(tmp_path: Path) -> None:
    clip = media.constant(tmp_path, count=7)
    broken = media.no_video(tmp_path, name="broken.mp4")
    missing_folder = tmp_path / "no" / "such"  # which is made when the film is painted
    tasks = [
        (path.name, See(PaintRequest.of(path, missing_folder / path.name), None))
        for path in (clip.path, broken, tmp_path / "missing.mp4")
    ]
    begun: list[str] = []
    with Workers(1) as workers:
        found = dict(work(workers, tasks, begun.append, lambda *_: None))
        assert workers.idle == 1
    assert begun == ["constant.mp4", "broken.mp4", "missing.mp4"]
    seen = found["constant.mp4"]
    assert isinstance(seen, Seen)
    assert (seen.frames, seen.width, seen.height) == (7, *clip.video.size)
    assert seen.source.is_of(clip.path)
    for name, reason in (("broken.mp4", "is a text"), ("missing.mp4", "no such file")):
        assert isinstance(found[name], Failure)
        assert reason in found[name].reason
        assert not found[name].for_all
