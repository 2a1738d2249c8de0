"""A stage whose next step begins while one is under way, and marks between its batches."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from stylize_video.pipeline import saved_state
from stylize_video.pipeline.marks import Mark, go_on
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import Stage
from tests.pipeline._stages import signal


@dataclass
class Sum:
    """What is known of a film."""

    total: int = 0


@dataclass
class Adds(Stage[Sum, Any]):
    """Gives the sum of the numbers so far; notes what begins and ends."""

    overlaps: bool = True
    fails_at: int | None = None
    seen: list[str] = field(default_factory=list)

    def start(self, signal: Signal) -> Sum:
        return Sum()

    def step(self, state: Sum, item: int, /) -> tuple[int]:
        return self.begin(state, item)()

    def begin(self, state: Sum, item: int, /) -> Callable[[], tuple[int]]:
        state.total += item
        self.seen.append(f"begins {item}")
        return partial(self._end, item, state.total)

    def _end(self, item: int, total: int) -> tuple[int]:
        self.seen.append(f"ends {item}")
        if item == self.fails_at:
            raise ValueError("of the second half")
        return (total,)


def through(stage: Adds, items: list[Any]) -> Iterator[Any]:
    return go_on(stage, partial(stage.start, signal()), items)


@pytest.mark.parametrize("overlaps", [False, True])
def test_what_comes_out_is_the_same(overlaps: bool) -> None:
    mark = Mark()
    assert list(through(Adds(overlaps), [1, 2, mark, 3, 4])) == [1, 3, mark, 6, 10]
    assert mark.states == [saved_state.dumps(Sum(3))]


def test_one_is_under_way_while_the_next_begins_and_none_at_a_mark() -> None:
    stage = Adds()
    list(through(stage, [1, 2, 3, Mark(), 4]))
    told = "begins 1, begins 2, ends 1, begins 3, ends 2, ends 3, begins 4, ends 4"
    assert ", ".join(stage.seen) == told


def test_an_error_of_a_second_half_comes_out_and_the_other_step_is_waited_for() -> None:
    stage = Adds(fails_at=2)
    passing = through(stage, [1, 2, 3, 4])
    assert next(passing) == 1
    with pytest.raises(ValueError, match="second half"):
        next(passing)
    assert stage.seen[-1] == "ends 3"


def test_what_has_begun_is_waited_for_when_nobody_wants_the_rest() -> None:
    stage = Adds()
    passing = through(stage, [1, 2, 3])
    assert next(passing) == 1
    passing.close()  # type: ignore[attr-defined]
    assert stage.seen[-1] == "ends 2"
