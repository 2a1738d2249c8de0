"""Starts the stages, hands frames from thread to thread, and ends them all whatever happens.

    reader thread --frames--> [channel] --> caller's thread: batch, paint --> [channel] --> writer thread

and with a filter, which works on painted frames while the next ones are painted,

    ... paint --batches--> [channel] --> filter thread --frames--> [channel] --> writer thread

Painting stays in the caller's thread, where Ctrl-C arrives and torch was set up. The first error of
any thread wins: it stops the others and is raised, whole, in the caller's thread.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

from stylize_video.pipeline import batcher
from stylize_video.pipeline.channel import Channel, ChannelClosedError
from stylize_video.pipeline.crew import Crew
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.profile import Profile, StageTime
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stages.paint import Stage
from stylize_video.pipeline.transfer import Finish, RgbTransfer, Transfer

CHANNEL_DEPTH = 4  # frames; enough to ride out an uneven decoder
_CHANNEL_BYTES = 64e6  # of frames waiting at one place: two at 4K, where a frame takes so long anyway


def channel_depth(signal: Signal) -> int:
    """How many frames of a film may wait between two threads."""
    size = signal.width * signal.height * 3 * (2 if signal.bit_depth > 8 else 1)  # bytes
    return max(1, min(CHANNEL_DEPTH, int(_CHANNEL_BYTES // size)))


def run(
    frames: Iterable[Frame],
    stage: Stage,
    write: Callable[[Frame], None],
    *,
    filter_stage: Stage | None = None,
    batch_size: int = 1,
    transfer: Transfer | None = None,
    depth: int = CHANNEL_DEPTH,
) -> Profile:
    """Read, paint and write all frames; return where the time went when the last one is written.

    Args:
        frames: iterated in a thread of its own.
        stage: the painter; runs in the caller's thread.
        write: called in a thread of its own, once a frame, in order.
        filter_stage: takes the painter's batches; runs in a thread of its own.
        batch_size: frames painted at once.
        transfer: how they reach the device and come back; by default as RGB on the CPU.
        depth: frames that may wait between two threads; between painter and filter it is one batch.

    Raises:
        KeyboardInterrupt: after everything painted before Ctrl-C has been written.
        Exception: the first error of any of them, as it was raised.
    """
    transfer = transfer or RgbTransfer()
    read_frames: Channel[Frame] = Channel(depth)
    between: Channel[FrameBatch] = Channel(1)
    painted: Channel[Frame] = Channel(depth)
    crew = Crew(read_frames, between, painted)
    counted, delivery = _Counted(iter(read_frames)), _Delivery(painted, transfer)
    began = time.perf_counter()
    painting = 0.0
    try:
        crew.start("reader", lambda: _read(frames, read_frames))
        crew.start("writer", lambda: _write(painted, write))
        if filter_stage is not None:
            crew.start("filter", lambda: _filter(filter_stage, between, delivery))
        results = stage.stylize(transfer.upload(g) for g in batcher.batches(counted, size=batch_size))
        if filter_stage is None:
            delivery.run(results)
        else:
            _hand_over(results, between)
        _see_the_end(counted, "painter")
        painting = time.perf_counter() - began
    except ChannelClosedError:
        pass  # another thread failed first; `crew.end` raises its error
    except KeyboardInterrupt:
        read_frames.abandon()
        between.finish()  # what is painted is still filtered and written
        if filter_stage is None:
            painted.finish()
        crew.end()
        raise
    except BaseException as error:
        crew.fail(error)
    crew.end()
    if delivery.count != counted.count:
        raise RuntimeError(f"the painter took {counted.count} frames and gave {delivery.count}")
    return _profile(crew, read_frames, between, painted, painting, began)


def _profile(
    crew: Crew,
    read_frames: Channel[Frame],
    between: Channel[FrameBatch],
    painted: Channel[Frame],
    painting: float,
    began: float,
) -> Profile:
    filtering = crew.seconds.get("filter")
    after = between if filtering is not None else painted
    return Profile(
        StageTime.of(crew.seconds["reader"], read_frames.waited_to_put),
        StageTime.of(painting, read_frames.waited_to_take + after.waited_to_put),
        StageTime.of(crew.seconds["writer"], painted.waited_to_take),
        (painted.first_put or began) - began,
        None
        if filtering is None
        else StageTime.of(filtering, between.waited_to_take + painted.waited_to_put),
    )


def _read(frames: Iterable[Frame], channel: Channel[Frame]) -> None:
    try:
        for frame in frames:
            channel.put(frame)
    except ChannelClosedError:
        pass  # nobody wants the rest
    finally:
        _close(frames)
    channel.finish()


def _filter(stage: Stage, batches: Channel[FrameBatch], delivery: _Delivery) -> None:
    delivery.run(stage.stylize(iter(batches)))
    _see_the_end(batches, "filter")


def _see_the_end(given: Iterable[object], name: str) -> None:
    """Find out a stage that stopped too early, for which the one before it would wait for ever."""
    if next(iter(given), None) is not None:
        raise RuntimeError(f"the {name} stopped before the film's end")


def _hand_over(batches: Iterator[FrameBatch], channel: Channel[FrameBatch]) -> None:
    """Put painted batches into a channel; one in hand at Ctrl-C too."""
    batch: FrameBatch | None = None
    try:
        for batch in batches:
            channel.put(batch)
    except KeyboardInterrupt:
        if batch is not None and batch is not channel.newest:
            channel.put(batch)
        raise
    finally:
        _close(batches)
    channel.finish()


class _Delivery:
    """Painted frames to the writer, in whichever thread makes them; checks their order and counts them."""

    def __init__(self, painted: Channel[Frame], transfer: Transfer) -> None:
        self._painted = painted
        self._transfer = transfer
        self.count = 0

    def run(self, batches: Iterator[FrameBatch]) -> None:
        """Deliver all of them."""
        downloads = _Downloads(batches, self._transfer)
        last: int | None = None
        try:
            for frame in downloads:
                if last is not None and frame.pts <= last:
                    raise RuntimeError(f"the painter gave frame {frame.pts} after frame {last}")
                last = frame.pts
                self.count += 1
                self._painted.put(frame)
        except KeyboardInterrupt:
            for frame in downloads.rest():  # what is painted is still written
                if frame is not self._painted.newest:
                    self._painted.put(frame)
            raise
        finally:
            _close(batches)
        self._painted.finish()


class _Downloads:
    """The frames of painted batches; the next batch is painted while the last is on its way."""

    def __init__(self, batches: Iterable[FrameBatch], transfer: Transfer) -> None:
        self._batches = batches
        self._transfer = transfer
        self._under_way: deque[Finish] = deque()
        self._here: deque[Frame] = deque()

    def __iter__(self) -> Iterator[Frame]:
        for batch in self._batches:
            self._under_way.append(self._transfer.download(batch))
            if len(self._under_way) > self._transfer.lag:
                self._here.extend(self._under_way.popleft()())
            yield from self._one_by_one()
        yield from self.rest()

    def rest(self) -> Iterator[Frame]:
        """All that is painted and has not been taken, the frame given last included."""
        while self._under_way:
            self._here.extend(self._under_way.popleft()())
        yield from self._one_by_one()

    def _one_by_one(self) -> Iterator[Frame]:
        while self._here:
            yield self._here[0]
            self._here.popleft()  # only now: whoever took it has come back for the next


class _Counted:
    """Frames, counted as they are taken."""

    def __init__(self, frames: Iterator[Frame]) -> None:
        self._frames = frames
        self.count = 0

    def __iter__(self) -> Iterator[Frame]:
        for frame in self._frames:
            self.count += 1
            yield frame


def _write(frames: Iterable[Frame], write: Callable[[Frame], None]) -> None:
    for frame in frames:
        write(frame)


def _close(iterable: object) -> None:
    """Run a generator's `finally` now, in the thread that ran the generator."""
    close = getattr(iterable, "close", None)
    if close is not None:
        close()
