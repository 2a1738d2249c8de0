"""The runner: every frame once and in order, and an end within a second whatever fails."""

from __future__ import annotations

import os
import signal as signals
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from stylize_video.pipeline import runner
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import Stage
from stylize_video.pipeline.stages.paint import Unchanged
from tests.pipeline._stages import Stateless, signal

TICK = Fraction(1, 25)
run = partial(runner.run, signal=signal())
PROMPT = 5.0  # s within which every fault must end the run: one, and more where others work, too


def frame(number: int) -> Frame:
    return Frame(np.full((8, 8, 3), number % 256, np.uint8), number, TICK)


def endless() -> Iterator[Frame]:
    number = 0
    while True:
        yield frame(number)
        number += 1


class Fault(Exception):
    """What the parts below break with."""


class Closing(Stateless):
    """A stage that notes when it is closed."""

    def __init__(self) -> None:
        self.closed = False

    @contextmanager
    def running(self, _: None) -> Iterator[None]:
        try:
            yield
        finally:
            self.closed = True


class Slow(Closing):
    """A painter that takes its time."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self.seconds = seconds

    def step(self, _: None, batch: FrameBatch) -> Iterator[FrameBatch]:
        time.sleep(self.seconds)
        yield batch


class Hoarder(Stage[list[FrameBatch], FrameBatch]):
    """Holds the whole film back."""

    def start(self, _: Signal) -> list[FrameBatch]:
        return []

    def step(self, held: list[FrameBatch], batch: FrameBatch) -> Iterable[FrameBatch]:
        held.append(batch)
        return ()

    def finish(self, held: list[FrameBatch]) -> Iterable[FrameBatch]:
        return held


def beside(stage: Stage[Any, FrameBatch]) -> Stage[Any, FrameBatch]:
    """A stage that gets a thread of its own."""
    stage.name, stage.own_thread = "filter", True
    return stage


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_every_frame_once_in_order_and_the_short_last_batch(batch_size: int) -> None:
    written: list[Frame] = []
    run((frame(n) for n in range(10)), [Unchanged()], written.append, batch_size=batch_size)
    assert [f.pts for f in written] == list(range(10))
    assert [int(f.pixels[0, 0, 0]) for f in written] == list(range(10))


def test_a_stage_may_hold_batches_back() -> None:
    written: list[Frame] = []
    run((frame(n) for n in range(20)), [Hoarder()], written.append)
    assert [f.pts for f in written] == list(range(20))


class Loses(Stateless):
    def step(self, _: None, batch: FrameBatch) -> Iterable[FrameBatch]:
        return [batch] if batch.frames[0].pts % 2 else []


class Reverses(Hoarder):
    def finish(self, held: list[FrameBatch]) -> Iterable[FrameBatch]:
        return held[::-1]


def test_a_stage_that_loses_or_mixes_up_frames_is_found_out() -> None:
    with pytest.raises(RuntimeError, match="took 10 frames and gave 5"):
        run((frame(n) for n in range(10)), [Loses()], lambda _: None)
    with pytest.raises(RuntimeError, match="frame 8 after frame 9"):
        run((frame(n) for n in range(10)), [Reverses()], lambda _: None)


def test_no_frames_is_no_error() -> None:
    run(iter(()), [Unchanged()], lambda _: None)


def expect_fault(frames, stage, write) -> None:
    error = Fault("the original")
    began = time.monotonic()

    def fail(*_):
        raise error

    with pytest.raises(Fault) as caught:
        run(frames(fail), [stage(fail)], write(fail))
    assert caught.value is error
    assert time.monotonic() - began < PROMPT
    assert not [t for t in threading.enumerate() if t.name.startswith("stylize-video")]


def reader_fails(fail) -> Iterator[Frame]:
    for number in range(10):
        yield frame(number)
    fail()


class PainterFails(Stateless):
    def __init__(self, fail) -> None:
        self.fail = fail

    def step(self, _: None, batch: FrameBatch) -> Iterable[FrameBatch]:
        if batch.frames[0].pts == 5:
            self.fail()
        return [batch]


def on_call(number: int, fail):
    calls = iter(range(1, 1_000_000))

    def write(_: Frame) -> None:
        if next(calls) == number:
            fail()

    return write


def test_fault_1_the_reader_raises() -> None:
    expect_fault(reader_fails, lambda _: Unchanged(), lambda _: lambda _: None)


def test_fault_1_the_reader_raises_at_once() -> None:
    def at_once(fail) -> Iterator[Frame]:
        fail()
        yield frame(0)

    expect_fault(at_once, lambda _: Unchanged(), lambda _: lambda _: None)


def test_fault_2_the_painter_raises() -> None:
    expect_fault(lambda _: endless(), PainterFails, lambda _: lambda _: None)


def test_fault_3_the_writer_raises() -> None:
    expect_fault(lambda _: endless(), lambda _: Unchanged(), lambda fail: on_call(3, fail))


def test_fault_3_the_writer_raises_while_the_others_wait() -> None:
    def after_a_while(fail):
        def write(_: Frame) -> None:
            time.sleep(0.3)  # both channels are full by then
            fail()

        return write

    expect_fault(lambda _: endless(), lambda _: Unchanged(), after_a_while)


def test_fault_4_the_writer_raises_on_the_last_frame() -> None:
    expect_fault(
        lambda _: (frame(n) for n in range(10)), lambda _: Unchanged(), lambda fail: on_call(10, fail)
    )


def interrupt_after(seconds: float, ready: Callable[[], bool] = lambda: True) -> threading.Timer:
    """Ctrl-C then, but not before `ready`: on a busy machine little happens in a given time."""

    def press() -> None:
        latest = time.monotonic() + 30
        while not ready() and time.monotonic() < latest:
            time.sleep(0.005)
        os.kill(os.getpid(), signals.SIGINT)

    timer = threading.Timer(seconds, press)
    timer.start()
    return timer


def test_fault_5_ctrl_c_while_working_writes_what_was_painted() -> None:
    painter, written = Slow(0.02), []
    timer = interrupt_after(0.3, lambda: len(written) >= 5)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(endless(), [painter], written.append)
    assert time.monotonic() - began < 0.3 + PROMPT
    assert painter.closed
    assert [f.pts for f in written] == list(range(len(written)))
    assert len(written) >= 5
    timer.join()


def test_fault_6_ctrl_c_while_waiting_for_a_frame() -> None:
    stop = threading.Event()

    def stuck() -> Iterator[Frame]:
        yield frame(0)
        stop.wait(0.6)  # a slow disk: the reader can't be woken, only waited for

    timer = interrupt_after(0.2)
    began = time.monotonic()
    written: list[Frame] = []
    with pytest.raises(KeyboardInterrupt):
        run(stuck(), [Unchanged()], written.append)
    assert time.monotonic() - began < 0.2 + PROMPT
    assert [f.pts for f in written] == [0]
    timer.join()


def test_fault_6_ctrl_c_while_waiting_for_the_writer() -> None:
    written: list[Frame] = []

    def write(painted: Frame) -> None:
        time.sleep(0.05)
        written.append(painted)

    timer = interrupt_after(0.3)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(endless(), [Unchanged()], write)
    assert time.monotonic() - began < 0.3 + PROMPT
    assert [f.pts for f in written] == list(range(len(written)))
    timer.join()


def test_ctrl_c_after_the_last_frame_was_painted_still_writes_all() -> None:
    written: list[Frame] = []

    def write(painted: Frame) -> None:
        time.sleep(0.1)
        written.append(painted)

    timer = interrupt_after(0.2, lambda: len(written) >= 2)
    with pytest.raises(KeyboardInterrupt):
        run((frame(n) for n in range(4)), [Unchanged()], write)
    assert len(written) == 4
    timer.join()


def test_memory_is_bounded_by_the_channels() -> None:
    alive, most = 0, 0

    class Counted(Frame):
        def __del__(self) -> None:
            nonlocal alive
            alive -= 1

    def counted() -> Iterator[Frame]:
        nonlocal alive, most
        for number in range(200):
            alive += 1
            most = max(most, alive)
            yield Counted(np.zeros((8, 8, 3), np.uint8), number, TICK)

    class Fresh(Stateless):
        """Leaves the counted frames behind, as a painter's result is a new frame anyway."""

        def step(self, _: None, batch: FrameBatch) -> Iterable[FrameBatch]:
            return [FrameBatch(batch.pixels, tuple(frame(f.pts) for f in batch.frames))]

    run(counted(), [Fresh()], lambda _: time.sleep(0.001), batch_size=2, depth=4)
    assert most <= 4 + 2 * 2 + 3  # the channel, two batches, one in each hand


