"""Carries everything but the pictures from the source into the output.

The source is opened a second time, with a demuxer of its own. So no packet has to pass through the
reader, the channels and the painter: memory stays constant however far sound and picture lie apart
in the file, and no full channel can make the two wait for each other.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
from av.container import OutputContainer
from av.stream import Disposition, Stream

from stylize_video.errors import InputError
from stylize_video.pipeline.carried.adder import StreamAdder
from stylize_video.pipeline.carried.packets import SourcePackets
from stylize_video.pipeline.carried.report import CarriedStream, Tally
from stylize_video.pipeline.carried.tracks import CopyTrack, Track
from stylize_video.pipeline.clocks.timeline import Timeline
from stylize_video.pipeline.containers import muxer_options, streams, tags, track_choice
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.containers.opening import open_media
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.time_range import TimeRange


class Carrier:
    """Muxes the source's other streams, up to a given time at each call.

    Use: make it, `add_streams`, write the output's header, then `mux_until` before each video
    packet, `finish` at the end, `close` in any case. All calls from one thread at a time.
    """

    def __init__(
        self,
        path: Path,
        container: Container,
        clip: TimeRange,
        timeline: Timeline | None = None,
        film: int | None = None,
    ) -> None:
        """Open the source, whose packets are to be moved onto the `timeline`.

        Stream `film` of it is painted; None: the one that is most likely meant.

        Raises:
            InputError: it can't be opened (any more).
        """
        self._container = container
        self.clip = clip
        self._path = path
        try:
            # Tags in an unknown coding come through byte by byte.
            self.source = open_media(path, metadata_errors="surrogateescape")
        except (OSError, av.FFmpegError, InputError) as error:
            raise InputError(f"{path}: can't be opened again for its sound: {error}") from error
        self.film = track_choice.painted(self.source, path, film)
        self._adder = StreamAdder(path, container, clip)
        self.notes = self._adder.notes
        self._tracks = self._adder.tracks
        self._bases: dict[int, Fraction] = {}  # s
        self._packets = SourcePackets(self.source, container, clip, timeline or Timeline())

    def muxer_options(self, signal: Signal) -> dict[str, str]:
        """Options for the output's muxer so that no tag and no start time of the source is lost."""
        film = None if self.film is None else self.film.index
        source = muxer_options.Source(self.source, self.clip, film)
        return muxer_options.choose(self._container, signal, source)

    def add_streams(self, output: OutputContainer, add_film: Callable[[], object]) -> None:
        """Add a stream to `output` for everything it can hold, in the source's order.

        `add_film` adds the painted stream at its own place. What is left out or converted goes
        to `notes`.
        """
        self._add_film_tags(output)
        for stream in self.source.streams:
            if self.film is not None and stream.index == self.film.index:
                add_film()
            elif self._is_implied(stream):
                self._note_timecode(stream)
            else:
                self._adder.add(output, stream)
        if self.film is None:
            add_film()
        self._note_labels()
        for stream in self.source.streams:
            if (track := self._tracks.get(stream.index)) is not None:
                self._packets.want(stream, copied=isinstance(track, CopyTrack))
                self._bases[stream.index] = Fraction(stream.time_base or 1)
        self._packets.discard_others()

    def _add_film_tags(self, output: OutputContainer) -> None:
        """The film's own tags and its chapters."""
        kept, lost = tags.container_tags(self.source, self._container)
        output.metadata.update(kept)
        if lost:
            self.notes.append(f"tags {', '.join(lost)}: {self._container.name} can't hold them, left out")
        if self._container.chapters:
            output.set_chapters(tags.clipped_chapters(self.source, self.clip))
        elif self.source.chapters():
            self.notes.append(f"chapters: {self._container.name} can't hold them, left out")

    @property
    def tracks(self) -> dict[int, Track]:
        """What takes each stream's packets, by its index in the source; others may be put in their place."""
        return self._tracks

    def mux_until(self, time: Fraction) -> None:
        """Mux every packet that is decoded at or before `time` (s, the output's clock)."""
        for packet in self._packets.take_until(time):
            self._tracks[packet.stream.index].mux(packet)

    def finish(self, end: Fraction | None = None) -> None:
        """Mux the rest, up to `end` (s, the output's clock; None: all), and drain the converters."""
        for packet in self._packets.take_rest(end):
            self._tracks[packet.stream.index].mux(packet)
        if self._packets.failure is not None:
            self.notes.append(
                f"{self._path}: the file breaks off ({self._packets.failure}); "
                "sound and subtitles are carried up to there"
            )
        for track in self._tracks.values():
            track.finish()
            self._note_losses(track.report())
        self._note_refused()

    def report(self) -> tuple[CarriedStream, ...]:
        """What the output must hold, a stream each."""
        return (*map(self._report, self._tracks), *self._attachments())

    def _report(self, index: int) -> CarriedStream:
        """What the source held of a copy; what was made of another."""
        written, read = self._tracks[index].report(), self._packets.tallies[index]
        base = self._bases[index]
        if written.converted:
            return replace(written, span=read.span(base))
        return replace(written, packets=read.packets, digest=read.digest, times=read.times, time_base=base)

    def close(self) -> None:
        """Close the source. Safe to call again."""
        self._packets.close()
        self.source.close()

    def _is_implied(self, stream: Stream) -> bool:
        """Whether the muxer makes this stream by itself, or the painting holds it already.

        MP4's chapters and time code are tracks; tiles are put together to one picture. An animated AVIF
        holds a still of itself.
        """
        if stream.disposition & Disposition.dependent or track_choice.is_photograph(stream):
            return True
        if stream.type == "video" and track_choice.is_sequence(stream):
            return True
        if stream.type != "data" or "mp4" not in self.source.format.name:
            return False
        is_chapters = stream.name == "bin_data" and bool(self.source.chapters())
        return is_chapters or streams.is_timecode(stream)

    def _note_labels(self) -> None:
        for stream in self.source.streams:
            if stream.index in self._tracks or (self.film is not None and stream.index == self.film.index):
                lost = tags.lost_labels(stream, self._container)
                if lost:
                    self.notes.append(
                        f"{streams.describe(stream)}: {self._container.name} can't say {' and '.join(lost)}"
                    )

    def _note_timecode(self, stream: Stream) -> None:
        lost = tags.lost_timecode(self._container, self.clip)
        if lost and streams.is_timecode(stream):
            self.notes.append(f"{streams.describe(stream)}: {lost}")

    def _attachments(self) -> Iterator[CarriedStream]:
        for name, index, data in self._adder.attached:
            times = array("q")
            yield CarriedStream(name, index, "attachment", False, 1, Tally.of(data), times, Fraction(1))

    def _note_refused(self) -> None:
        for index, times in self._packets.refused.items():
            self.notes.append(
                f"{streams.describe(self.source.streams[index])}: {self._container.name} can't hold "
                f"{_packets(times)}, left out"
            )

    def _note_losses(self, written: CarriedStream) -> None:
        if written.damaged:
            self.notes.append(f"{written.name}: {written.damaged} packets can't be decoded")
        if written.cut:
            self.notes.append(
                f"{written.name}: {self._container.name} shows one subtitle at a time; "
                f"{written.cut} end where the next begins"
            )


def _packets(times: Sequence[Fraction]) -> str:
    """Damaged packets for people, by their times (s)."""
    if len(times) == 1:
        return f"a damaged packet at {float(times[0]):.3f} s"
    return f"{len(times)} damaged packets, the first at {float(times[0]):.3f} s"
