"""A stage: what works on moving pictures piece by piece, and keeps all that it knows in a state that is data.

The state belongs to whoever runs the stage. It can be pickled after any step and taken up in another process:
the next frames are the same to the bit. So a film can be stopped and gone on with, and one stage, with its
networks and compiled programs, serves many films at once, each with a state of its own.

`run_stage` makes a stage a generator; `go_on` is the same from a state that was saved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any, Protocol, TypeVar

from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.signal import Signal

State = TypeVar("State")  # a dataclass of arrays, numbers and times
Item = TypeVar("Item")  # what flows: `Frame` before batches are made, `FrameBatch` from there on


class Stage(Protocol[State, Item]):
    """A painter or a filter; to be derived from, for what most stages have in common.

    Every frame comes out once and in order. Times travel inside the frame, so that holding it back can't
    misplace them. At a frame's `cut` a stage drops what it carried over from the shot before.
    """

    name: str = "painter"  # in messages, of its thread, and where the time is told
    # Whether to run beside the others; else it runs in the thread of the stage before it, or in the
    # caller's, as the first one that asks for none does.
    own_thread: bool = False
    # Whether to stay in the thread of the stage before it even if that works ahead of the caller's.
    follows: bool = False

    # Whether the next step may begin while one is under way: whoever runs the stage then asks `begin`.
    overlaps: bool = False

    @property
    def holds(self) -> int:
        """How many frames it may hold back when a step is over."""
        return 0

    def output(self, signal: Signal) -> Signal:
        """What comes out where that goes in, known before any frame; the same, unless a stage changes it."""
        return signal

    def start(self, signal: Signal) -> State:
        """The state before a film's first frame.

        Args:
            signal: what is going to flow into it.
        """
        ...

    def step(self, state: State, item: Item, /) -> Iterable[Item]:
        """Take the next frame or batch; give what is ready, which may be nothing.

        Args:
            state: changed in place. It is whole again, and may be pickled, when all has been taken that
                the step gives.
            item: the next.
        """
        ...

    def begin(self, state: State, item: Item, /) -> Callable[[], Iterable[Item]]:
        """Begin a step; what is returned waits for it and gives what `step` would, and has to be called.

        Of a stage that `overlaps`. The state is whole once all steps that were begun are over; it is changed
        where they begin.
        """
        return partial(self.step, state, item)

    def finish(self, state: State) -> Iterable[Item]:  # noqa: ARG002 - most stages hold nothing
        """Give what is still held when the film is over."""
        return ()

    def running(self, state: State) -> AbstractContextManager[Any]:  # noqa: ARG002
        """What holds as long as somebody steps through a film: threads as wanted, files that are open."""
        return nullcontext()


AnyStage = Stage[Any, FrameBatch]


def run_stage(stage: Stage[State, Item], signal: Signal, items: Iterable[Item]) -> Iterator[Item]:
    """A whole film through a stage.

    Args:
        stage: what works on it.
        signal: what flows into it.
        items: frames or batches; closed with this generator if it is one itself.
    """
    yield from go_on(stage, stage.start(signal), items)


def go_on(stage: Stage[State, Item], state: State, items: Iterable[Item]) -> Iterator[Item]:
    """The rest of a film through a stage, from a state on; see `run_stage`."""
    try:
        with stage.running(state):
            for item in items:
                yield from stage.step(state, item)
            yield from stage.finish(state)
    finally:
        close(items)


def close(items: object) -> None:
    """Run a generator's `finally` now, in the thread that ran the generator; others need none."""
    closing = getattr(items, "close", None)
    if closing is not None:
        closing()
