"""How much a visitor may ask for: so many messages, and one frame that waits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Allowance:
    """A bucket that fills at a steady rate, and from which each thing done takes one.

    Args:
        rate: per second, in the long run.
        burst: at once, after a pause.
        clock: in s.
    """

    def __init__(self, rate: float, burst: float, clock: Callable[[], float] = monotonic) -> None:
        self._rate, self._burst, self._clock = rate, burst, clock
        self._left, self._since = burst, clock()

    def takes(self) -> bool:
        """Whether one more is allowed now."""
        now = self._clock()
        self._left = min(self._burst, self._left + self._rate * (now - self._since))
        self._since = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Mailbox(Generic[Item]):
    """Holds one thing at most: the newest. For the tasks of one event loop."""

    def __init__(self) -> None:
        self._held: Item | None = None
        self._came = asyncio.Event()

    def put(self, item: Item) -> Item | None:
        """Lay a thing in; the one that it replaces, if nobody has taken that."""
        before, self._held = self._held, item
        self._came.set()
        return before

    async def take(self) -> Item:
        """Wait for a thing, and take it."""
        while self._held is None:
            self._came.clear()
            await self._came.wait()
        item, self._held = self._held, None
        return item
