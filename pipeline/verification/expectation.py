"""What a painting job would have made of an input: its frames, its streams, and how they are labelled."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.codec import Codec
from av.container import InputContainer
from av.video.stream import VideoStream

from stylize_video.errors import UsageError
from stylize_video.pipeline.containers import formats, muxer_options, streams, tags
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.sinks.coding import Coding, EncoderOptions
from stylize_video.pipeline.sinks.output_clock import OutputClock
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.sources import missing_frames
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.sources.film_decoder import FilmDecoder
from stylize_video.pipeline.sources.film_demuxer import FilmDemuxer
from stylize_video.pipeline.time_range import TimeRange
from stylize_video.pipeline.verification.rehearsal import Carried, rehearse

_ENCODERS = {av.Codec(name, "w").canonical_name: name for name in reversed(list(formats.CODECS.values()))}


@dataclass(frozen=True)
class Part:
    """Which part of the input was painted.

    Attributes:
        start, duration: s after the film's beginning, and from there; None: from the beginning, to the end.
        track: which of several films in it, from 1 on; None: the one that is most likely meant.
    """

    start: Fraction | None = None
    duration: Fraction | None = None
    track: int | None = None


@dataclass(frozen=True)
class Expectation:
    """All that the output is held against."""

    path: Path
    part: Part
    clip: TimeRange
    signal: Signal  # of the input's pictures, as large as the output's
    coding: Coding
    carried: Carried
    chapters: list[av.container.core.Chapter]
    report: WriteReport
    notes: tuple[str, ...]  # what a job says is not as it was

    def quick_times(self) -> FramesRead | None:
        """The frames by their packets, without decoding; None where those don't tell."""
        times = _packet_times(self.path, self.part.track, self.clip)
        return None if times is None else FramesRead.of(times, self.signal)

    def sure_times(self) -> FramesRead:
        """The frames as they are decoded, as a job reads them."""
        decoder = FilmDecoder(
            self.path, start=self.part.start, duration=self.part.duration, track=self.part.track
        )
        try:
            for _ in decoder.frames():
                pass
            return FramesRead.of(decoder.report.times, self.signal)
        finally:
            decoder.close()


def expect(
    source: Path, part: Part, path: Path, container: Container, output: InputContainer, film: VideoStream
) -> Expectation:
    """Read the input once, and say what its painting must hold.

    Args:
        source: the input.
        part: of it.
        path: of the output.
        container: its kind.
        output: itself, open; its painted stream's first packet is taken.
        film: that stream.

    Raises:
        InputError: the input can't be read.
        UsageError: no film of that number.
    """
    largest = max(film.width, film.height, 16)
    with FilmSource(
        source,
        start=part.start,
        duration=part.duration,
        max_size=largest,
        upright=not container.rotation,
        track=part.track,
    ) as reader:
        signal, clip = reader.signal, reader.clip
        remarks = tuple(reader.report.remarks)
        carrier = reader.others.carrier(container)
    try:
        coding = _coding(signal, container, film)
        settings = carrier.muxer_options(signal)
        carried = rehearse(carrier, container, settings, output, film)
        chapters = tags.clipped_chapters(carrier.source, clip) if container.chapters else []
    finally:
        carrier.close()
    report = WriteReport(
        path,
        container,
        array("q"),
        OutputClock(container, signal).time_base,
        coding.color,
        carried.report,
        carried.notes,
        muxer_options.edit_tick(container, settings),
        carried.film,
    )
    notes = (*remarks, *coding.notes, *carried.notes)
    return Expectation(source, part, clip, signal, coding, carried, chapters, report, notes)


def _coding(signal: Signal, container: Container, film: VideoStream) -> Coding:
    """How a job would have coded pictures of that codec and pixel format."""
    codec = streams.codec_name(film)
    encoder = _ENCODERS.get(codec, codec)
    try:
        Codec(encoder, "w")
    except ValueError:
        encoder = container.codec
    for pixel_format in (film.codec_context.pix_fmt, None):
        try:
            return Coding(signal, container, encoder, EncoderOptions(pixel_format=pixel_format))
        except UsageError:
            continue
    return Coding(signal, container, container.codec, EncoderOptions())


def _packet_times(path: Path, track: int | None, clip: TimeRange) -> array[int] | None:
    demuxer = FilmDemuxer(path, track)
    codec, base = streams.codec_name(demuxer.stream), demuxer.time_base
    times = array("q")
    try:
        for packet in demuxer.packets():
            if packet.stream is not demuxer.stream or not missing_frames.is_shown(packet, codec):
                continue
            if packet.pts is None:
                return None
            if clip.holds(packet.pts * base):
                times.append(packet.pts)
    except av.FFmpegError:
        return None  # it breaks off, and the decoder knows how to go on
    finally:
        demuxer.close()
    return array("q", sorted(times))
