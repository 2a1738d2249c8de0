"""A bounded hand-over between two threads that can always be closed from either side."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterator
from typing import Generic, TypeVar

T = TypeVar("T")


class ChannelClosedError(Exception):
    """The other side has gone; there is nobody to hand anything to."""


class Channel(Generic[T]):
    """At most `depth` items wait here. One producer, one consumer.

    The depth is what bounds the memory of the whole run: each waiting item is a frame or a batch.

    Args:
        depth: how many may wait.
        keep_newest: where no room is left, drop the item that has waited longest instead of letting the
            producer wait. For live pictures, which would fall ever further behind; a film never drops. What
            an item says of those around it (a frame's `cut`) has to be said behind such a channel.
    """

    def __init__(self, depth: int = 4, *, keep_newest: bool = False) -> None:
        if depth < 1:
            raise ValueError(f"{depth = } must be at least 1")
        self._depth = depth
        self._keep_newest = keep_newest
        self.dropped = 0  # items that nobody took in time
        self._items: deque[T] = deque()
        self._changed = threading.Condition()
        self._finished = False  # the producer will put no more
        self._abandoned = False  # nobody will take any more
        self.waited_to_put = 0.0  # s the producer has waited for room
        self.newest: T | None = None  # what was put last
        self.first_put: float | None = None  # perf_counter's time
        self.waited_to_take = 0.0  # s the consumer has waited for items

    def put(self, item: T) -> None:
        """Hand over one item; waits for room, or makes some.

        Raises:
            ChannelClosedError: the channel was finished or abandoned.
        """
        with self._changed:
            while self._is_full and not self._keep_newest and not self._abandoned and not self._finished:
                self.waited_to_put += self._wait()
            if self._abandoned or self._finished:
                raise ChannelClosedError
            if self._is_full:
                self._items.popleft()
                self.dropped += 1
            self._items.append(item)
            self.newest = item
            self.first_put = self.first_put or time.perf_counter()
            self._changed.notify_all()

    def finish(self) -> None:
        """Say that no more items come; those waiting will still be taken. Safe to call again."""
        with self._changed:
            self._finished = True
            self._changed.notify_all()

    def abandon(self) -> None:
        """Throw away what waits and wake both sides. Safe to call again."""
        with self._changed:
            self._abandoned = True
            self._items.clear()
            self._changed.notify_all()

    def __iter__(self) -> Iterator[T]:
        """Take items until the channel is finished and empty, or abandoned."""
        while True:
            with self._changed:
                while not self._items and not self._finished and not self._abandoned:
                    self.waited_to_take += self._wait()
                if not self._items:
                    return
                item = self._items.popleft()
                self._changed.notify_all()
            yield item

    @property
    def _is_full(self) -> bool:
        return len(self._items) >= self._depth

    def _wait(self) -> float:
        """Wait for the other side; the seconds it took."""
        began = time.perf_counter()
        self._changed.wait()
        return time.perf_counter() - began
