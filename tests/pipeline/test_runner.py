"""The runner: every frame once and in order, and an end within a second whatever fails."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest

from stylize_video.pipeline import runner
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.stages.paint import Unchanged

TICK = Fraction(1, 25)
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


class Slow:
    """A painter that takes its time and counts."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.closed = False

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        try:
            for batch in batches:
                time.sleep(self.seconds)
                yield batch
        finally:
            self.closed = True


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_every_frame_once_in_order_and_the_short_last_batch(batch_size: int) -> None:
    written: list[Frame] = []
    runner.run((frame(n) for n in range(10)), Unchanged(), written.append, batch_size=batch_size)
    assert [f.pts for f in written] == list(range(10))
    assert [int(f.pixels[0, 0, 0]) for f in written] == list(range(10))


def test_a_stage_may_hold_batches_back() -> None:
    class Hoarder:
        def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
            yield from list(batches)

    written: list[Frame] = []
    runner.run((frame(n) for n in range(20)), Hoarder(), written.append)
    assert [f.pts for f in written] == list(range(20))


class Loses:
    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        for number, batch in enumerate(batches):
            if number % 2:
                yield batch


class Reverses:
    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        yield from list(batches)[::-1]


def test_a_stage_that_loses_or_mixes_up_frames_is_found_out() -> None:
    with pytest.raises(RuntimeError, match="took 10 frames and gave 5"):
        runner.run((frame(n) for n in range(10)), Loses(), lambda _: None)
    with pytest.raises(RuntimeError, match="frame 8 after frame 9"):
        runner.run((frame(n) for n in range(10)), Reverses(), lambda _: None)


def test_no_frames_is_no_error() -> None:
    runner.run(iter(()), Unchanged(), lambda _: None)


def expect_fault(frames, stage, write) -> None:
    error = Fault("the original")
    began = time.monotonic()

    def fail(*_):
        raise error

    with pytest.raises(Fault) as caught:
        runner.run(frames(fail), stage(fail), write(fail))
    assert caught.value is error
    assert time.monotonic() - began < PROMPT
    assert not [t for t in threading.enumerate() if t.name.startswith("stylize-video")]


def reader_fails(fail) -> Iterator[Frame]:
    for number in range(10):
        yield frame(number)
    fail()


class PainterFails:
    def __init__(self, fail) -> None:
        self.fail = fail

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        for number, batch in enumerate(batches):
            if number == 5:
                self.fail()
            yield batch


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
        os.kill(os.getpid(), signal.SIGINT)

    timer = threading.Timer(seconds, press)
    timer.start()
    return timer


def test_fault_5_ctrl_c_while_working_writes_what_was_painted() -> None:
    painter, written = Slow(0.02), []
    timer = interrupt_after(0.3, lambda: len(written) >= 5)
    began = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        runner.run(endless(), painter, written.append)
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
        runner.run(stuck(), Unchanged(), written.append)
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
        runner.run(endless(), Unchanged(), write)
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
        runner.run((frame(n) for n in range(4)), Unchanged(), write)
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

    class Fresh:
        """Leaves the counted frames behind, as a painter's result is a new frame anyway."""

        def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
            for batch in batches:
                yield FrameBatch(batch.pixels, tuple(frame(f.pts) for f in batch.frames))

    runner.run(counted(), Fresh(), lambda _: time.sleep(0.001), batch_size=2, depth=4)
    assert most <= 4 + 2 * 2 + 3  # the channel, two batches, one in each hand


@pytest.mark.parametrize("slow", ["reader", "painter", "encoder"])
def test_the_profile_names_the_stage_that_limits(slow: str) -> None:
    def pause(stage: str) -> None:
        time.sleep(0.06 if stage == slow else 0.001)

    def read():
        for number in range(20):
            pause("reader")
            yield frame(number)

    class Painter:
        def stylize(self, batches):
            for batch in batches:
                pause("painter")
                yield batch

    began = time.perf_counter()
    profile = runner.run(read(), Painter(), lambda _: pause("encoder"))
    took = time.perf_counter() - began
    stages = profile.stages()
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


class Noting:
    """A filter that passes batches on, notes what it gave, and may take its time or fail."""

    def __init__(self, seconds: float = 0.0, *, fail_at: int | None = None, fail=None) -> None:
        self.seconds, self.fail_at, self.fail = seconds, fail_at, fail
        self.seen: list[int] = []
        self.threads: set[str] = set()
        self.closed = False

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        try:
            for batch in batches:
                self.threads.add(threading.current_thread().name)
                if self.fail is not None and len(self.seen) == self.fail_at:
                    self.fail()
                time.sleep(self.seconds)
                self.seen.extend(frame.pts for frame in batch.frames)
                yield batch
        finally:
            self.closed = True


