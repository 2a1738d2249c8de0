"""Writes pictures segment by segment, and what is known at each segment's end."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy

import av

from stylize_video.pipeline.carried.captions import Captions
from stylize_video.pipeline.marks import Mark
from stylize_video.pipeline.segments.packets_file import PacketsFile
from stylize_video.pipeline.segments.parts import Gap, Parts
from stylize_video.pipeline.segments.places import Place
from stylize_video.pipeline.segments.saved import Saved
from stylize_video.pipeline.sinks.encoded import Encoded
from stylize_video.pipeline.sinks.segment_encoder import SegmentEncoder
from stylize_video.pipeline.sources.report import ReadingReport


class Recorder:
    """Segments of a film from a gap's first one on; all calls come from one thread at a time.

    Args:
        parts: where they are kept.
        gap: which are to be painted.
        encoder: its clock knows the frames before.
        captions: of frames on their way.
        notes: gives what those who paint say so far.

    Attributes:
        written: frames of the film so far, those before the gap included.
        number: of the segment under way.
    """

    def __init__(
        self,
        parts: Parts,
        gap: Gap,
        encoder: SegmentEncoder,
        captions: Captions,
        notes: Callable[[], Iterable[str]],
    ) -> None:
        self._parts, self._encoder, self._captions, self._notes = parts, encoder, captions, notes
        self.written = gap.painted
        self.number = gap.first
        self._file: PacketsFile | None = None

    def write(self, picture: av.VideoFrame) -> None:
        """Encode a picture.

        Raises:
            OutputError: it can't be written.
        """
        if self._file is None:
            self._file = self._parts.begin(self.number)
        self._file.write(self._encoder.write(picture))
        self.written += 1

    def at_mark(self, mark: Mark) -> None:
        """End a segment at its place, and bring it to the disk.

        Raises:
            OutputError: it can't be written.
        """
        if isinstance(mark, Place):
            self._end(mark.states, mark.read, mark.report, last=False)

    def finish(self, report: ReadingReport, read: int) -> None:
        """End the film's last segment.

        Args:
            report: what the source says of all frames.
            read: how many it gave.

        Raises:
            OutputError: it can't be written.
        """
        self._end([], read, report, last=True)

    def stop(self) -> Sequence[Encoded]:
        """End in the middle of a segment; what of it can be shown. It will be painted anew.

        Raises:
            OutputError: it can't be written, or read back.
        """
        if self._file is None:  # the segment has no picture yet
            return []
        self._file.write(self._encoder.end(last=True))
        found = self._file.packets()
        self.close()
        return found

    def close(self) -> None:
        """Let go of everything; the segment under way is lost. Safe to call again."""
        self._encoder.close()
        file, self._file = self._file, None
        if file is not None:
            file.discard()

    def _end(self, states: list[bytes], read: int, report: ReadingReport, *, last: bool) -> None:
        file = self._file
        if file is None:
            file = self._parts.begin(self.number)  # frames that are held, and not one to write
        file.write(self._encoder.end(last=last))
        saved = Saved(
            states,
            read,
            report,
            deepcopy(self._encoder.clock),
            self._captions_before(report),
            self._encoder.captions_lost,
            self._encoder.ahead,
            list(self._notes()),
        )
        self._parts.finish(self.number, file, saved.to_bytes(), self.written, last=last)
        self._file = None
        self.number += 1

    def _captions_before(self, report: ReadingReport) -> dict[int, bytes]:
        """Those of frames that were read by then and are not written."""
        newest = report.times[-1] if report.times else 0
        return {pts: found for pts, found in self._captions.waiting.items() if pts <= newest}