@pytest.mark.parametrize("slow", ["reader", "painter", "encoder"])
def test_the_profile_names_the_stage_that_limits(slow: str) -> None:
    def pause(stage: str) -> None:
        time.sleep(0.06 if stage == slow else 0.001)

    def read():
        for number in range(20):
            pause("reader")
            yield frame(number)

    class Painter(Stateless):
        def step(self, _: None, batch: FrameBatch) -> Iterable[FrameBatch]:
            pause("painter")
            return [batch]

    began = time.perf_counter()
    profile = run(read(), [Painter()], lambda _: pause("encoder"))
    took = time.perf_counter() - began
    stages = profile.times
    assert profile.limit == slow
    for stage in stages.values():
        assert stage.working + stage.waiting <= took + 0.01
    waited = {name: stage.waiting for name, stage in stages.items()}
    assert min(waited, key=lambda name: waited[name]) == slow  # how long, depends on the machine's other work
    assert 0 < profile.first_frame < took


@pytest.mark.parametrize(
    ("size", "deep", "depth"),
    [((640, 360), 8, 4), ((3840, 2160), 8, 2), ((3840, 2160), 10, 1), ((9999, 9999), 8, 1)],
)
def test_fewer_large_frames_wait(size: tuple[int, int], deep: int, depth: int) -> None:
    info = SimpleNamespace(width=size[0], height=size[1], bit_depth=deep)
    assert runner.channel_depth(info) == depth


