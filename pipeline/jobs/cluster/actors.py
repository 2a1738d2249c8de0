"""The actors of a cluster: each does one errand at a time; what was lost with one is done again by another.

No more is under way than there are actors that answer, and what an actor sends waits there until it is taken:
so neither this machine nor the object store fills up, however fast the others are.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from stylize_video.errors import DeviceError
from stylize_video.pipeline.jobs.batch.processes.worker import Failure, Message
from stylize_video.pipeline.jobs.cluster.actor import Hello, PaintingActor, RemoteTask, versions
from stylize_video.pipeline.jobs.cluster.connection import Room
from stylize_video.pipeline.jobs.cluster.parcel import Parcel

_TRIES = 3  # of an errand, each by another actor: a film that ends every process is left alone then
_STARTS = 3  # that fail one behind the other, before no more is tried
_LONGEST = 600.0  # s until the first actor answers; a cluster that grows takes minutes to
_PATIENCE = 5.0  # s, for actors to remove what lies there for them
_LOOK = 0.5  # s, after which a wait looks around
_UNREAD = 8  # messages that may wait on an actor's machine


class Errand(Protocol):
    """Something to be done by an actor."""

    def task(self) -> RemoteTask:
        """What is to be done now."""
        ...

    def parcel(self) -> Parcel:
        """The files that it takes."""
        ...

    def take(self, message: Message) -> Message | None:
        """Take what it tells; what others should know of it."""
        ...

    def lost(self) -> None:
        """The actor is gone: what is not finished comes to nothing, and is going to be done again."""
        ...


@dataclass
class Figures:
    """What an actor did."""

    machine: str
    node: str  # Ray's name of it
    process: int
    errands: int = 0
    frames: int = 0
    busy: float = 0.0  # s
    lost: bool = False  # whether it died


class Event(NamedTuple):
    """Something an actor told."""

    errand: Any
    message: Message


@dataclass
class _Tried:
    """An errand, and how often it was lost."""

    errand: Errand
    losses: int = 0


@dataclass
class _Actor:
    """One of them, as this machine knows it."""

    handle: Any
    hello: Any  # a reference, until it has answered
    figures: Figures | None = None  # once it has
    at: _Tried | None = None
    stream: Any = None  # of messages
    began: float = field(default_factory=time.monotonic)


class Actors:
    """A context manager; at its end all of them have ended.

    Args:
        ray: the module, connected.
        room: how many, and what each has.
        note: takes a line that people should know.
    """

    def __init__(self, ray: Any, room: Room, note: Callable[[str], None]) -> None:
        self._ray, self._room, self._note = ray, room, note
        self._actors: list[_Actor] = []
        self._again: deque[_Tried] = deque()
        self._failed_starts = 0
        self._why_not = ""
        self.figures: list[Figures] = []

    def __enter__(self) -> Actors:
        for _ in range(self._room.workers):
            self._start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(Exception):
            left = [each.handle.leave.remote() for each in self._actors if each.figures is not None]
            self._ray.wait(left, num_returns=len(left), timeout=_PATIENCE)
        for each in self._actors:
            self._kill(each)
        self._actors = []

    @property
    def count(self) -> int:
        """How many answer."""
        return sum(each.figures is not None for each in self._actors)

    @property
    def idle(self) -> int:
        """How many more errands could be begun now; where nobody is at work, the first actor is waited for.

        Raises:
            DeviceError: none comes.
        """
        if not self._again and all(each.at is None for each in self._actors):
            self._wait_for_one()
        return sum(each.figures is not None and each.at is None for each in self._actors)

    def give(self, errand: Errand) -> None:
        """Begin an errand; there has to be somebody idle."""
        self._again.append(_Tried(errand))
        self._hand_out()

    def wait(self) -> list[Event]:
        """What they tell next. Nothing, now and then: somebody may have become idle.

        Raises:
            DeviceError: there is no actor left, and none comes.
        """
        found = [event for each in self._ready(_LOOK) if (event := self._listen(each)) is not None]
        self._hand_out()
        return found

    def abandon(self) -> None:
        """Forget all that is under way."""
        for each in self._actors:
            if each.at is not None:
                each.at.errand.lost()
                each.at = each.stream = None
        self._again.clear()

    def _start(self) -> None:
        share = self._room.share
        made = self._ray.remote(PaintingActor).options(
            num_cpus=share.cpus,
            num_gpus=share.gpus,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=2,  # it can be told to leave while it paints
        )
        handle = made.remote(share.cpus)
        self._actors.append(_Actor(handle, handle.hello.remote()))

    def _ready(self, timeout: float) -> list[_Actor]:
        """Those that have something to say."""
        waiting = {each.hello if each.figures is None else each.stream: each for each in self._actors}
        waiting.pop(None, None)
        if not waiting:
            if not self._actors:
                raise DeviceError(f"no worker of the cluster is left ({self._why_not})")
            return []
        ready, _ = self._ray.wait(list(waiting), num_returns=1, timeout=timeout)
        if ready and len(waiting) > 1:  # and whoever else has by now
            ready, _ = self._ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        return [waiting[reference] for reference in ready]

    def _listen(self, each: _Actor) -> Event | None:
        if each.figures is None:
            self._meet(each)
            return None
        assert each.at is not None
        try:
            message: Message = self._ray.get(next(each.stream))
        except StopIteration:
            return self._lose(each, "it ended without a word")
        except self._ray.exceptions.RayError as error:
            return self._lose(each, _reason(error))
        return self._take(each, each.at, message)

    def _take(self, each: _Actor, at: _Tried, message: Message) -> Event | None:
        ended = message.kind in ("done", "failed")
        told = at.errand.take(message)
        if ended and each.figures is not None:
            each.figures.busy += time.monotonic() - each.began
            each.figures.errands += message.kind == "done"
            each.at = each.stream = None
        if told is None:
            return None
        if ended and each.figures is not None:
            each.figures.frames += getattr(told.content, "frames", 0)
        return Event(at.errand, told)

    def _meet(self, each: _Actor) -> None:
        """An actor has answered for the first time, or it never will.

        Raises:
            DeviceError: it has another version of this program, or none can be started.
        """
        try:
            hello: Hello = self._ray.get(each.hello)
        except self._ray.exceptions.RayError as error:
            self._failed_starts += 1
            self._why_not = _reason(error)
            self._remove(each)
            if self._failed_starts < _STARTS:
                self._start()
            return
        if (hello.version, hello.weights) != versions():
            raise DeviceError(
                f"{hello.machine}: has stylize-video {hello.version}, or other weights; here is "
                f"{versions()[0]}; install the same on all machines of the cluster"
            )
        self._failed_starts = 0
        each.hello = None
        each.figures = Figures(hello.machine, hello.node, hello.process)
        self.figures.append(each.figures)

    def _lose(self, each: _Actor, why: str) -> Event | None:
        """An actor is gone; its errand is for another."""
        at = each.at
        assert at is not None
        assert each.figures is not None
        each.figures.busy += time.monotonic() - each.began
        each.figures.lost = True
        machine = each.figures.machine
        self._remove(each)
        self._start()
        at.losses += 1
        at.errand.lost()
        if at.losses >= _TRIES:
            reason = f"{at.losses} workers were lost while they painted it, the last on {machine} ({why})"
            return Event(at.errand, Message("failed", Failure(reason)))
        self._note(f"a worker on {machine} was lost ({why}); what it painted is begun again by another")
        self._again.append(at)
        return None

    def _hand_out(self) -> None:
        """Give what waits to who is idle."""
        for each in self._actors:
            if self._again and each.figures is not None and each.at is None:
                at = each.at = self._again.popleft()
                each.began = time.monotonic()
                run = each.handle.run.options(
                    num_returns="streaming", _generator_backpressure_num_objects=_UNREAD
                )
                each.stream = run.remote(at.errand.task(), at.errand.parcel())

    def _wait_for_one(self) -> None:
        began, told = time.monotonic(), False
        while not any(each.figures is not None for each in self._actors):
            for each in self._ready(_LOOK):
                self._listen(each)
            waited = time.monotonic() - began
            if waited > 10 and not told:
                told = True
                self._note("waiting for the cluster's first worker")
            if waited > _LONGEST:
                share = self._room.share
                raise DeviceError(
                    f"no worker came up in {_LONGEST / 60:.0f} minutes: the cluster has no room for one with "
                    f"{share.cpus} cores and {share.gpus:g} GPUs; see `cpus_per_worker`, `gpus_per_worker`"
                )

    def _remove(self, each: _Actor) -> None:
        self._actors.remove(each)
        self._kill(each)

    def _kill(self, each: _Actor) -> None:
        with suppress(Exception):  # it may be gone, or the cluster
            self._ray.kill(each.handle, no_restart=True)


def _reason(error: Exception) -> str:
    """Ray's words for what went wrong, in short."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    told = lines[-1] if "Traceback" in str(error) else lines[0]
    return told[:200].rstrip(".")
