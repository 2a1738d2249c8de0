"""What a batch tells, while it runs and when it is done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from stylize_video.pipeline.jobs.batch.plan import BatchPlan
    from stylize_video.pipeline.jobs.batch.processes.tasks import Progress
    from stylize_video.pipeline.jobs.cluster.population import Figures

PAINTED, DONE, FAILED, NOT_BEGUN = "painted", "done before", "failed", "not begun"


@dataclass(frozen=True)
class Result:
    """What became of a film."""

    film: Path
    status: str
    output: Path | None = None  # its painting; None: there is none
    frames: int = 0
    seconds: float = 0.0
    reason: str = ""  # of a failure
    notes: tuple[str, ...] = ()


class Outcome(NamedTuple):
    """What a batch came to."""

    results: Sequence[Result]
    unreported: str = ""  # why there is no report, though one was asked for


class BatchInterrupted(KeyboardInterrupt):
    """Ctrl-C; what was painted until then is kept and recorded."""

    def __init__(self, results: Sequence[Result], left: int) -> None:
        super().__init__()
        self.results = results
        self.left = left  # films


class Listener:
    """Is told how far a batch is; does nothing with it."""

    def looking(self, name: str) -> None:
        """A film is looked at."""

    def measuring(self, name: str) -> None:
        """A part of a film is painted to see how long it takes."""

    def planned(self, plan: BatchPlan) -> None:
        """This will be done."""

    def begin(self, name: str) -> None:
        """A film is begun."""

    def progress(self, name: str, progress: Progress) -> None:
        """So far is a film."""

    def end(self, name: str, result: Result) -> None:
        """A film has ended."""

    def waiting(self, folder: Path) -> None:
        """A folder is watched, and nothing else is done."""

    def comparing(self, name: str) -> None:
        """A painting is measured for the report."""

    def note(self, line: str) -> None:
        """Something that people should know."""

    def worked(self, figures: Sequence[Figures]) -> None:
        """So much did the workers of a cluster, now that all is done."""
