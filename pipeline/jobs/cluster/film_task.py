"""A whole film as a task: it is painted on another machine, and comes back block by block."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from stylize_video.files.mark import FileMark
from stylize_video.files.partial import PartialFile, output_errors
from stylize_video.pipeline.jobs.batch.processes.tasks import Finished, PaintFilm
from stylize_video.pipeline.jobs.batch.processes.worker import Message
from stylize_video.pipeline.jobs.cluster import parcel
from stylize_video.pipeline.jobs.cluster.actor import Tell
from stylize_video.pipeline.jobs.request import PaintRequest

if TYPE_CHECKING:
    from stylize_video.models.workshop import Workshop

BLOCK = "block"  # the kind of message that brings a part of the painting


@dataclass(frozen=True)
class RemoteFilm:
    """Paint a film that was sent here, and send the painting back."""

    request: PaintRequest  # as its own machine knows it

    def run(self, root: Path, workshop: Workshop, tell: Tell) -> Finished:
        """Do it."""
        request = parcel.moved(self.request, root)
        request.target.parent.mkdir(parents=True, exist_ok=True)
        task = PaintFilm(request, restarts=False)
        done = task.run(workshop, lambda progress: tell(Message("progress", progress)))
        try:
            for block in parcel.blocks(request.target):
                tell(Message(BLOCK, block))
        finally:
            request.target.unlink(missing_ok=True)
        return replace(done, notes=tuple(note.replace(str(root), "") for note in done.notes))


class Arrival:
    """A painting that comes back: under its name once it is whole.

    Args:
        request: what was asked for.
    """

    def __init__(self, request: PaintRequest) -> None:
        self._request = request
        self._file: PartialFile | None = None

    def take(self, block: bytes) -> None:
        """Take a part.

        Raises:
            OutputError: it can't be written.
        """
        with output_errors(self._request.target):
            self._opened().write(block)

    def finish(self, done: Finished) -> Finished:
        """Give the painting its name; what is known of it here.

        Raises:
            OutputError: that can't be.
        """
        file = self._opened()
        with output_errors(self._request.target):
            file.sync()
        file.commit()
        return replace(done, output=FileMark.of(self._request.target))

    def discard(self) -> None:
        """Forget it. Safe to call again, and after `finish`."""
        file, self._file = self._file, None
        if file is not None:
            file.discard()

    def _opened(self) -> PartialFile:
        if self._file is None:
            self._file = PartialFile(self._request.target, overwrite=self._request.sink.overwrite)
        return self._file
