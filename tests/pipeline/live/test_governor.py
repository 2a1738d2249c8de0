"""The governor gives way when painting takes too long, comes back when it may, and doesn't swing."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from stylize_video.models.styles import DRAFT, FULL
from stylize_video.pipeline.live import rungs
from stylize_video.pipeline.live.governor import Governor
from stylize_video.pipeline.live.rungs import Rung

FPS = 25.0


class Machine:
    """Something that paints at a constant speed, as fast as it can or as fast as frames come."""

    def __init__(self, governor: Governor, seconds_at_default: float) -> None:
        self.governor, self.now = governor, 0.0
        self.per_cost = seconds_at_default / rungs.DEFAULT.cost
        self.changes: list[Rung] = [governor.rung]

    def run(self, seconds: float, *, slower: float = 1.0, camera: float = FPS) -> None:
        end = self.now + seconds
        while self.now < end:
            rung = self.governor.rung
            took = rung.cost * self.per_cost * slower
            self.now += max(took, 1 / camera)
            if self.governor.painted(rung, took, self.now) != rung:
                self.changes.append(self.governor.rung)


def machine(seconds_at_default: float, **more: object) -> Machine:
    return Machine(Governor(rungs.ladder(), fps=FPS, **more), seconds_at_default)  # type: ignore[arg-type]


def test_what_takes_as_long_in_all_sizes_is_no_reason_to_stay_small() -> None:
    """A camera whose pictures take 18 ms whatever is painted, and 8 ms more for a draft of 480 px."""
    governor, now = Governor(rungs.ladder(DRAFT), fps=24, start=Rung(256, DRAFT)), 0.0
    for _ in range(30 * 24):
        now += 1 / 24
        governor.painted(governor.rung, 0.018 + 0.008 * (governor.rung.size / 480) ** 2, now)
    assert governor.rung.size >= 576


def test_a_slow_machine_gives_way_within_a_second_and_stays() -> None:
    slow = machine(0.1)
    slow.run(1)
    assert slow.governor.rung.size < 480
    found = slow.governor.rung
    slow.run(300)
    assert slow.governor.rung == found
    assert len(slow.changes) <= 4


def test_a_fast_machine_climbs_to_what_the_time_allows_and_stays() -> None:
    fast = machine(0.004)
    fast.run(60)
    assert fast.governor.rung.quality == FULL
    assert fast.governor.rung.cost * fast.per_cost < 1 / FPS
    changes = len(fast.changes)
    fast.run(300)
    assert len(fast.changes) == changes


def test_a_busy_processor_is_given_way_to_and_comes_back() -> None:
    found = machine(0.02)
    found.run(30)
    before = found.governor.rung
    found.run(20, slower=3)
    assert found.governor.rung.cost < before.cost
    found.run(60)
    assert found.governor.rung == before


class Noisy:
    """Two cores that are never quite alone: 30 frames/s come, and 3 of 100 paintings take thrice as long.

    Half of a painting's time is the same in all sizes, which is more than the ladder knows.
    """

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.governor, self.now = Governor(rungs.ladder(), fps=24), 0.0
        self.steps: list[tuple[float, int]] = [(0.0, self.governor.rung.size)]  # s, px

    def run(self, until: float, *, slower: float = 1.0) -> None:
        while self.now < until:
            rung = self.governor.rung
            full = 2 if rung.quality == FULL else 1
            took = 0.025 * slower * (0.5 + 0.5 * full * (rung.size / 480) ** 2)
            took *= self._random.lognormvariate(0, 0.15 * slower) * (3 if self._random.random() < 0.03 else 1)
            self.now += max(took, 1 / 30)
            if self.governor.painted(rung, took, self.now) != rung:
                self.steps.append((self.now, self.governor.rung.size))

    def sizes(self, begins: float, ends: float) -> set[int]:
        """That were painted meanwhile."""
        before = [size for time, size in self.steps if time <= begins]
        return {before[-1], *(size for time, size in self.steps if begins < time <= ends)}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("slower", [1.6, 2.5])
def test_on_a_noisy_machine_it_holds_480_px_gives_way_and_comes_back(seed: int, slower: float) -> None:
    found = Noisy(seed)
    found.run(60)
    assert min(found.sizes(0, 60)) >= 480
    assert len(found.steps) <= 6
    found.run(80, slower=slower)
    assert max(found.sizes(63, 80)) < 480
    found.run(140)
    assert min(found.sizes(90, 140)) >= 480
    assert len(found.steps) <= 16


def test_one_that_failed_is_tried_again_soon_once_painting_is_much_faster() -> None:
    governor, now = Governor([Rung(400, DRAFT), Rung(480, DRAFT)], fps=FPS, start=Rung(400, DRAFT)), 0.0
    for slow in (True, False):
        for _ in range(round(60 * FPS)):
            rung, now = governor.rung, now + 1 / FPS
            governor.painted(rung, 0.1 if slow and rung.size == 480 else 0.025 if slow else 0.015, now)
            if not slow and governor.rung.size == 480:
                break
        assert slow or now < 60 + 4
    assert governor.rung.size == 480


def test_a_slow_camera_is_no_reason_to_give_way() -> None:
    found = machine(0.02)
    found.run(30, camera=5)
    assert found.governor.rung.cost >= rungs.DEFAULT.cost


def test_one_late_picture_says_nothing() -> None:
    governor = Governor(rungs.ladder(), fps=FPS)
    for number in range(20):
        governor.painted(governor.rung, 0.5 if number % 10 == 5 else 0.035, number / FPS)
    assert governor.rung == rungs.DEFAULT


def test_what_was_painted_at_another_rung_says_nothing() -> None:
    governor = Governor(rungs.ladder(), fps=FPS)
    for number in range(20):
        governor.painted(Rung(1280, FULL), 0.5, number / FPS)
    assert governor.rung == rungs.DEFAULT


def test_a_step_up_that_fails_is_tried_more_and_more_rarely() -> None:
    governor, now, tries = Governor([Rung(320, DRAFT), Rung(400, DRAFT)], fps=FPS), 0.0, 0
    for _ in range(round(120 * FPS)):
        rung, now = governor.rung, now + 1 / FPS
        took = 0.015 if rung.size == 320 else 0.06  # far more than its size tells
        tries += governor.painted(rung, took, now) != rung and rung.size == 320
    assert 2 <= tries <= 6


def test_only_rungs_that_are_ready_are_chosen_while_there_are_any() -> None:
    governor = Governor(rungs.ladder(), fps=FPS, start=Rung(640, DRAFT))
    for number in range(5):
        governor.painted(governor.rung, 0.2, number / 5, ready=lambda rung: rung.size == 400)
    assert governor.rung == Rung(400, DRAFT)
    for number in range(100):
        governor.painted(governor.rung, 0.001, 1 + number / 5, ready=lambda rung: rung.size <= 480)
    assert governor.rung == Rung(480, DRAFT)
    for number in range(5):
        governor.painted(governor.rung, 0.2, 30 + number / 5, ready=lambda _: False)
    assert governor.rung.size < 480


def test_what_may_be_wanted_soon_is_made_ready_first() -> None:
    governor = Governor(rungs.ladder(), fps=FPS)
    sizes = [rung.size for rung in governor.near]
    assert sizes[:3] == [480, 400, 576]
    assert set(sizes) == {256, 320, 400, 480, 576, 640}


def test_ladders_rise_and_are_never_empty() -> None:
    for quality in (rungs.AUTO, DRAFT, FULL):
        costs = [rung.cost for rung in rungs.ladder(quality)]
        assert costs == sorted(set(costs))
    assert rungs.ladder(largest=100) == [Rung(100, DRAFT)]
    assert {rung.quality for rung in rungs.ladder(FULL)} == {FULL}


@pytest.mark.parametrize(
    ("size", "longer", "working"),
    [
        ((1920, 1080), 480, (480, 272)),
        ((1080, 1920), 480, (272, 480)),
        ((64, 48), 480, (64, 48)),
        ((1920, 20), 256, (256, 32)),
    ],
)
def test_pictures_are_painted_in_whole_strides(
    size: tuple[int, int], longer: int, working: tuple[int, int]
) -> None:
    assert rungs.working_size(size, longer) == working


@pytest.mark.parametrize(
    "make",
    [
        lambda: Governor([], fps=1),
        lambda: Governor(rungs.ladder(), fps=0),
        lambda: rungs.ladder("best"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ValueError, match=r"must be|at least"):
        make()
