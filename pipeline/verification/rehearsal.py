"""What a job would carry into an output, found by carrying it: into memory, a packet of each stream.

So all that is known of containers (what they can hold, what must be converted, how they say a language) is
asked of those who know it, and of FFmpeg's muxer itself; nothing is told twice.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, cast

import av
from av.container import InputContainer, OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from stylize_video.errors import InputError, StylizeVideoError
from stylize_video.pipeline.carried.carrier import Carrier
from stylize_video.pipeline.carried.converted_tracks import AudioTrack
from stylize_video.pipeline.carried.report import CarriedStream
from stylize_video.pipeline.carried.tracks import Track
from stylize_video.pipeline.containers import streams, tags
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.verification.fingerprints import PrintedTally
from stylize_video.pipeline.verification.labels import Labels


@dataclass(frozen=True)
class Carried:
    """What an output must hold beside its frames."""

    report: tuple[CarriedStream, ...]  # of converted sound without times and digest
    prints: dict[int, PrintedTally]  # of what is written of each stream, by its index there
    labels: dict[int, Labels]  # of each stream, by its index there, as the container holds them
    film: int  # index of the painted stream
    tags: dict[str, str]  # the film's own
    notes: tuple[str, ...]  # a line for whatever is not as in the source


def rehearse(
    carrier: Carrier,
    container: Container,
    settings: dict[str, str],
    output: InputContainer,
    film: VideoStream,
) -> Carried:
    """Carry everything once.

    Args:
        carrier: newly opened.
        container: of the output.
        settings: of its muxer.
        output: the finished one, of which the painted stream `film` is taken for the rehearsal.
        film: the painted stream.

    Raises:
        InputError: FFmpeg doesn't write such a stream to such a container.
    """
    stage = _Stage(container, settings)
    place = [0]

    def add_film() -> None:
        copy = stage.made.add_stream_from_template(film, opaque=True)
        if carrier.film is not None:
            copy.metadata.update(tags.film_tags(carrier.film, container, carrier.clip))
            copy.disposition = carrier.film.disposition
        place[0] = copy.index

    with _as_input_error(output, container):
        carrier.add_streams(cast(OutputContainer, stage), add_film)
        for index, track in carrier.tracks.items():
            if isinstance(track, AudioTrack):
                carrier.tracks[index] = _Beginning(track, stage)
        stage.made.start_encoding()
        stage.open_with(output, film, place[0])
    carrier.finish()
    report = carrier.report()
    found, film_tags = stage.labels()
    return Carried(report, stage.tallies, found, place[0], film_tags, tuple(carrier.notes))


@contextlib.contextmanager
def _as_input_error(output: InputContainer, container: Container) -> Iterator[None]:
    """What FFmpeg's muxer refuses makes a file that can't be checked, and is no fault of this program."""
    try:
        yield
    except StylizeVideoError:
        raise
    except (ValueError, av.FFmpegError) as error:
        why = error.strerror if isinstance(error, av.FFmpegError) else error
        what = f"can't be checked, as FFmpeg doesn't write its like to {container.name} ({why})"
        raise InputError(f"{output.name}: {what}") from error


class _Stage:
    """An output that keeps the first packet of each stream, and counts the others.

    All else is done by the output in memory.
    """

    def __init__(self, container: Container, settings: dict[str, str]) -> None:
        self._memory = io.BytesIO()
        self._container = container
        self.tallies: dict[int, PrintedTally] = {}
        self.made = av.open(
            self._memory,
            "w",
            format=container.muxer,
            container_options=settings,
            metadata_errors="surrogateescape",
        )

    def __getattr__(self, name: str) -> Any:
        return getattr(self.made, name)

    def open_with(self, output: InputContainer, film: VideoStream, place: int) -> None:
        """Take the painted stream's first packet from the finished output."""
        for packet in output.demux(film):
            if packet.size:
                first: av.Packet[Any] = packet
                first.stream = self.made.streams[place]
                first.dts = first.pts = first.pts if first.pts is not None else 0
                self.made.mux_one(first)
                return

    def mux_one(self, packet: av.Packet[Any]) -> None:
        """Count a packet; the first of its stream is written."""
        index = packet.stream.index
        is_first = index not in self.tallies
        tally = self.tallies.setdefault(index, PrintedTally(streams.codec_name(packet.stream)))
        tally.time_base = Fraction(packet.time_base)
        tally.add(packet)
        if is_first:
            self.made.mux_one(packet)

    def labels(self) -> tuple[dict[int, Labels], dict[str, str]]:
        """What can be read again of each stream, and of the whole."""
        kinds = [(s.index, streams.kind(s)) for s in self.made.streams]
        self.made.close()
        self._memory.seek(0)
        kind = "mpegts" if self._container.muxer == "mpegts" else None
        try:
            again = av.open(self._memory, "r", kind, metadata_errors="surrogateescape")
        except av.FFmpegError:
            return {}, {}
        with again:
            return dict(_labelled(kinds, again)), dict(again.metadata)


def _labelled(kinds: list[tuple[int, str]], again: InputContainer) -> Iterator[tuple[int, Labels]]:
    """The n-th of a kind is the n-th; nothing of a kind of which some are gone."""
    for kind in {kind for _, kind in kinds}:
        written = [index for index, other in kinds if other == kind]
        found: list[Stream] = [s for s in again.streams if streams.kind(s) == kind]
        if len(found) >= len(written):
            yield from ((index, Labels.of(s)) for index, s in zip(written, found, strict=False))


class _Beginning:
    """Sound that would be converted, as far as the first packet: to code all of it would take too long."""

    def __init__(self, track: Track, stage: _Stage) -> None:
        self._track = track
        self._stage = stage
        self._index = track.report().index

    def mux(self, packet: av.Packet[Any]) -> None:
        """Convert `packet`, if nothing has come out yet."""
        if self._index not in self._stage.tallies:
            self._track.mux(packet)

    def finish(self) -> None:
        """End, if nothing has come out yet."""
        if self._index not in self._stage.tallies:
            with contextlib.suppress(av.FFmpegError):
                self._track.finish()

    def report(self) -> CarriedStream:
        """The stream, with its first packet's time, if there is one; its bytes aren't known."""
        report = self._track.report()
        return replace(report, packets=min(report.packets, 1), digest=b"", times=report.times[:1])
