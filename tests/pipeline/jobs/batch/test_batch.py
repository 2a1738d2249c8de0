"""A whole batch, with a process that looks at its films; painting ones are in `tests/test_cli_batch.py`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stylize_video.commands.console import batch_words
from stylize_video.errors import OutputError
from stylize_video.pipeline.jobs.batch import batch, page, plan
from stylize_video.pipeline.jobs.batch.asked.clips import Asked, Clips
from stylize_video.pipeline.jobs.batch.asked.options import BatchOptions
from stylize_video.pipeline.jobs.batch.plan import BatchPlan, Estimate
from stylize_video.pipeline.jobs.batch.processes.measuring import MEASURING
from stylize_video.pipeline.jobs.batch.results import Listener, Outcome
from tests import media
from tests.commands import names


class Hears(Listener):
    plan: BatchPlan

    def planned(self, plan: BatchPlan) -> None:
        self.plan = plan

    def begin(self, name: str) -> None:
        pytest.fail(f"{name} is painted")


def test_a_plan_paints_nothing_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan, "estimate", lambda *_, **__: Estimate(3.0, None))
    film = media.constant(tmp_path, count=3).path
    listener, typed = Hears(), {"device": "cpu", "quality": "draft"}
    asked = Asked(tmp_path / "out", (Clips((str(film),)),), BatchOptions(plan=True), typed=typed)
    assert batch.run(asked, listener) == Outcome([])
    assert [item.path for item in listener.plan.items] == [film]
    assert listener.plan.frames == 3
    assert listener.plan.estimate.seconds == 3.0
    assert names(tmp_path) == {film.name}


def test_a_report_that_cannot_be_written_hides_no_result(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = media.no_video(tmp_path, name="broken.mp4")

    def full(*_: object) -> None:
        raise OutputError("the disk is full")

    monkeypatch.setattr(page, "write", full)
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / "out" / f"{MEASURING}{gone.pid}-x").mkdir(parents=True)
    options = BatchOptions(report=tmp_path / "report.html")
    outcome = batch.run(Asked(tmp_path / "out", (Clips((str(broken),)),), options), Listener())
    assert [result.film for result in outcome.results] == [broken]
    assert names(tmp_path / "out") == {"stylize-video.json"}  # a killed run's measurement is gone
    assert outcome.unreported == "the disk is full"
    assert batch_words.as_json(None, outcome)["report_missing"] == "the disk is full"
