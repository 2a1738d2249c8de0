"""The actors of a cluster: each does one errand at a time; what was lost with one is done again by another.

No more is under way than there are actors that answer, and what an actor sends waits there until it is taken:
so neither this machine nor the object store fills up, however fast the others are.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import Any, Self

from stylize_video.pipeline.jobs.batch.processes.worker import Failure, Message
from stylize_video.pipeline.jobs.cluster.connection import Room
from stylize_video.pipeline.jobs.cluster.errand import Errand, Event, Tried
from stylize_video.pipeline.jobs.cluster.population import Actor, Figures, Population, in_short

_TRIES = 3  # of an errand, each by another actor: a film that ends every process is left alone then
_UNREAD = 8  # messages that may wait on an actor's machine


class Actors:
    """A context manager; at its end all of them have ended.

    Args:
        ray: the module, connected.
        room: how many, and what each has.
        note: takes a line that people should know.
    """

    def __init__(self, ray: Any, room: Room, note: Callable[[str], None]) -> None:
        self._ray, self._note = ray, note
        self._there = Population(ray, room, note)
        self._again: deque[Tried] = deque()  # waits for who is idle

    def __enter__(self) -> Self:
        self._there.begin()
        return self

    def __exit__(self, *_: object) -> None:
        self._there.end()

    @property
    def figures(self) -> list[Figures]:
        """What each did, those that were lost among them."""
        return self._there.figures

    @property
    def idle(self) -> int:
        """How many more errands could be begun now; where nobody is at work, the first actor is waited for.

        Raises:
            DeviceError: none comes.
        """
        if not self._again and all(each.at is None for each in self._there):
            self._there.wait_for_one()
        return sum(each.is_idle for each in self._there)

    def give(self, errand: Errand) -> None:
        """Begin an errand; there has to be somebody idle."""
        self._again.append(Tried(errand))
        self._hand_out()

    def wait(self) -> list[Event]:
        """What they tell next. Nothing, now and then: somebody may have become idle.

        Raises:
            DeviceError: there is no actor left, and none comes.
        """
        found = [event for each in self._there.ready() if (event := self._listen(each)) is not None]
        self._hand_out()
        return found

    def abandon(self) -> None:
        """Forget all that is under way."""
        for each in self._there:
            if each.at is not None:
                each.at.errand.lost()
                each.at = each.stream = None
        self._again.clear()

    def _listen(self, each: Actor) -> Event | None:
        if each.figures is None:
            self._there.meet(each)
            return None
        assert each.at is not None
        try:
            message: Message = self._ray.get(next(each.stream))
        except StopIteration:
            return self._lose(each, each.at, each.figures, "it ended without a word")
        except self._ray.exceptions.RayError as error:
            return self._lose(each, each.at, each.figures, in_short(error))
        return self._take(each, each.at, each.figures, message)

    def _take(self, each: Actor, at: Tried, figures: Figures, message: Message) -> Event | None:
        told = at.errand.take(message)
        if message.kind in ("done", "failed"):
            figures.busy += time.monotonic() - each.began
            figures.errands += message.kind == "done"
            figures.frames += 0 if told is None else getattr(told.content, "frames", 0)
            each.at = each.stream = None
        return None if told is None else Event(at.errand, told)

    def _lose(self, each: Actor, at: Tried, figures: Figures, why: str) -> Event | None:
        """An actor is gone; its errand is for another."""
        figures.busy += time.monotonic() - each.began
        figures.lost = True
        self._there.replace(each)
        at.losses += 1
        at.errand.lost()
        if at.losses >= _TRIES:
            lost = f"{at.losses} workers were lost while they painted it"
            failed = Failure(f"{lost}, the last on {figures.machine} ({why})")
            return Event(at.errand, Message("failed", failed))
        lost = f"a worker on {figures.machine} was lost ({why})"
        self._note(f"{lost}; what it painted is begun again by another")
        self._again.append(at)
        return None

    def _hand_out(self) -> None:
        """Give what waits to who is idle."""
        for each in self._there:
            if self._again and each.is_idle:
                at = each.at = self._again.popleft()
                each.began = time.monotonic()
                run = each.handle.run.options(
                    num_returns="streaming", _generator_backpressure_num_objects=_UNREAD
                )
                each.stream = run.remote(at.errand.task(), at.errand.parcel())
