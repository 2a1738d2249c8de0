"""Who does what in a cluster, and what is done when somebody dies. Ray is played here."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from stylize_video.errors import DeviceError
from stylize_video.pipeline.jobs.batch.processes.worker import Message
from stylize_video.pipeline.jobs.cluster.actor import Hello, versions
from stylize_video.pipeline.jobs.cluster.actors import Actors
from stylize_video.pipeline.jobs.cluster.connection import Room, Share
from stylize_video.pipeline.jobs.cluster.errand import Event
from stylize_video.pipeline.jobs.cluster.parcel import Parcel


class _RayError(Exception):
    """As Ray's."""


class PlayedRay:
    """Actors that answer at once, each with what the errand that it is given says.

    Args:
        hello: what they answer at first, or raise.
    """

    exceptions = SimpleNamespace(RayError=_RayError)

    def __init__(self, hello: Hello | Exception) -> None:
        self._hello = hello
        self.started = self.killed = 0
        self.options: dict[str, Any] = {}

    def remote(self, _: type) -> Any:
        return SimpleNamespace(options=self._options)

    def _options(self, **options: Any) -> Any:
        self.options = options
        return SimpleNamespace(remote=self._start)

    def _start(self, _: int) -> Any:
        self.started += 1
        run = SimpleNamespace(options=lambda **_: SimpleNamespace(remote=lambda task, _: iter(task)))
        return SimpleNamespace(
            hello=SimpleNamespace(remote=lambda: _Reference(self._hello)),
            run=run,
            leave=SimpleNamespace(remote=lambda: _Reference(None)),
        )

    def wait(self, references: list[Any], *, num_returns: int, timeout: float) -> tuple[list[Any], list[Any]]:
        del timeout
        return references[:num_returns], references[num_returns:]

    def get(self, found: Any) -> Any:
        found = found.value if isinstance(found, _Reference) else found
        if isinstance(found, Exception):
            raise found
        return found

    def kill(self, _: Any, *, no_restart: bool) -> None:
        assert no_restart
        self.killed += 1


class _Reference:
    def __init__(self, value: Any) -> None:
        self.value = value


class Played:
    """An errand that goes as is said, each time anew.

    Args:
        messages: what an actor tells of it; an error: it dies.
    """

    def __init__(self, *messages: Message | Exception) -> None:
        self._messages = messages
        self.times_lost = 0

    def task(self) -> Any:
        return self._messages

    def parcel(self) -> Parcel:
        return ()

    def take(self, message: Message) -> Message | None:
        return None if message.kind == "block" else message

    def lost(self) -> None:
        self.times_lost += 1


DONE = Message("done", SimpleNamespace(frames=7))
HERE = Hello(*versions(), "lab", "node", 1)


def cluster(hello: Hello | Exception = HERE, workers: int = 2) -> tuple[Actors, PlayedRay, list[str]]:
    ray, notes = PlayedRay(hello), list[str]()
    return Actors(ray, Room(Share(3, 0.5), workers), notes.append), ray, notes


def told(actors: Actors, count: int) -> list[Event]:
    """The next words of actors, so many."""
    found: list[Event] = []
    for _ in range(50):
        found += actors.wait()
        if len(found) >= count:
            return found
    pytest.fail(f"only {found}")


def test_no_more_is_under_way_than_there_are_actors() -> None:
    actors, ray, _ = cluster()
    errands = [Played(Message("block", b""), DONE) for _ in range(3)]
    with actors:
        assert ray.options["num_cpus"] == 3
        assert ray.options["num_gpus"] == 0.5
        while actors.idle < 2:
            actors.wait()
        actors.give(errands[0])
        actors.give(errands[1])
        assert actors.idle == 0
        assert [event.message for event in told(actors, 2)] == [DONE, DONE]
        assert actors.idle == 2
        actors.give(errands[2])
        told(actors, 1)
        assert sum(figures.errands for figures in actors.figures) == 3
        assert sum(figures.frames for figures in actors.figures) == 21
    assert ray.killed == ray.started == 2


def test_what_was_lost_is_done_by_another_and_it_is_said() -> None:
    actors, ray, notes = cluster(workers=1)
    once = iter([_RayError("it died"), DONE])

    class Once(Played):
        def task(self) -> Any:
            return [next(once)]

    errand = Once()
    with actors:
        assert actors.idle == 1
        actors.give(errand)
        assert told(actors, 1) == [Event(errand, DONE)]
    assert errand.times_lost == 1
    assert notes == ["a worker on lab was lost (it died); what it painted is begun again by another"]
    assert ray.started == 2
    assert [figures.lost for figures in actors.figures] == [True, False]


def test_what_ends_every_actor_is_left_alone_after_three() -> None:
    actors, ray, _ = cluster(workers=1)
    errand = Played(_RayError("it died"))
    with actors:
        assert actors.idle == 1
        actors.give(errand)
        [event] = told(actors, 1)
        assert event.message.kind == "failed"
        assert "3 workers were lost while they painted it, the last on lab" in event.message.content.reason
        assert actors.idle == 1  # and others go on
    assert errand.times_lost == 3
    assert ray.started == 4


def test_a_machine_with_another_version_is_named() -> None:
    actors, _, _ = cluster(HERE._replace(version="0.0.1"))
    with actors, pytest.raises(DeviceError, match=r"lab: has stylize-video 0\.0\.1, or other weights"):
        _ = actors.idle


def test_where_none_can_be_started_it_ends() -> None:
    actors, ray, _ = cluster(_RayError("no such module"), workers=1)
    with actors, pytest.raises(DeviceError, match=r"no worker of the cluster is left \(no such module\)"):
        _ = actors.idle
    assert ray.started == 3


def test_after_ctrl_c_nothing_is_under_way() -> None:
    actors, _, _ = cluster(workers=1)
    errand = Played(Message("progress", 1), DONE)
    with actors:
        assert actors.idle == 1
        actors.give(errand)
        actors.abandon()
    assert errand.times_lost == 1
