"""A film's segments put together, one behind the other, with all its other streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from stylize_video.pipeline.crew import Crew
from stylize_video.pipeline.jobs import assembly
from stylize_video.pipeline.jobs.painted import PaintingInterrupted
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.segments.parts import Parts
from stylize_video.pipeline.segments.recorder import Recorder
from stylize_video.pipeline.segments.saved import Saved
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sinks.encoded import Encoded
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.sinks.segment_encoder import SegmentEncoder
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.verification.verify import verify


class Joining:
    """Makes the output.

    Args:
        request: what, and how.
        reader: the film, which has the other streams.
        painted: signal of the pictures.
        parts: have the segments.

    Attributes:
        verified: what of the output was compared; None: nothing, by now or at all.
    """

    def __init__(self, request: PaintRequest, reader: FilmSource, painted: Signal, parts: Parts) -> None:
        self._request, self._reader, self._painted, self._parts = request, reader, painted, parts
        self.verified: str | None = None

    def check_target(self) -> None:
        """See whether the output can be made.

        Raises:
            OutputError: it can't be.
        """
        self._open().close()

    def whole(self, saved: Saved) -> WriteReport:
        """The whole film, verified under its partial name.

        Args:
            saved: what is known at the film's end.

        Raises:
            OutputError: it can't be written.
            VerificationError: it is not what it should be; it is kept under a name that says so.
            PaintingInterrupted: Ctrl-C; what was put together lies in a playable file.
        """

        def check(partial: Path, report: WriteReport) -> None:
            read = FramesRead.of(saved.report.times, self._reader.signal)
            self.verified = verify(partial, report, read)

        with self._open() as sink:
            try:
                _join(sink, self._segments(len(self._parts.records)), saved)
                return sink.finish(check if self._request.sink.verify else None)
            except KeyboardInterrupt:
                partial = sink.keep_partial()
                raise PaintingInterrupted(partial, self._parts.painted, resumable=True) from None

    def partial(self, recorder: Recorder, encoder: SegmentEncoder) -> Path | None:
        """A playable film of what is painted up to the middle of a segment; None if that is nothing.

        Args:
            recorder: has the segment, which ends here.
            encoder: knows the frames before.

        Raises:
            OutputError: it can't be written.
        """
        left = recorder.stop()
        if not encoder.clock.times:
            return None
        segments = chain(self._segments(recorder.number), [left] if left else [])
        with self._open() as sink:
            _join(sink, segments, encoder)
            return sink.keep_partial()

    def _open(self) -> FilmSink:
        return assembly.open_sink(self._request, self._reader, self._painted)

    def _segments(self, count: int) -> Iterator[Sequence[Encoded]]:
        """So many from the film's beginning on, but for those without packets."""
        return (found for number in range(count) if (found := self._parts.packets(number)))


def _join(sink: FilmSink, segments: Iterable[Sequence[Encoded]], known: Saved | SegmentEncoder) -> None:
    """In a thread of its own: Ctrl-C would be lost while FFmpeg writes, and some bytes with it."""
    crew = Crew()
    settled = {"ahead": known.ahead, "captions_lost": known.captions_lost}
    crew.start("joiner", lambda: sink.join(segments, known.clock, **settled))
    crew.end()
