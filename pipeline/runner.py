"""Starts the stages, hands frames from thread to thread, and ends them all whatever happens.

    reader thread --frames--> [channel] --> caller's thread: batch, paint --> [channel] --> writer thread

Painting stays in the caller's thread, where Ctrl-C arrives and torch was set up. The first error of
any thread wins: it stops the others and is raised, whole, in the caller's thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator

import torch

from stylize_video.pipeline import batcher
from stylize_video.pipeline.channel import Channel, ChannelClosedError
from stylize_video.pipeline.frames import Frame, FrameBatch, VideoInfo
from stylize_video.pipeline.profile import Profile, StageTime
from stylize_video.pipeline.stages import Stage
from stylize_video.pipeline.transfer import Finish, RgbTransfer, Transfer

CHANNEL_DEPTH = 4  # frames; enough to ride out an uneven decoder
_CHANNEL_BYTES = 64e6  # of frames waiting at one place: two at 4K, where a frame takes so long anyway


def channel_depth(info: VideoInfo) -> int:
    """How many frames of a film may wait between two threads."""
    size = info.width * info.height * 3 * (2 if info.bit_depth > 8 else 1)  # bytes
    return max(1, min(CHANNEL_DEPTH, int(_CHANNEL_BYTES // size)))


def run(
    frames: Iterable[Frame],
    stage: Stage,
    write: Callable[[Frame], None],
    *,
    batch_size: int = 1,
    transfer: Transfer | None = None,
    depth: int = CHANNEL_DEPTH,
) -> Profile:
    """Read, paint and write all frames; return where the time went when the last one is written.

    Args:
        frames: iterated in a thread of its own.
        stage: the painter; runs in the caller's thread.
        write: called in a thread of its own, once a frame, in order.
        batch_size: frames painted at once.
        transfer: how they reach the device and come back; by default as RGB on the CPU.
        depth: frames that may wait between two threads.

    Raises:
        KeyboardInterrupt: after everything painted before Ctrl-C has been written.
        Exception: the first error of any of the three, as it was raised.
    """
    transfer = transfer or RgbTransfer(torch.device("cpu"))
    crew = _Crew()
    read_frames: Channel[Frame] = Channel(depth)
    painted: Channel[Frame] = Channel(depth)
    crew.channels = (read_frames, painted)
    began = time.perf_counter()
    painting = 0.0
    try:
        crew.start("reader", lambda: _read(frames, read_frames))
        crew.start("writer", lambda: _write(painted, write))
        _paint(iter(read_frames), stage, painted, batch_size, transfer)
        painting = time.perf_counter() - began
    except ChannelClosedError:
        pass  # another thread failed first; `crew.end` raises its error
    except KeyboardInterrupt:
        read_frames.abandon()
        painted.finish()  # what is painted is still written
        crew.end()
        raise
    except BaseException as error:
        crew.fail(error)
    crew.end()
    return Profile(
        StageTime.of(crew.seconds["reader"], read_frames.waited_to_put),
        StageTime.of(painting, read_frames.waited_to_take + painted.waited_to_put),
        StageTime.of(crew.seconds["writer"], painted.waited_to_take),
        (painted.first_put or began) - began,
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


def _paint(
    frames: Iterator[Frame],
    stage: Stage,
    painted: Channel[Frame],
    batch_size: int,
    transfer: Transfer,
) -> None:
    counted = _Counted(frames)
    results = stage.stylize(transfer.upload(g) for g in batcher.batches(counted, size=batch_size))
    downloads = _Downloads(results, transfer)
    given, last = 0, None
    try:
        for frame in downloads:
            if last is not None and frame.pts <= last:
                raise RuntimeError(f"the painter gave frame {frame.pts} after frame {last}")
            given, last = given + 1, frame.pts
            painted.put(frame)
    except KeyboardInterrupt:
        for frame in downloads.rest():  # what is painted is still written
            if frame is not painted.newest:
                painted.put(frame)
        raise
    finally:
        _close(results)
    if given != counted.count:
        raise RuntimeError(f"the painter took {counted.count} frames and gave {given}")
    painted.finish()


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


class _Crew:
    """The threads of one run, and the first error among them."""

    def __init__(self) -> None:
        self.channels: tuple[Channel[Frame], ...] = ()
        self.seconds: dict[str, float] = {}  # from start to end, by thread
        self._threads: list[tuple[threading.Thread, threading.Event]] = []
        self._lock = threading.Lock()
        self._error: BaseException | None = None

    def start(self, name: str, work: Callable[[], None]) -> None:
        done, began = threading.Event(), time.perf_counter()

        def guarded() -> None:
            try:
                work()
            except BaseException as error:
                self.fail(error)
            finally:
                self.seconds[name] = time.perf_counter() - began
                done.set()

        thread = threading.Thread(target=guarded, name=f"stylize-video {name}", daemon=True)
        thread.start()
        self._threads.append((thread, done))

    def fail(self, error: BaseException) -> None:
        """Remember the first error and stop everybody."""
        with self._lock:
            if self._error is None:
                self._error = error
        for channel in self.channels:
            channel.abandon()

    def end(self) -> None:
        """Wait for the threads, then raise the first error if there was one.

        A Ctrl-C that comes this late waits for the writer too: it has a few frames left at most.
        """
        try:
            self._join()
        except KeyboardInterrupt:
            self._join()
            raise
        if self._error is not None:
            raise self._error

    def _join(self) -> None:
        # Until the thread says so itself: a Ctrl-C inside Thread.join makes Python 3.11 take a
        # running thread for a stopped one.
        for thread, done in self._threads:
            done.wait()
            thread.join()
