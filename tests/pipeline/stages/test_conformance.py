"""What holds for every stage: each frame once and in order, and a state that can be saved anywhere."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from stylize_video.pipeline.stage import run_stage
from tests.pipeline._stages import signal
from tests.pipeline.stages._cases import CASES, HEIGHT, WIDTH
from tests.pipeline.stages._conformance import COUNT, CUT, Case, Given, Seen, seen
from tests.pipeline.stages._elsewhere import Elsewhere, elsewhere

SIGNAL = signal(HEIGHT, WIDTH)
PLACES = 10  # at which a state is saved

every = pytest.mark.parametrize("name", CASES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("conformance")


@pytest.fixture(scope="module")
def other_process() -> Iterator[Elsewhere]:
    with elsewhere() as process:
        yield process


def passed(case: Case, folder: Path, given: Given) -> list[Seen]:
    return list(seen(run_stage(case.make(folder, given), SIGNAL, case.film(given))))


@cache
def usual(name: str, folder: Path, given: Given) -> list[Seen]:
    """What others are compared with: painted once."""
    return passed(CASES[name], folder, given)


@every
@pytest.mark.parametrize("count", [0, 1, 2, CUT, CUT + 1, COUNT])
def test_every_frame_comes_once_and_in_order(name: str, count: int, folder: Path) -> None:
    case, given = CASES[name], Given(count=count)
    expected = [frame.pts for frame in seen(case.film(given))]
    assert len(expected) == count
    assert [frame.pts for frame in passed(case, folder, given)] == expected


@every
def test_a_state_is_saved_anywhere_and_gone_on_with_in_another_process(
    name: str, folder: Path, other_process: Elsewhere
) -> None:
    case, given = CASES[name], Given()
    stage, given_out, saved = case.make(folder, given), [], []
    state = stage.start(SIGNAL)
    with stage.running(state):
        for taken, item in enumerate(case.film(given)):
            if taken <= PLACES:
                saved.append((taken, len(given_out), pickle.dumps(state)))
            given_out += seen(stage.step(state, item))
        given_out += seen(stage.finish(state))
    rests = other_process.ask(name, folder, given, [(taken, data) for taken, _, data in saved])
    assert len(rests) == PLACES + 1
    for (taken, out, _), rest in zip(saved, rests, strict=True):
        assert rest == given_out[out:], f"otherwise after {taken} frames"


@every
def test_saving_a_state_leaves_it_as_it_was(name: str, folder: Path) -> None:
    case, given = CASES[name], Given()
    stage, given_out = case.make(folder, given), []
    state = stage.start(SIGNAL)
    with stage.running(state):
        for item in case.film(given):
            state = pickle.loads(pickle.dumps(state))
            given_out += seen(stage.step(state, item))
        given_out += seen(stage.finish(state))
    assert given_out == usual(name, folder, given)


@every
def test_one_stage_serves_two_films_at_once(name: str, folder: Path) -> None:
    case, films = CASES[name], (Given(), Given(seeds=(4, 5)))
    stage = case.make(folder, films[0])
    running = [seen(run_stage(stage, SIGNAL, case.film(film))) for film in films]
    found: list[list[Seen]] = [[], []]
    for pair in zip(*running, strict=True):
        for out, frame in zip(found, pair, strict=True):
            out.append(frame)
    assert found == [usual(name, folder, film) for film in films]


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.drops])
def test_nothing_is_carried_over_a_cut(name: str, folder: Path) -> None:
    """Another shot before makes no difference; unless nobody knows that a shot begins."""
    case = CASES[name]
    one, other = (usual(name, folder, Given(seeds=(seed, 2))) for seed in (1, 3))
    assert one[CUT:] == other[CUT:]
    if case.carries:
        one, other = (passed(case, folder, Given(seeds=(seed, 2), marked=False)) for seed in (1, 3))
        assert one[CUT:] != other[CUT:]


@every
def test_no_more_is_held_than_was_said(name: str, folder: Path) -> None:
    case = CASES[name]
    stage = case.make(folder, Given())
    state, held = stage.start(SIGNAL), [0]
    with stage.running(state):
        for item in case.film(Given()):
            came, gone = len(list(seen([item]))), len(list(seen(stage.step(state, item))))
            held.append(held[-1] + came - gone)
        assert len(list(seen(stage.finish(state)))) == held[-1]
    assert max(held) <= stage.holds
    assert (max(held) > 0) == (stage.holds > 0)


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.batch_sizes])
def test_the_batch_makes_no_difference(name: str, folder: Path) -> None:
    case = CASES[name]
    one_by_one = usual(name, folder, Given())
    assert all(passed(case, folder, Given(size=size)) == one_by_one for size in case.batch_sizes)
