"""All that is known of a film at a segment's end, in one value."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from stylize_video.errors import InputError
from stylize_video.pipeline import saved_state
from stylize_video.pipeline.sinks.output_clock import OutputClock
from stylize_video.pipeline.sinks.segment_encoder import SegmentEncoder
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.sources.report import ReadingReport


@dataclass
class Saved:
    """What is known at a segment's end."""

    states: list[bytes]  # of what lies ahead of the stages, and of each of them; none at the film's end
    read: int  # frames that the source has given
    report: ReadingReport  # what it said of them
    clock: OutputClock  # of the frames that are written
    captions: dict[int, bytes] = field(default_factory=dict)  # of frames that are read and not written
    captions_lost: int = 0  # of how many frames
    ahead: int = 0  # frames before it is shown that one is decoded, see `sinks/encoded.py`
    notes: list[str] = field(default_factory=list)  # of those who paint

    def put_back(self, reader: FilmSource, encoder: SegmentEncoder) -> None:
        """Let those who go on know what was known here.

        Args:
            reader: the film, still at its beginning.
            encoder: of the pictures, still without one.
        """
        encoder.clock, encoder.captions_lost, encoder.ahead = self.clock, self.captions_lost, self.ahead
        reader.others.captions.put_back(self.captions)
        report = reader.report
        report.remarks += [remark for remark in self.report.remarks if remark not in report.remarks]
        report.remarked |= self.report.remarked

    def to_bytes(self) -> bytes:
        """To be written to a file."""
        return saved_state.dumps(self)

    @classmethod
    def of(cls, data: bytes) -> Self:
        """What was written.

        Raises:
            InputError: something else, or by another version.
        """
        found = saved_state.loads(data)
        if not isinstance(found, cls):
            raise InputError("what was saved is something else")
        return found
