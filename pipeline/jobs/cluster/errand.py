"""What the actors of a cluster are given to do, and what they tell of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from stylize_video.pipeline.jobs.batch.processes.worker import Message
from stylize_video.pipeline.jobs.cluster.actor import RemoteTask
from stylize_video.pipeline.jobs.cluster.parcel import Parcel


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


class Event(NamedTuple):
    """Something an actor told."""

    errand: Any
    message: Message


@dataclass
class Tried:
    """An errand, and how often it was lost."""

    errand: Errand
    losses: int = 0
