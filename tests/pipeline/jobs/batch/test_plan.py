"""How long a batch takes, reckoned from what was measured; and in which words that is said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from stylize_video.commands.console import batch_words
from stylize_video.files.mark import FileMark
from stylize_video.pipeline.jobs.batch import plan
from stylize_video.pipeline.jobs.batch.asked.options import BatchOptions
from stylize_video.pipeline.jobs.batch.plan import BatchPlan, Estimate
from stylize_video.pipeline.jobs.batch.processes.measuring import Measured
from stylize_video.pipeline.jobs.batch.processes.tasks import Seen
from stylize_video.pipeline.jobs.batch.processes.worker import Failure

MARK = FileMark("0", 1, ())
USUAL = Measured(seconds=0.1, size=1000.0, start=1.0, pixels=100 * 100)


def film(frames: int | None, width: int = 100, **settings: Any) -> Any:
    seen = Seen(MARK, frames, width, 100)
    return SimpleNamespace(
        path=Path("a.mp4"), name="a.mp4", request=None, settings=settings, seen=seen, why="new"
    )


def estimate(
    monkeypatch: pytest.MonkeyPatch, items: list[Any], measured: Any, **options: Any
) -> tuple[Estimate, list[int]]:
    """What comes of films where each is measured so; and how often each was measured."""
    times: list[int] = []

    def work(_: Any, tasks: list[Any], *__: Any) -> Any:
        times.append(len(tasks))
        return [(name, measured) for name, _ in tasks]

    monkeypatch.setattr(plan, "work", work)
    asked = BatchOptions(**options)
    return plan.estimate(items, None, asked, Path.cwd(), lambda _: None), times  # type: ignore[arg-type]


def test_time_and_disk_grow_with_frames_and_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    found, times = estimate(monkeypatch, [film(1000), film(500, 200)], USUAL)
    assert times == [1]
    assert found.seconds == pytest.approx(100 + 100 + 2)
    assert found.size == pytest.approx(2e6)
    at_once, times = estimate(monkeypatch, [film(1000), film(1000)], USUAL, jobs=4)
    assert times == [2]  # as many as will paint, together
    assert at_once.seconds == pytest.approx((100 + 100 + 2) / 2)


def test_each_kind_is_measured_and_few_films_only_for_a_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    assert estimate(monkeypatch, [film(1000, style="a"), film(9, style="b")], USUAL)[1] == [1, 1]
    assert estimate(monkeypatch, [film(9)], USUAL) == (Estimate(None, None), [])
    assert estimate(monkeypatch, [film(9)], USUAL, plan=True)[1] == [1]


def test_what_cant_be_measured_is_not_known(monkeypatch: pytest.MonkeyPatch) -> None:
    assert estimate(monkeypatch, [film(1000)], Failure("it is broken"))[0] == Estimate(None, None)
    keyframe = replace(USUAL, seconds=60.0, size=None, keyframe=True)
    found, _ = estimate(monkeypatch, [film(1000)], keyframe)
    assert (found.seconds, found.keyframes) == (None, 60.0)
    slow = replace(USUAL, size=None)
    assert estimate(monkeypatch, [film(1000)], slow)[0].size is None


def told(**known: Any) -> list[str]:
    usual: dict[str, Any] = {
        **{
            "folder": Path("out"),
            "items": [film(1000)],
            "done": [],
            "failed": [],
            "left_out": [],
            "notes": [],
        },
        **{"later": False, "jobs": 1, "estimate": Estimate(3725.0, 2.5e9, 0.1, 10_000), "free": 10**9},
    }
    return list(batch_words.plan(BatchPlan(**{**usual, **known})))


def test_a_plan_says_what_a_user_wants_to_know() -> None:
    assert told() == [
        "1 film to paint into out: 1,000 frames",
        "time: about 1 h 2 min (measured: 100 ms a frame of 0.01 megapixels)",
        "disk: about 2.5 GB needed, 1 GB free",
        "note: the disk will hardly hold it all; what is finished stays, and the same command goes on when "
        "there is room",
    ]
    unknown = told(items=[film(None), film(3)], estimate=Estimate(None, None))
    assert unknown[0] == "2 films to paint into out: 3 frames, and 1 film of unknown length"
    assert told(items=[], failed=[(Path("b.mp4"), "b.mp4: is a text")])[1:] == [
        "1 film that can't be painted:",
        "  b.mp4: is a text",
    ]
