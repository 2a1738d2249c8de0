"""Runs a list of stages, hands frames from thread to thread, and ends all threads whatever happens.

    reader thread --frames--> [channel] --> caller's thread: batch, paint --> [channel] --> writer thread

A stage that asks for a thread of its own works on painted frames while the next ones are painted; those
after it run in its thread, up to the next that asks for one:

    ... paint --batches--> [channel] --> stabiliser's thread --frames--> [channel] --> writer thread

The first stage that asks for no thread stays in the caller's, where Ctrl-C arrives and torch was set up;
those before it work ahead of it, each in its own, or in that of the one before. The first error of any thread
wins: it stops the others and is raised, whole, in the caller's thread.

Marks that lie between the frames (`marks.py`) go the same way, and every stage saves its state in them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from stylize_video.pipeline import batcher, marks
from stylize_video.pipeline.channel import Channel, ChannelClosedError
from stylize_video.pipeline.crew import Crew
from stylize_video.pipeline.delivery import Batches, Delivery
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.marks import Mark
from stylize_video.pipeline.profile import Profile, StageTime
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import AnyStage, close
from stylize_video.pipeline.transfer import RgbTransfer, Transfer

HandOver = Callable[[Batches], None]  # of what comes out of a part's last stage

CHANNEL_DEPTH = 4  # frames; enough to ride out an uneven decoder
_CHANNEL_BYTES = 64e6  # of frames waiting at one place: two at 4K, where a frame takes so long anyway


def channel_depth(signal: Signal) -> int:
    """How many frames of a film may wait between two threads."""
    size = signal.width * signal.height * 3 * (2 if signal.bit_depth > 8 else 1)  # bytes
    return max(1, min(CHANNEL_DEPTH, int(_CHANNEL_BYTES // size)))


@dataclass(frozen=True)
class Beginning:
    """Where a film is gone on with: at a mark.

    Attributes:
        states: each stage's there, in their order.
        held: how many frames are in them.
    """

    states: Sequence[Any]
    held: int


def run(
    frames: Iterable[Frame | Mark],
    stages: Sequence[AnyStage],
    write: Callable[[Frame], None],
    *,
    signal: Signal,
    batch_size: int = 1,
    transfer: Transfer | None = None,
    depth: int = CHANNEL_DEPTH,
    beginning: Beginning | None = None,
    at_mark: Callable[[Mark], None] | None = None,
) -> Profile:
    """Read, take through all stages and write all frames; return where the time went when that is done.

    Args:
        frames: iterated in a thread of its own; marks may lie between them.
        stages: each takes the batches of the one before it.
        write: called in a thread of its own, once a frame, in order.
        signal: what flows into the first stage.
        batch_size: frames painted at once.
        transfer: how they reach the device and come back; by default as RGB on the CPU.
        depth: frames that may wait between two threads; between two stages it is one batch.
        beginning: where to go on; by default at a film's first frame.
        at_mark: called with each mark, once it has passed all stages, in the thread that writes.

    Raises:
        KeyboardInterrupt: after everything painted before Ctrl-C has been written.
        Exception: the first error of any of them, as it was raised.
    """
    parts, mine = _parts(stages, signal, beginning)
    line = _Line(parts, mine, depth=depth)
    delivery = Delivery(line.painted, transfer or RgbTransfer())
    counted = _Counted(iter(line.read))
    began = time.perf_counter()
    painting = 0.0
    try:
        line.crew.start("reader", lambda: _read(frames, line.read))
        line.crew.start("writer", lambda: _write(line.painted, write, at_mark))
        line.start(counted, delivery, batch_size)()
        painting = time.perf_counter() - began
    except ChannelClosedError:
        pass  # another thread failed first; `Crew.end` raises its error
    except KeyboardInterrupt:
        line.finish_what_is_painted()
        raise
    except BaseException as error:
        line.crew.fail(error)
    line.crew.end()
    taken = counted.count + (0 if beginning is None else beginning.held)
    if delivery.count != taken and not delivery.ended_by_mark:
        raise RuntimeError(f"the stages took {taken} frames and gave {delivery.count}")
    seconds = {parts[mine].name: painting, **line.crew.seconds}
    return _profile([part.name for part in parts], seconds, line.channels, began)


class _Line:
    """Parts one behind the other, the channels between them, and the threads that they work in.

    Args:
        parts: of the stages.
        mine: which of them works in the caller's thread.
        depth: frames that may wait before the first part, and behind the last.
    """

    def __init__(self, parts: Sequence[_Part], mine: int, *, depth: int) -> None:
        self._parts, self._mine = parts, mine
        self.read: Channel[Frame | Mark] = Channel(depth)
        self._between: list[Channel[FrameBatch | Mark]] = [Channel(1) for _ in parts[1:]]
        self.painted: Channel[Frame | Mark] = Channel(depth)
        self.crew = Crew(*self.channels)

    @property
    def channels(self) -> list[Channel[Any]]:
        """All of them, in order."""
        return [self.read, *self._between, self.painted]

    def start(self, counted: _Counted, delivery: Delivery, batch_size: int) -> Callable[[], None]:
        """Let all parts but the caller's begin; the caller's work."""
        uploads = _uploads(iter(counted), delivery.transfer, batch_size)
        taken_by: list[Iterable[FrameBatch | Mark]] = [uploads, *self._between]
        hand_overs: list[HandOver] = [
            *(partial(_hand_over, channel) for channel in self._between),
            delivery.run,
        ]
        work = [
            partial(part.work, taken, hand_over)
            for part, taken, hand_over in zip(self._parts, taken_by, hand_overs, strict=True)
        ]
        for number, (part, its_work) in enumerate(zip(self._parts, work, strict=True)):
            if number != self._mine:
                ahead = number < self._mine
                self.crew.start(part.name, partial(_unless_closed, its_work) if ahead else its_work)
        return work[self._mine]

    def finish_what_is_painted(self) -> None:
        """After Ctrl-C: nothing more is read, and what is painted still goes on, and is written."""
        self.read.abandon()
        for channel in self._between[: self._mine]:
            channel.abandon()
        (self._between[self._mine] if self._mine < len(self._between) else self.painted).finish()
        self.crew.end()


class _Part:
    """Stages that run in one thread, one after the other, each with what gives the state it begins with."""

    def __init__(self) -> None:
        self.stages: list[tuple[AnyStage, Callable[[], Any]]] = []

    @property
    def name(self) -> str:
        """Of its thread."""
        return self.stages[0][0].name if self.stages else "painter"

    def work(self, batches: Iterable[FrameBatch | Mark], hand_over: HandOver) -> None:
        """Take all batches through the stages."""
        passing: Iterator[Any] = iter(batches)
        for stage, begin in self.stages:
            passing = marks.go_on(stage, begin, passing)
        hand_over(passing)


def _unless_closed(work: Callable[[], None]) -> None:
    """Work ahead of others, until they want no more."""
    with suppress(ChannelClosedError):
        work()


def _parts(
    stages: Sequence[AnyStage], signal: Signal, beginning: Beginning | None
) -> tuple[list[_Part], int]:
    """The stages by the threads they run in, and which of these is the caller's.

    Raises:
        ValueError: two threads would have one name.
    """
    first = next((n for n, stage in enumerate(stages) if not (stage.own_thread or stage.follows)), 0)
    parts: list[_Part] = [] if first else [_Part()]
    mine = 0
    for number, stage in enumerate(stages):
        if number == first > 0:
            mine = len(parts)
            parts.append(_Part())
        elif stage.own_thread or not parts:
            parts.append(_Part())
        if beginning is None:
            parts[-1].stages.append((stage, partial(stage.start, signal)))
        else:
            parts[-1].stages.append((stage, partial(beginning.states.__getitem__, number)))
        signal = stage.output(signal)
    names = [part.name for part in parts]
    if len({*names, "reader", "writer"}) < len(names) + 2:
        raise ValueError(f"threads named {', '.join(names)} can't be told apart")
    return parts, mine


def _profile(
    names: Sequence[str], seconds: Mapping[str, float], channels: Sequence[Channel[Any]], began: float
) -> Profile:
    """Where the time went: each part takes from one channel and puts into the next."""
    painted = channels[-1]
    times = {"reader": StageTime.of(seconds["reader"], channels[0].waited_to_put)}
    for name, taken, given in zip(names, channels, channels[1:], strict=False):
        times[name] = StageTime.of(seconds[name], taken.waited_to_take + given.waited_to_put)
    times["encoder"] = StageTime.of(seconds["writer"], painted.waited_to_take)
    return Profile(times, (painted.first_put or began) - began)


def _read(frames: Iterable[Frame | Mark], channel: Channel[Frame | Mark]) -> None:
    try:
        for frame in frames:
            channel.put(frame)
    except ChannelClosedError:
        pass  # nobody wants the rest
    finally:
        close(frames)
    channel.finish()


def _uploads(frames: Iterator[Frame | Mark], transfer: Transfer, size: int) -> Batches:
    """Batches on the device, and the marks between them, which no batch spans."""
    found: list[Mark] = []

    def up_to_mark() -> Iterator[Frame]:
        for item in frames:
            if isinstance(item, Mark):
                found.append(item)
                return
            yield item

    while True:
        for group in batcher.batches(up_to_mark(), size=size):
            yield transfer.upload(group)
        if not found:
            return
        yield found.pop()


def _hand_over(channel: Channel[FrameBatch | Mark], batches: Batches) -> None:
    """Put batches into a channel; one in hand at Ctrl-C too."""
    batch: FrameBatch | Mark | None = None
    try:
        for batch in batches:
            channel.put(batch)
    except KeyboardInterrupt:
        if batch is not None and batch is not channel.newest:
            channel.put(batch)
        raise
    finally:
        close(batches)
    channel.finish()


class _Counted:
    """Frames, counted as they are taken, and marks."""

    def __init__(self, frames: Iterator[Frame | Mark]) -> None:
        self._frames = frames
        self.count = 0

    def __iter__(self) -> Iterator[Frame | Mark]:
        for frame in self._frames:
            self.count += not isinstance(frame, Mark)
            yield frame


def _write(
    frames: Iterable[Frame | Mark],
    write: Callable[[Frame], None],
    at_mark: Callable[[Mark], None] | None,
) -> None:
    for frame in frames:
        if not isinstance(frame, Mark):
            write(frame)
        elif at_mark is not None:
            at_mark(frame)
