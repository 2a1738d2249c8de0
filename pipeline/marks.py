"""Places between two frames at which all that is known of a film is saved, while it flows.

A mark is put behind a frame by whoever reads the film and passes through every thread behind that frame. Each
stage saves its state into the mark when it comes by: the state after the frames before the mark and none
behind it, frames that are held back included (Chandy and Lamport 1985, "Distributed Snapshots", in a line).
Nobody waits for anybody, and no thread is drained.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from stylize_video.pipeline import saved_state
from stylize_video.pipeline.stage import Item, Stage, State, close

Step = Callable[[], Iterable[Any]]  # that has begun; see `Stage.begin`


@dataclass(eq=False)
class Mark:
    """A place between two frames.

    Attributes:
        states: of each stage that it has passed, in their order; see `saved_state`.
        ends: whether nothing comes behind it, though the film goes on: what is held stays in the states.
    """

    states: list[bytes] = field(default_factory=list)
    ends: bool = False


def go_on(
    stage: Stage[State, Item], begin: Callable[[], State], items: Iterable[Any]
) -> Iterator[Item | Mark]:
    """A film, or a part of it, through a stage; see `stage.go_on`.

    Args:
        stage: what works on it.
        begin: gives the state to begin with; called with the first item.
        items: frames or batches, and marks; closed with this generator if it is one itself.
    """
    under_way: deque[Step] = deque()  # two at most, while the second begins
    try:
        state = begin()
        with stage.running(state):
            for item in items:
                if isinstance(item, Mark):
                    yield from _ended(under_way)
                    item.states.append(saved_state.dumps(state))
                    yield item
                    if item.ends:
                        return
                elif stage.overlaps:
                    under_way.append(stage.begin(state, item))
                    if len(under_way) > 1:
                        yield from under_way.popleft()()
                else:
                    yield from stage.step(state, item)
            yield from _ended(under_way)
            yield from stage.finish(state)
    finally:
        with suppress(Exception):  # nobody wants it any more, but it must not go on without its memory
            for _ in _ended(under_way):
                pass
        close(items)


def _ended(under_way: deque[Step]) -> Iterator[Any]:
    """What the steps give that have begun."""
    while under_way:
        yield from under_way.popleft()()
