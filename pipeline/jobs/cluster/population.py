"""The actors that there are: started on the machines of a cluster, met, and replaced when they are lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from stylize_video.errors import DeviceError
from stylize_video.pipeline.jobs.cluster.actor import Hello, PaintingActor, versions
from stylize_video.pipeline.jobs.cluster.connection import Room
from stylize_video.pipeline.jobs.cluster.errand import Tried

LOOK = 0.5  # s, after which a wait looks around
_STARTS = 3  # that fail one behind the other, before no more is tried
_LONGEST = 600.0  # s until the first actor answers; a cluster that grows takes minutes to
_TOLD = 10.0  # s, after which it is said that one is waited for
_PATIENCE = 5.0  # s, for actors to remove what lies there for them


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


@dataclass(eq=False)
class Actor:
    """One of them, as this machine knows it."""

    handle: Any
    hello: Any  # a reference, until it has answered
    figures: Figures | None = None  # once it has
    at: Tried | None = None
    stream: Any = None  # of messages
    began: float = field(default_factory=time.monotonic)

    @property
    def is_idle(self) -> bool:
        """Whether it has answered, and has nothing to do."""
        return self.figures is not None and self.at is None


class Population:
    """All of them.

    Args:
        ray: the module, connected.
        room: how many, and what each has.
        note: takes a line that people should know.

    Attributes:
        figures: of all that have ever answered.
    """

    def __init__(self, ray: Any, room: Room, note: Callable[[str], None]) -> None:
        self._ray, self._room, self._note = ray, room, note
        self._actors: list[Actor] = []
        self._failed_starts = 0
        self._why_not = ""
        self.figures: list[Figures] = []

    def __iter__(self) -> Iterator[Actor]:
        return iter(tuple(self._actors))

    def begin(self) -> None:
        """Start as many as there is room for; none is waited for."""
        for _ in range(self._room.workers):
            self._start()

    def end(self) -> None:
        """Have all of them remove what lies there for them, and end."""
        with suppress(Exception):
            left = [each.handle.leave.remote() for each in self if each.figures is not None]
            self._ray.wait(left, num_returns=len(left), timeout=_PATIENCE)
        for each in self:
            self._remove(each)

    def ready(self) -> list[Actor]:
        """Those that have something to say; nobody after a short wait.

        Raises:
            DeviceError: there is no actor left, and none comes.
        """
        waiting = {each.hello if each.figures is None else each.stream: each for each in self}
        waiting.pop(None, None)
        if not waiting:
            if not self._actors:
                raise DeviceError(f"no worker of the cluster is left ({self._why_not})")
            return []
        ready, _ = self._ray.wait(list(waiting), num_returns=1, timeout=LOOK)
        if ready and len(waiting) > 1:  # and whoever else has by now
            ready, _ = self._ray.wait(list(waiting), num_returns=len(waiting), timeout=0)
        return [waiting[reference] for reference in ready]

    def meet(self, each: Actor) -> None:
        """An actor has answered for the first time, or it never will.

        Raises:
            DeviceError: it has another version of this program.
        """
        try:
            hello: Hello = self._ray.get(each.hello)
        except self._ray.exceptions.RayError as error:
            self._failed_starts += 1
            self._why_not = in_short(error)
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

    def replace(self, each: Actor) -> None:
        """An actor is lost: another is started."""
        self._remove(each)
        self._start()

    def wait_for_one(self) -> None:
        """Wait until one has answered; nobody may be at work.

        Raises:
            DeviceError: none comes.
        """
        began, told = time.monotonic(), False
        while not any(each.figures is not None for each in self):
            for each in self.ready():
                self.meet(each)
            waited = time.monotonic() - began
            if waited > _TOLD and not told:
                told = True
                self._note("waiting for the cluster's first worker")
            if waited > _LONGEST:
                share = self._room.share
                raise DeviceError(
                    f"no worker came up in {_LONGEST / 60:.0f} minutes: the cluster has no room for one with "
                    f"{share.cpus} cores and {share.gpus:g} GPUs; see `cpus_per_worker`, `gpus_per_worker`"
                )

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
        self._actors.append(Actor(handle, handle.hello.remote()))

    def _remove(self, each: Actor) -> None:
        self._actors.remove(each)
        with suppress(Exception):  # it may be gone, or the cluster
            self._ray.kill(each.handle, no_restart=True)


def in_short(error: Exception) -> str:
    """Ray's words for what went wrong."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
    told = lines[-1] if "Traceback" in str(error) else lines[0]
    return told[:200].rstrip(".")
