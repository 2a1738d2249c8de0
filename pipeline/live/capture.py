"""A camera in a thread of its own: the newest picture wins, and one that freezes or vanishes is noticed.

    opening -- first picture --> live -- the same one for seconds --> opened again: is it there?
       ^                          |
       |                          +-- none for seconds --> lost: an error, or it is waited for
       +------------------- every second --------------------+

Nothing queues: a picture that nobody took in time is replaced by the next, and counted.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Self

import numpy as np

from stylize_video.errors import StylizeVideoError
from stylize_video.pipeline.sources.camera import Camera, CameraLostError, LiveFrame

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture

OPENING, LIVE, STILL, LOST, ENDED = "opening", "live", "still", "lost", "ended"

_STILL = 3.0  # s of the very same picture, after which a camera is suspected; its noise changes otherwise
_SILENT = 6.0  # s without any picture, after which nobody waits any longer; it gives up after 5 by itself
_AGAIN = 1.0  # s from one try to open it again to the next
_WINDOW = 60  # pictures that the rate is counted over
_GRACE = 2.0  # s that a thread is given to end; one that hangs in a driver is left behind


class Capture:
    """Takes pictures from a camera. A context manager.

    Args:
        make: makes the camera; called again for another one where the first hangs.
        reconnect: wait for a camera that isn't there, or not any more; else that is an error.
        silent: s without any picture after which it is taken for lost.
        still: s of the same picture after which it is opened again.
        again: s from one try to open it to the next.
    """

    def __init__(
        self,
        make: Callable[[], Camera],
        *,
        reconnect: bool = False,
        silent: float = _SILENT,
        still: float = _STILL,
        again: float = _AGAIN,
    ) -> None:
        self._make, self._reconnect = make, reconnect
        self._silent, self.still, self.again = silent, still, again
        self._changed = threading.Condition()
        self._newest: LiveFrame | None = None
        self._times: deque[float] = deque(maxlen=_WINDOW)
        self._error: BaseException | None = None
        self._heard = time.monotonic()  # when the camera last gave a sign of life
        self.state = OPENING
        self.trouble = ""  # what is wrong with it at the moment, as a sentence without its full stop
        self.arrived = 0  # pictures
        self.dropped = 0  # of them, that nobody took in time
        self._reader = _Reader(self, make())
        self._reader.start()

    @property
    def rate(self) -> float:
        """Pictures/s that it gives, as measured; 0 before it is known."""
        times = list(self._times)
        return (len(times) - 1) / (times[-1] - times[0]) if len(times) > 1 and times[-1] > times[0] else 0.0

    @property
    def ended(self) -> bool:
        """Whether a film is over, and its last picture was taken."""
        return self.state == ENDED and self._newest is None

    def take(self, timeout: float) -> LiveFrame | None:
        """The newest picture, or None if none came within so many seconds, or no other will.

        Raises:
            CameraLostError: it isn't there, or not any more, and isn't to be waited for.
            StylizeVideoError: it can't be read at all.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._newest or self._error or self.state == ENDED, timeout)
            frame, self._newest = self._newest, None
            if frame is None and self._error is not None:
                raise self._error
            if frame is None and self.state != ENDED:
                self._watch_the_clock()
            return frame

    def close(self) -> None:
        """Let go of the camera. Safe to call again."""
        self._reader.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _watch_the_clock(self) -> None:
        """Give up one that hangs in a driver, where nothing can wake it."""
        if time.monotonic() - self._heard < self._silent or self.state == LOST:
            return
        name = self._reader.camera.name
        error = CameraLostError(f"{name}: gave no picture for {self._silent:g} s; was it unplugged?")
        self._reader.abandon()
        if not self._reconnect:
            raise error
        self._lose(error)
        self._reader = _Reader(self, self._make())
        self._reader.start()

    def _lose(self, error: CameraLostError) -> None:
        self.state, self.trouble, self._heard = LOST, str(error), time.monotonic()

    # What the reader tells; one that was abandoned says nothing.

    def opened(self, reader: _Reader) -> None:
        """The camera is being opened."""
        with self._changed:
            if reader is self._reader and self.state != LOST:
                self._heard = time.monotonic()

    def arrives(self, reader: _Reader, frame: LiveFrame, *, still: bool) -> None:
        """A picture has come."""
        with self._changed:
            if reader is not self._reader:
                return
            self.dropped += self._newest is not None
            self.arrived += 1
            self._newest, self._heard = frame, time.monotonic()
            self._times.append(frame.time)
            self.state = STILL if still else LIVE
            self.trouble = f"{reader.camera.name} shows the very same picture" if still else ""
            self._changed.notify_all()

    def fails(self, reader: _Reader, error: BaseException) -> bool:
        """It can't be read; whether it is tried again."""
        with self._changed:
            if reader is not self._reader:
                return False
            if self._reconnect and isinstance(error, CameraLostError):
                self._times.clear()
                self._lose(error)
                return True
            self._error = error
            self._changed.notify_all()
            return False

    def ends(self, reader: _Reader) -> None:
        """There is no other picture."""
        with self._changed:
            if reader is self._reader:
                self.state = ENDED
                self._changed.notify_all()


class _Reader:
    """The thread that reads one camera."""

    def __init__(self, capture: Capture, camera: Camera) -> None:
        self.camera = camera
        self._capture = capture
        self._over = threading.Event()
        self._last: Picture | None = None
        self._same_since = 0.0
        self._suspicion = capture.still  # s; doubled each time that nothing was wrong
        self._thread = threading.Thread(target=self._run, name="stylize-video camera", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def abandon(self) -> None:
        """It hangs: leave it where it is, to end by itself if it ever comes back."""
        self._over.set()

    def end(self) -> None:
        """End, once the camera gives something; not for ever."""
        self._over.set()
        self._thread.join(_GRACE)

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                try:
                    self._read_all()
                    return
                except StylizeVideoError as error:
                    self.camera.close()
                    if not self._capture.fails(self, error):
                        return
                self._over.wait(self._capture.again)
        except BaseException as error:
            self._capture.fails(self, error)
        finally:
            self.camera.close()

    def _read_all(self) -> None:
        self._capture.opened(self)
        self.camera.open()
        while not self._over.is_set():
            frame = self.camera.read()
            if frame is None:
                self._capture.ends(self)
                return
            self._see_whether_it_moves(frame)
            self._capture.arrives(self, frame, still=self._is_still(frame.time))

    def _is_still(self, now: float) -> bool:
        return not self.camera.may_stand_still and now - self._same_since > self._capture.still

    def _see_whether_it_moves(self, frame: LiveFrame) -> None:
        """Open a camera again whose picture doesn't change in the least: one that is gone can't be opened."""
        if self.camera.may_stand_still:
            return
        if self._last is None or not _same(self._last, frame.picture):
            self._last, self._same_since, self._suspicion = frame.picture, frame.time, self._capture.still
        elif frame.time - self._same_since > self._suspicion:
            self._suspicion *= 2
            self.camera.open()


def _same(one: Picture, other: Picture) -> bool:
    """Whether two pictures are the same to the bit; most are told apart by a few pixels."""
    if one.shape != other.shape or not np.array_equal(one[::16, ::16], other[::16, ::16]):
        return False
    return np.array_equal(one, other)
