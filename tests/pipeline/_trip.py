"""A film through reader, writer and verification, unpainted: all of the job but the painter."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.verification.verify import verify


@dataclass(frozen=True)
class Trip:
    """What came of it."""

    path: Path
    verified: str
    notes: list[str]
    damaged: int

    def times(self, kind: str = "video") -> list[Fraction]:
        """Presentation times (s) of the packets of the first stream of a kind, sorted."""
        with av.open(self.path) as film:
            stream = next(s for s in film.streams if s.type == kind)
            return sorted(p.pts * p.time_base for p in film.demux(stream) if p.pts is not None and p.size)


def trip(
    source: Path, output: Path, *, start: Fraction | None = None, duration: Fraction | None = None
) -> Trip:
    """Send `source` through to `output`."""
    container, _ = formats.check_output(output)
    fastest = "8" if output.suffix == ".webm" else "ultrafast"
    said: list[str] = []
    with (
        FilmSource(
            source, start=start, duration=duration, keep_source=True, upright=not container.rotation
        ) as reader,
        FilmSink(output, EncoderOptions(preset=fastest), others=reader.others).open(reader.signal) as writer,
    ):
        for frame in reader.frames(rgb=False):
            planes = frame.planes
            picture = planes.reformat(width=writer.width, height=writer.height, format=writer.pixel_format)
            picture.pts, picture.time_base, picture.duration = frame.pts, frame.time_base, planes.duration
            writer.write(picture)

        def check(partial: Path, report: WriteReport) -> None:
            shift = reader.clip.shift(reader.signal.time_base)
            read = FramesRead(reader.report.times, reader.signal.time_base, shift)
            said.append(verify(partial, report, read))

        report = writer.finish(check)
    return Trip(output, said[0], [*reader.report.notes, *report.notes], reader.report.damaged)
