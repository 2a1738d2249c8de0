"""What runs on the machines of a cluster: an actor that does task after task, and tells how far it is.

A task works in a thread of its own, and what it tells waits in a short queue until Ray has taken it: where
nobody listens, nobody works ahead.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from stylize_video.pipeline.jobs.batch.processes.worker import Failure, Message, failure
from stylize_video.process import leftovers

if TYPE_CHECKING:
    from stylize_video.models.workshop import Workshop
    from stylize_video.pipeline.jobs.cluster.parcel import Parcel

_AHEAD = 4  # messages that wait
_KIND = "stylize-video-ray-"  # of folders

Tell = Callable[[Message], None]


class Hello(NamedTuple):
    """Who an actor is."""

    version: str
    weights: str  # a digest of the bundled ones
    machine: str  # its name
    node: str  # Ray's name of it
    process: int  # its number there


class RemoteTask(Protocol):
    """What an actor can do; it can be pickled."""

    def run(self, root: Path, workshop: Workshop, tell: Tell) -> Any:
        """Do it.

        Args:
            root: the folder that has the files, and takes what is made.
            workshop: has the painter of the task before.
            tell: takes messages; waits until there is room for one more.
        """
        ...


def versions() -> tuple[str, str]:
    """What has to be the same on all machines: the program, and a digest of the bundled weights."""
    import stylize_video
    from stylize_video.models import weights

    digest = hashlib.sha256(json.dumps(weights.manifest(), sort_keys=True).encode()).hexdigest()
    return stylize_video.__version__, digest


class PaintingActor:
    """Has a share of a machine; Ray makes it there.

    Args:
        threads: for computing.
    """

    def __init__(self, threads: int) -> None:
        os.environ["OMP_NUM_THREADS"] = str(threads)
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        self._workshop: Workshop | None = None
        leftovers.sweep(Path(gettempdir()), _KIND)
        self._folder: TemporaryDirectory[str] | None = None  # made with the first task
        self._laid: dict[Path, str] = {}  # files that are here, and which

    def hello(self) -> Hello:
        """Who it is."""
        import ray

        node = ray.get_runtime_context().get_node_id()
        return Hello(*versions(), platform.node(), node, os.getpid())

    def run(self, task: RemoteTask, parcel: Parcel) -> Iterator[Message]:
        """Do a task; what it tells, and at last what came of it: "done" or "failed"."""
        told: queue.Queue[Message] = queue.Queue(_AHEAD)
        worker = threading.Thread(target=self._work, args=(task, parcel, told.put), daemon=True)
        worker.start()
        while True:
            message = told.get()
            yield message
            if message.kind in ("done", "failed"):
                worker.join()
                return

    def leave(self) -> None:
        """Remove all that lies here for it; it is going to be ended."""
        if self._folder is not None:
            self._folder.cleanup()

    def _work(self, task: RemoteTask, parcel: Parcel, tell: Tell) -> None:
        from stylize_video.models.workshop import Workshop

        if self._workshop is None:
            self._workshop = Workshop()
        if self._folder is None:
            prefix = leftovers.prefix_of(_KIND)
            self._folder = TemporaryDirectory(prefix=prefix, ignore_cleanup_errors=True)
        root = Path(self._folder.name)
        try:
            self._lay(parcel, root)
            tell(Message("done", task.run(root, self._workshop, tell)))
        except Exception as error:
            tell(Message("failed", _as_at_home(failure(error), root)))

    def _lay(self, parcel: Parcel, root: Path) -> None:
        """Have a parcel's files here, and no others; those that were here already are not sent again."""
        import ray

        from stylize_video.pipeline.jobs.cluster.parcel import below, unpack

        wanted = {file.path: file.key for file in parcel}
        for path in [path for path, key in self._laid.items() if wanted.get(path) != key]:
            del self._laid[path]
            below(root, path).unlink(missing_ok=True)
        for file in parcel:
            if file.path not in self._laid:
                unpack([file], root, ray.get)
                self._laid[file.path] = file.key


def _as_at_home(found: Failure, root: Path) -> Failure:
    """Said of the files that people know, not of those that stand for them here."""
    return replace(found, reason=found.reason.replace(str(root), ""))