class Painting(Slow):
    """A slow painter that counts what it has painted, right before it hands it on."""

    def __init__(self, seconds: float) -> None:
        super().__init__(seconds)
        self.painted = 0

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        for batch in super().stylize(batches):
            self.painted += len(batch.frames)
            yield batch


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_every_frame_passes_the_filter_once_in_order(batch_size: int) -> None:
    written: list[Frame] = []
    between = Noting()
    frames = (frame(n) for n in range(10))
    runner.run(frames, Unchanged(), written.append, filter_stage=between, batch_size=batch_size)
    assert between.seen == list(range(10))
    assert [f.pts for f in written] == list(range(10))
    assert [int(f.pixels[0, 0, 0]) for f in written] == list(range(10))
    assert between.threads == {"stylize-video filter"}
    assert between.closed


def test_no_frames_for_the_filter_is_no_error() -> None:
    runner.run(iter(()), Unchanged(), lambda _: None, filter_stage=Noting())


def test_what_the_filter_makes_is_what_is_written() -> None:
    class Inverts:
        def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
            for batch in batches:
                yield batch.with_pixels(255 - batch.pixels)

    written: list[Frame] = []
    runner.run((frame(n) for n in range(10)), Unchanged(), written.append, filter_stage=Inverts())
    assert [int(f.pixels[0, 0, 0]) for f in written] == [255 - n for n in range(10)]


def test_the_filter_works_while_the_next_batch_is_painted() -> None:
    began = time.perf_counter()
    runner.run(
        (frame(n) for n in range(10)), Slow(0.05), lambda _: None, filter_stage=Noting(0.05), batch_size=1
    )
    assert time.perf_counter() - began < 0.8  # one after the other it would be 1 s


def test_a_filter_may_hold_batches_back() -> None:
    class Hoarder:
        def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
            yield from list(batches)

    written: list[Frame] = []
    runner.run((frame(n) for n in range(20)), Unchanged(), written.append, filter_stage=Hoarder())
    assert [f.pts for f in written] == list(range(20))


class StopsEarly:
    """Yields one batch and ends, whatever else there is."""

    def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
        yield next(batches)


@pytest.mark.timeout(5)
def test_a_filter_that_stops_early_is_found_out() -> None:
    with pytest.raises(RuntimeError, match="filter stopped before"):
        runner.run((frame(n) for n in range(50)), Unchanged(), lambda _: None, filter_stage=StopsEarly())


@pytest.mark.timeout(5)
def test_a_painter_that_stops_early_is_found_out() -> None:
    with pytest.raises(RuntimeError, match="painter stopped before"):
        runner.run((frame(n) for n in range(50)), StopsEarly(), lambda _: None)


def test_a_filter_that_loses_or_mixes_up_frames_is_found_out() -> None:
    with pytest.raises(RuntimeError, match="took 10 frames and gave 5"):
        runner.run((frame(n) for n in range(10)), Unchanged(), lambda _: None, filter_stage=Loses())
    with pytest.raises(RuntimeError, match="frame 8 after frame 9"):
        runner.run((frame(n) for n in range(10)), Unchanged(), lambda _: None, filter_stage=Reverses())


def filtered_fault(frames, stage, between, write) -> None:
    """Like `expect_fault`, with a filter."""
    error = Fault("the original")
    began = time.monotonic()

    def fail(*_):
        raise error

    with pytest.raises(Fault) as caught:
        runner.run(frames(fail), stage(fail), write(fail), filter_stage=between(fail))
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
        runner.run(endless(), painter, written.append, filter_stage=between, batch_size=batch_size)
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
        runner.run((frame(n) for n in range(50)), painter, written.append, filter_stage=between)
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
        runner.run(endless(), painter, write, filter_stage=between)
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
        runner.run(stuck(), Unchanged(), written.append, filter_stage=Noting())
    assert time.monotonic() - began < 0.2 + PROMPT
    assert [f.pts for f in written] == [0]
    timer.join()


def test_ctrl_c_while_the_filter_finishes_still_writes_all() -> None:
    written: list[Frame] = []
    timer = interrupt_after(0.2, lambda: len(written) >= 2)
    with pytest.raises(KeyboardInterrupt):
        runner.run((frame(n) for n in range(4)), Unchanged(), written.append, filter_stage=Noting(0.1))
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

    class Pausing:
        def __init__(self, name: str) -> None:
            self.name = name

        def stylize(self, batches: Iterator[FrameBatch]) -> Iterator[FrameBatch]:
            for batch in batches:
                pause(self.name)
                yield batch

    began = time.perf_counter()
    profile = runner.run(
        read(), Pausing("painter"), lambda _: pause("encoder"), filter_stage=Pausing("stabilizer")
    )
    took = time.perf_counter() - began
    stages = profile.stages()
    assert list(stages) == ["reader", "painter", "stabilizer", "encoder"]
    assert profile.limit == slow
    for stage in stages.values():
        assert stage.working + stage.waiting <= took + 0.01
    waited = {name: stage.waiting for name, stage in stages.items()}
    assert min(waited, key=lambda name: waited[name]) == slow  # how long, depends on the machine's other work
    assert 0 < profile.first_frame < took


def test_the_profile_has_no_filter_where_there_was_none() -> None:
    profile = runner.run((frame(n) for n in range(3)), Unchanged(), lambda _: None)
    assert profile.stabilizer is None
    assert "stabilizer" not in profile.stages()
