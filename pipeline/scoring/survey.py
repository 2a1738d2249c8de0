"""What a finished film holds beside its pictures, whoever wrote it: each stream counted and hashed."""

from __future__ import annotations

import contextlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import AttachmentStream, Stream

from stylize_video.errors import InputError
from stylize_video.pipeline.carried.demux import tally_streams
from stylize_video.pipeline.carried.report import Tally
from stylize_video.pipeline.containers import streams, track_choice
from stylize_video.pipeline.containers.opening import open_media

KINDS = ("audio", "subtitle", "data", "video", "cover", "attachment")


@dataclass(frozen=True)
class StreamSummary:
    """One stream that is not the film itself."""

    name: str  # "stream 1 (audio, aac, eng)"
    kind: str  # one of KINDS
    codec: str
    packets: int
    digest: bytes  # of the payloads, as the verification has it
    span: tuple[Fraction, Fraction] | None  # times of the first and the last packet, s; None without any


@dataclass(frozen=True)
class FilmSummary:
    """A file: its pictures' times and labels, and its other streams."""

    path: Path
    container: str  # FFmpeg's name
    codec: str  # of the pictures
    coded_size: tuple[int, int]  # px, as stored
    rate: Fraction  # frames/s, as labelled
    time_base: Fraction  # s
    times: array[int]  # of the pictures' packets, sorted, ticks of time_base
    streams: tuple[StreamSummary, ...]

    @property
    def span(self) -> tuple[Fraction, Fraction] | None:
        """Times of the first and the last picture, s; None without any."""
        return (self.times[0] * self.time_base, self.times[-1] * self.time_base) if self.times else None

    def of_kind(self, kind: str) -> list[StreamSummary]:
        """The streams of a kind, in the file's order."""
        return [stream for stream in self.streams if stream.kind == kind]


def survey(path: Path) -> FilmSummary:
    """Read a film file once without decoding it.

    Raises:
        InputError: it is no film, or can't be read.
    """
    try:
        container = _open(path)
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error
    with container:
        film = track_choice.choose(container, path)
        others = [s for s in container.streams if s.index != film.index and streams.kind(s) in KINDS]
        tallies = {s.index: Tally(streams.codec_name(s)) for s in others}
        times: Sequence[int] = ()
        with contextlib.suppress(av.FFmpegError):  # a file that breaks off; the reader says so
            times, tallies = tally_streams(container, film, others)
        return FilmSummary(
            path=path,
            container=container.format.name,
            codec=streams.codec_name(film),
            coded_size=(film.width, film.height),
            rate=film.guessed_rate or film.average_rate or Fraction(0),
            time_base=Fraction(film.time_base or 1),
            times=array("q", times),
            streams=tuple(_summaries(others, tallies, has_chapters=bool(container.chapters()))),
        )


def _open(path: Path) -> InputContainer:
    container = open_media(path)
    if container.format.name != "avi":
        return container
    container.close()  # AVI has no presentation times; by itself the demuxer guesses them
    return open_media(path, {"fflags": "nofillin"})


def _summaries(
    others: Sequence[Stream], tallies: dict[int, Tally], *, has_chapters: bool
) -> Iterator[StreamSummary]:
    for stream in others:
        name, kind, codec = streams.describe(stream), streams.kind(stream), streams.codec_name(stream)
        if has_chapters and codec == "bin_data":  # the track that MP4 keeps chapters' titles in
            name = f"stream {stream.index} (chapter titles)"
        if isinstance(stream, AttachmentStream):
            yield StreamSummary(name, kind, codec, 1, Tally.of(stream.data), None)
            continue
        tally = tallies[stream.index]
        span = tally.span(Fraction(stream.time_base or 1))
        yield StreamSummary(name, kind, codec, tally.packets, tally.digest, span)
