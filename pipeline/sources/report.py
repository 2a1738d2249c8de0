"""What a source says of its frames when they have been read."""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field


@dataclass
class ReadingReport:
    """What was read, and what went wrong without stopping it."""

    times: array[int] = field(default_factory=lambda: array("q"))  # pts of each frame, source's ticks
    damaged: int = 0  # frames or packets decoded only in part, or not at all
    undecoded: int = 0  # of these, packets at which the decoder failed
    missing: int = 0  # packets that gave no frame, with or without a word from the decoder
    retimed: int = 0  # frames whose own time was missing or went backwards
    truncated: bool = False
    remarks: list[str] = field(default_factory=list)
    remarked: set[str] = field(default_factory=set)  # what is said once, and has been

    def remark_once(self, what: str, words: str) -> None:
        """Say something of all frames when the first one shows it."""
        if what not in self.remarked:
            self.remarked.add(what)
            self.remarks.append(words)

    @property
    def notes(self) -> list[str]:
        """A line for each thing that is worth one."""
        lines = [*self.remarks, *self.losses]
        if self.retimed:
            were = "1 frame" if self.retimed == 1 else f"{self.retimed} frames"
            lines.append(f"{were} came without a time or out of order, each shown right after the one before")
        return lines

    @property
    def losses(self) -> list[str]:
        """A line for frames that are damaged, and one for those that are missing."""
        lines = []
        in_part = self.damaged - self.undecoded
        if in_part:
            lines.append(f"{in_part} damaged frame{'s' * (in_part > 1)}, decoded as far as possible")
        gone = max(self.undecoded, self.missing)
        if gone:
            they = (
                "1 frame is missing, because it" if gone == 1 else f"{gone} frames are missing, because they"
            )
            lines.append(f"{they} could not be decoded")
        return lines
