"""What became of films."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

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


class BatchInterrupted(KeyboardInterrupt):
    """Ctrl-C; what was painted until then is kept and recorded."""

    def __init__(self, results: Sequence[Result], left: int) -> None:
        super().__init__()
        self.results = results
        self.left = left  # films
