"""Painted batches on their way to the writer: brought back from the device, and put in frame by frame.

After Ctrl-C all that is painted is still delivered.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from stylize_video.pipeline.channel import Channel
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.marks import Mark
from stylize_video.pipeline.stage import close
from stylize_video.pipeline.transfer import Finish, Transfer

Batches = Iterator[FrameBatch | Mark]


class Delivery:
    """Painted frames to the writer, in whichever thread makes them; checks their order and counts them.

    Args:
        painted: where the writer takes them.
        transfer: how they come back from the device.

    Attributes:
        count: frames that were delivered.
        ended_by_mark: whether a mark came last that ends what is painted, though the film goes on.
    """

    def __init__(self, painted: Channel[Frame | Mark], transfer: Transfer) -> None:
        self._painted = painted
        self.transfer = transfer
        self.count = 0
        self.ended_by_mark = False
        self._last: int | None = None

    def run(self, batches: Batches) -> None:
        """Deliver all of them."""
        downloads = _Downloads(batches, self.transfer)
        try:
            for item in downloads:
                if isinstance(item, Mark):
                    self.ended_by_mark = item.ends
                else:
                    self._count(item)
                self._painted.put(item)
        except KeyboardInterrupt:
            for frame in downloads.rest():  # what is painted is still written
                if frame is not self._painted.newest:
                    self._painted.put(frame)
            raise
        finally:
            close(batches)
        self._painted.finish()

    def _count(self, frame: Frame) -> None:
        if self._last is not None and frame.pts <= self._last:
            raise RuntimeError(f"the stages gave frame {frame.pts} after frame {self._last}")
        self._last = frame.pts
        self.count += 1


class _Downloads:
    """The frames of painted batches; the next batch is painted while the last is on its way."""

    def __init__(self, batches: Batches, transfer: Transfer) -> None:
        self._batches = batches
        self._transfer = transfer
        self._under_way: deque[Finish] = deque()
        self._here: deque[Frame] = deque()

    def __iter__(self) -> Iterator[Frame | Mark]:
        for batch in self._batches:
            if isinstance(batch, Mark):
                yield from self.rest()
                yield batch
                continue
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