# -- with a filter, in a thread of its own --


class Noting(Closing):
    """A filter that passes batches on, notes what it gave, and may take its time or fail."""

    name = "filter"
    own_thread = True

    def __init__(self, seconds: float = 0.0, *, fail_at: int | None = None, fail=None) -> None:
        super().__init__()
        self.seconds, self.fail_at, self.fail = seconds, fail_at, fail
        self.seen: list[int] = []
        self.threads: set[str] = set()

    def step(self, _: None, batch: FrameBatch) -> Iterator[FrameBatch]:
        self.threads.add(threading.current_thread().name)
        if self.fail is not None and len(self.seen) == self.fail_at:
            self.fail()
        time.sleep(self.seconds)
        self.seen.extend(frame.pts for frame in batch.frames)
        yield batch


class Painting(Slow):
    """A slow painter that counts what it has painted, right before it hands it on."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.painted = 0

    def step(self, state: None, batch: FrameBatch) -> Iterator[FrameBatch]:
        for painted in super().step(state, batch):
            self.painted += len(painted.frames)
            yield painted


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_every_frame_passes_the_filter_once_in_order(batch_size: int) -> None:
    written: list[Frame] = []
    between = Noting()
    frames = (frame(n) for n in range(10))
    run(frames, [Unchanged(), between], written.append, batch_size=batch_size)
    assert between.seen == list(range(10))
    assert [f.pts for f in written] == list(range(10))
    assert [int(f.pixels[0, 0, 0]) for f in written] == list(range(10))
    assert between.threads == {"stylize-video filter"}
    assert between.closed


def test_no_frames_for_the_filter_is_no_error() -> None:
    run(iter(()), [Unchanged(), Noting()], lambda _: None)


def test_what_the_filter_makes_is_what_is_written() -> None:
    class Inverts(Stateless):
        def step(self, _: None, batch: FrameBatch) -> Iterable[FrameBatch]:
            return [batch.with_pixels(255 - batch.pixels)]

    written: list[Frame] = []
    run((frame(n) for n in range(10)), [Unchanged(), beside(Inverts())], written.append)
    assert [int(f.pixels[0, 0, 0]) for f in written] == [255 - n for n in range(10)]


def test_the_filter_works_while_the_next_batch_is_painted() -> None:
    both = threading.Barrier(2, timeout=20)  # breaks where one works after the other

    class Meets(Noting):
        def __init__(self, alone: int) -> None:
            super().__init__()
            self.alone = alone

        def step(self, _: None, batch: FrameBatch) -> Iterator[FrameBatch]:
            if batch.frames[0].pts != self.alone:
                both.wait()
            yield from super().step(_, batch)

    painter, between = Meets(alone=0), Meets(alone=9)
    painter.name, painter.own_thread = "painter", False
    run((frame(n) for n in range(10)), [painter, between], lambda _: None, batch_size=1)
    assert between.seen == list(range(10))


def test_a_filter_may_hold_batches_back() -> None:
    written: list[Frame] = []
    run((frame(n) for n in range(20)), [Unchanged(), beside(Hoarder())], written.append)
    assert [f.pts for f in written] == list(range(20))


class StopsEarly(Stateless):
    """Gives the first frame and no other."""

    def step(self, _: None, batch: FrameBatch) -> Iterable[FrameBatch]:
        return [batch] if batch.frames[0].pts == 0 else []


@pytest.mark.timeout(30)
def test_a_stage_that_stops_early_is_found_out() -> None:
    for stages in ([StopsEarly()], [Unchanged(), beside(StopsEarly())], [StopsEarly(), Noting()]):
        with pytest.raises(RuntimeError, match="took 50 frames and gave 1"):
            run((frame(n) for n in range(50)), stages, lambda _: None)


def test_a_filter_that_loses_or_mixes_up_frames_is_found_out() -> None:
    with pytest.raises(RuntimeError, match="took 10 frames and gave 5"):
        run((frame(n) for n in range(10)), [Unchanged(), beside(Loses())], lambda _: None)
    with pytest.raises(RuntimeError, match="frame 8 after frame 9"):
        run((frame(n) for n in range(10)), [Unchanged(), beside(Reverses())], lambda _: None)


def filtered_fault(frames, stage, between, write) -> None:
    """Like `expect_fault`, with a filter."""
    error = Fault("the original")
    began = time.monotonic()

    def fail(*_):
        raise error

    with pytest.raises(Fault) as caught:
        run(frames(fail), [stage(fail), between(fail)], write(fail))
    assert caught.value is error
    assert time.monotonic() - began < PROMPT
    assert not [t for t in threading.enumerate() if t.name.startswith("stylize-video")]


def test_filter_fault_1_the_reader_raises() -> None:
    filtered_fault(reader_fails, lambda _: Unchanged(), lambda _: Noting(), lambda _: lambda _: None)


def test_filter_fault_1_the_reader_raises_while_the_filter_works() -> None:
    filtered_fault(reader_fails, lambda _: Unchanged(), lambda _: Noting(0.1), lambda _: lambda _: None)


def test_filter_fault_2_the_painter_raises() -> None:
    filtered_fault(lambda _: endless(), PainterFails, lambda _: Noting(), lambda _: lambda _: None)


def test_filter_fault_2_the_painter_raises_while_the_filter_works() -> None:
    filtered_fault(lambda _: endless(), PainterFails, lambda _: Noting(0.1), lambda _: lambda _: None)


def test_filter_fault_3_the_writer_raises() -> None:
    filtered_fault(
        lambda _: endless(), lambda _: Unchanged(), lambda _: Noting(), lambda fail: on_call(3, fail)
    )


def test_filter_fault_3_the_writer_raises_while_the_others_wait() -> None:
    def after_a_while(fail):
        def write(_: Frame) -> None:
            time.sleep(0.3)  # all channels are full by then
            fail()

        return write

    filtered_fault(lambda _: endless(), lambda _: Unchanged(), lambda _: Noting(), after_a_while)


def test_filter_fault_3_the_writer_raises_on_the_last_frame() -> None:
    filtered_fault(
        lambda _: (frame(n) for n in range(10)),
        lambda _: Unchanged(),
        lambda _: Noting(),
        lambda fail: on_call(10, fail),
    )


@pytest.mark.parametrize("at", [0, 1, 7])
def test_filter_fault_4_the_filter_raises(at: int) -> None:
    filtered_fault(
        lambda _: endless(),
        lambda _: Unchanged(),
        lambda fail: Noting(fail_at=at, fail=fail),
        lambda _: lambda _: None,
    )


def test_filter_fault_4_the_filter_raises_while_the_others_wait() -> None:
    def after_a_while(fail):
        def slowly() -> None:
            time.sleep(0.3)  # all channels before it are full by then
            fail()

        return Noting(fail_at=1, fail=slowly)

    filtered_fault(lambda _: endless(), lambda _: Unchanged(), after_a_while, lambda _: lambda _: None)


def test_filter_fault_4_the_filter_raises_on_the_last_frame() -> None:
    filtered_fault(
        lambda _: (frame(n) for n in range(10)),
        lambda _: Unchanged(),
        lambda fail: Noting(fail_at=9, fail=fail),
        lambda _: lambda _: None,
    )


@pytest.mark.parametrize(
    ("painting", "filtering"),
    [(0.02, 0.0), (0.0, 0.03), (0.02, 0.02)],
    ids=["while painting", "while waiting to hand over", "while both work"],
)
@pytest.mark.parametrize("batch_size", [1, 3])
def test_filter_fault_5_ctrl_c_writes_what_was_painted(
    painting: float, filtering: float, batch_size: int
) -> None:
    painter, between, written = Painting(painting), Noting(filtering), []
    timer = interrupt_after(0.3, lambda: len(written) >= 5)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(endless(), [painter, between], written.append, batch_size=batch_size)
    assert time.monotonic() - began < 0.3 + PROMPT
    assert painter.closed
    assert between.closed
    assert [f.pts for f in written] == between.seen == list(range(len(written)))
    assert len(written) >= 5
    # Ctrl-C may come between the painter's count and the hand-over, which is not painted yet.
    assert painter.painted - batch_size <= len(written) <= painter.painted
    timer.join()


def test_filter_fault_5_the_batch_in_hand_is_written_too() -> None:
    """The main thread waits to hand over a third batch while the filter holds the first one for long."""
    painter, between, written = Painting(0.0), Noting(0.3), []
    timer = interrupt_after(0.1, lambda: painter.painted == 3)
    with pytest.raises(KeyboardInterrupt):
        run((frame(n) for n in range(50)), [painter, between], written.append)
    assert painter.painted == 3
    assert [f.pts for f in written] == [0, 1, 2]
    timer.join()


def test_filter_fault_6_ctrl_c_while_the_writer_works() -> None:
    painter, between, written = Painting(0.0), Noting(), []

    def write(painted: Frame) -> None:
        time.sleep(0.03)
        written.append(painted)

    timer = interrupt_after(0.3)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(endless(), [painter, between], write)
    assert time.monotonic() - began < 0.3 + PROMPT
    assert [f.pts for f in written] == list(range(painter.painted))
    timer.join()


def test_filter_fault_6_ctrl_c_while_waiting_for_a_frame() -> None:
    stop = threading.Event()

    def stuck() -> Iterator[Frame]:
        yield frame(0)
        stop.wait(0.6)  # a slow disk: the reader can't be woken, only waited for

    written: list[Frame] = []
    timer = interrupt_after(0.2)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(stuck(), [Unchanged(), Noting()], written.append)
    assert time.monotonic() - began < 0.2 + PROMPT
    assert [f.pts for f in written] == [0]
    timer.join()


def test_ctrl_c_while_the_filter_finishes_still_writes_all() -> None:
    written: list[Frame] = []
    timer = interrupt_after(0.2, lambda: len(written) >= 2)
    with pytest.raises(KeyboardInterrupt):
        run((frame(n) for n in range(4)), [Unchanged(), Noting(0.1)], written.append)
    assert [f.pts for f in written] == [0, 1, 2, 3]
    timer.join()


@pytest.mark.parametrize("slow", ["reader", "painter", "stabilizer", "encoder"])
def test_the_profile_knows_the_filter(slow: str) -> None:
    def pause(stage: str) -> None:
        time.sleep(0.06 if stage == slow else 0.001)

    def read():
        for number in range(20):
            pause("reader")
            yield frame(number)

    class Pausing(Stateless):
        def __init__(self, name: str) -> None:
            self.name, self.own_thread = name, name == "stabilizer"

        def step(self, _: None, batch: FrameBatch) -> Iterable[FrameBatch]:
            pause(self.name)
            return [batch]

    began = time.perf_counter()
    profile = run(read(), [Pausing("painter"), Pausing("stabilizer")], lambda _: pause("encoder"))
    took = time.perf_counter() - began
    stages = profile.times
    assert list(stages) == ["reader", "painter", "stabilizer", "encoder"]
    assert profile.limit == slow
    for stage in stages.values():
        assert stage.working + stage.waiting <= took + 0.01
    waited = {name: stage.waiting for name, stage in stages.items()}
    assert min(waited, key=lambda name: waited[name]) == slow  # how long, depends on the machine's other work
    assert 0 < profile.first_frame < took


def test_the_profile_has_no_filter_where_there_was_none() -> None:
    profile = run((frame(n) for n in range(3)), [Unchanged()], lambda _: None)
    assert list(profile.times) == ["reader", "painter", "encoder"]


# -- a list of stages --


class Named(Noting):
    """A stage that notes, in a thread of its own or in that of the stage before."""

    def __init__(self, name: str, seconds: float = 0.0, *, own_thread: bool) -> None:
        super().__init__(seconds)
        self.name, self.own_thread = name, own_thread


def test_stages_run_in_order_each_in_the_thread_that_it_asks_for() -> None:
    stages = [
        Named("painter", own_thread=False),
        Named("second", own_thread=False),
        Named("third", own_thread=True),
        Named("fourth", own_thread=False),
        Named("fifth", own_thread=True),
    ]
    written: list[Frame] = []
    profile = run((frame(n) for n in range(10)), stages, written.append, batch_size=3)
    assert [f.pts for f in written] == list(range(10))
    assert all(stage.seen == list(range(10)) and stage.closed for stage in stages)
    mine, third, fifth = threading.current_thread().name, "stylize-video third", "stylize-video fifth"
    assert [stage.threads for stage in stages] == [{mine}, {mine}, {third}, {third}, {fifth}]
    assert list(profile.times) == ["reader", "painter", "third", "fifth", "encoder"]


def test_a_stage_before_the_painter_works_ahead_of_it() -> None:
    stages = [
        Named("ahead", own_thread=True),
        Named("painter", own_thread=False),
        Named("second", own_thread=False),
        Named("third", own_thread=True),
    ]
    written: list[Frame] = []
    profile = run((frame(n) for n in range(10)), stages, written.append, batch_size=3)
    assert [f.pts for f in written] == list(range(10))
    assert all(stage.seen == list(range(10)) and stage.closed for stage in stages)
    mine, ahead, third = threading.current_thread().name, "stylize-video ahead", "stylize-video third"
    assert [stage.threads for stage in stages] == [{ahead}, {mine}, {mine}, {third}]
    assert list(profile.times) == ["reader", "ahead", "painter", "third", "encoder"]


def test_a_stage_follows_another_ahead_of_the_painter() -> None:
    stages = [
        Named("ahead", own_thread=True),
        Named("follower", own_thread=False),
        Named("painter", own_thread=False),
        Named("third", own_thread=True),
    ]
    stages[1].follows = True
    run((frame(n) for n in range(10)), stages, lambda _: None)
    mine, ahead, third = threading.current_thread().name, "stylize-video ahead", "stylize-video third"
    assert [stage.threads for stage in stages] == [{ahead}, {ahead}, {mine}, {third}]


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_stage_that_fails_with_one_ahead_ends_all_threads(failing: int) -> None:
    stages = [Named(f"stage {n}", 0.01, own_thread=n != 1) for n in range(3)]
    error = Fault("the original")

    def fail() -> None:
        raise error

    stages[failing].fail_at, stages[failing].fail = 4, fail
    with pytest.raises(Fault) as caught:
        run(endless(), stages, lambda _: None)
    assert caught.value is error
    assert not [t for t in threading.enumerate() if t.name.startswith("stylize-video")]


def test_ctrl_c_is_heard_by_a_stage_ahead_and_what_is_painted_is_written() -> None:
    painter, written = Painting(0.02), []
    stages = [Named("ahead", own_thread=True), painter, Named("third", 0.03, own_thread=True)]
    timer = interrupt_after(0.3, lambda: len(written) >= 5)
    with pytest.raises(KeyboardInterrupt):
        run(endless(), stages, written.append)
    assert all(stage.closed for stage in stages)
    assert [f.pts for f in written] == list(range(len(written)))
    assert painter.painted - 1 <= len(written) <= painter.painted
    timer.join()


def test_without_stages_frames_are_written_as_they_are() -> None:
    written: list[Frame] = []
    run((frame(n) for n in range(10)), [], written.append, batch_size=3)
    assert [f.pts for f in written] == list(range(10))


def test_each_stage_takes_what_the_one_before_gave() -> None:
    class Adds(Stateless):
        def __init__(self, more: int) -> None:
            self.more = more

        def step(self, _: None, batch: FrameBatch) -> Iterable[FrameBatch]:
            return [batch.with_pixels(batch.pixels * 2 + self.more)]

    written: list[Frame] = []
    run((frame(n) for n in range(10)), [Adds(1), Adds(3), beside(Adds(5))], written.append)
    assert [int(f.pixels[0, 0, 0]) for f in written] == [((2 * n + 1) * 2 + 3) * 2 + 5 for n in range(10)]


def test_ctrl_c_is_heard_by_all_threads_in_turn() -> None:
    painter, written = Painting(0.02), []
    stages = [painter, Named("second", 0.02, own_thread=True), Named("third", 0.03, own_thread=True)]
    timer = interrupt_after(0.3, lambda: len(written) >= 5)
    with pytest.raises(KeyboardInterrupt):
        run(endless(), stages, written.append)
    assert all(stage.closed for stage in stages)
    assert [f.pts for f in written] == list(range(len(written)))
    assert painter.painted - 1 <= len(written) <= painter.painted
    timer.join()


@pytest.mark.parametrize("failing", [0, 1, 2])
def test_a_stage_that_fails_ends_all_threads(failing: int) -> None:
    def stages(fail) -> list[Noting]:
        made = [Named(f"stage {n}", 0.01, own_thread=n > 0) for n in range(3)]
        made[failing].fail_at, made[failing].fail = 4, fail
        return made

    error = Fault("the original")

    def fail() -> None:
        raise error

    with pytest.raises(Fault) as caught:
        run(endless(), stages(fail), lambda _: None)
    assert caught.value is error
    assert not [t for t in threading.enumerate() if t.name.startswith("stylize-video")]


def test_threads_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="threads named painter, filter, filter can't be told apart"):
        run(endless(), [Unchanged(), Noting(), Noting()], lambda _: None)


@pytest.mark.parametrize("own_thread", [False, True])
def test_each_stage_is_told_what_the_one_before_makes_of_the_signal(own_thread: bool) -> None:
    class Tells(Stage[list[Signal], FrameBatch]):
        def __init__(self, name: str, *, own_thread: bool = False) -> None:
            self.name, self.own_thread = name, own_thread
            self.told: list[int] = []

        def output(self, signal: Signal) -> Signal:
            return replace(signal, coded_width=2 * signal.coded_width)

        def start(self, signal: Signal) -> list[Signal]:
            self.told.append(signal.width)
            return [signal]

        def step(self, _: list[Signal], batch: FrameBatch) -> Iterable[FrameBatch]:
            return [batch]

    stages = [Tells("first"), Tells("second", own_thread=own_thread), Tells("third")]
    run((frame(n) for n in range(3)), stages, lambda _: None)
    assert [stage.told for stage in stages] == [[64], [128], [256]]
