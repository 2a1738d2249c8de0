"""Compares a finished output with what it must hold: its frames' times, all packets of its other streams.

Frames are compared with those that the reader yielded, carried packets with those that came out
of the source's demuxer; so nothing that lies in between is trusted. Demuxes only: no frame is
decoded, so it costs little more than reading the file once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import AttachmentStream, Stream
from av.video.stream import VideoStream

from stylize_video.pipeline.carried.demux import Reading
from stylize_video.pipeline.carried.report import CarriedStream, Tally
from stylize_video.pipeline.containers import streams
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.containers.opening import open_media
from stylize_video.pipeline.signal import ColorTags
from stylize_video.pipeline.sinks.output_clock import Grid
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.verification import pairing, words
from stylize_video.pipeline.verification.finding import Finding, counted
from stylize_video.pipeline.verification.fingerprints import PrintedTally

# Their bitstreams hold all four colour tags, whatever the container.
_LABELLED_CODECS = frozenset({"h264", "hevc", "av1"})
_SPAN_SLACK = Fraction(1, 2)  # s by which converted sound may be shorter than its source
_PRIMING_SLACK = Fraction(3, 100)  # s by which sound that somebody else has converted may begin elsewhere
_UNSAID_RANGE = (0, 1)  # "not said" and "limited" are the same bit in most bitstreams


def open_output(path: Path, container: Container) -> InputContainer:
    """Open a finished film of that kind.

    Raises:
        InputError, OSError, av.FFmpegError: it can't be read.
    """
    options = {}
    if container.constant_rate:
        # AVI has no presentation times; by itself the demuxer guesses them from the codec's delay.
        options["fflags"] = "nofillin"
    # Of a transport stream of a few packets FFmpeg is not sure.
    kind = "mpegts" if container.muxer == "mpegts" else None
    return open_media(path, options, demuxer=kind, metadata_errors="surrogateescape")


class Comparison:
    """One output and what is wanted of it.

    Attributes:
        read: the frames that it must hold; another may be put in its place.
        pairs: each stream that must be there, and the one of the output that it became.
        film: the pictures; None where there are none.
        broken: why the file breaks off before its end, if it does.
    """

    def __init__(
        self,
        path: Path,
        report: WriteReport,
        read: FramesRead,
        output: InputContainer,
        wanted: Mapping[int, PrintedTally] | None = None,
    ) -> None:
        """Read the whole file.

        Args:
            path: the finished file, under whatever name.
            report: what the writer says of it, and of the packets it carried over.
            read: the frames as the reader yielded them.
            output: the file, newly opened.
            wanted: a print of each packet of each carried stream, so that what differs is said more closely.
        """
        self.read, self._path, self._report, self._output, self._wanted = read, path, report, output, wanted
        self.rounded = False  # whether the start of some track had to be
        self.moved = 0  # frame times that the container can't hold
        self.broken: str | None = None
        self.colors = False  # whether there are tags to be compared
        self.film = self._painted()
        self.times: list[int] = []  # of the frames found, sorted, ticks of the film
        self.pairs: list[tuple[CarriedStream, Stream]] = []
        self._unpaired = pairing.Unpaired()
        if self.film is None:
            return
        others = [s for s in output.streams if s.index != self.film.index and s.type != "attachment"]
        reading = Reading(self.film, others, Tally if wanted is None else PrintedTally)
        try:
            reading.read(output)
        except av.FFmpegError as error:
            if wanted is None:
                raise
            self.broken = error.strerror
        self.times, self._tallies = sorted(reading.times), reading.tallies
        self.pairs, self._unpaired = pairing.pair(report.carried, others, self._tallies)

    def findings(self) -> Iterator[Finding]:
        """Every difference, the gravest first."""
        if self.film is None:
            yield Finding("frames", "no picture stream in it")
            return
        if self.broken:
            yield Finding("file", f"the file breaks off ({self.broken})", time=self._end())
        yield from self._unpaired.findings()
        if self._wanted is not None:
            yield from self._unpaired.additions()
        yield from self.frames()
        for carried, stream in self.pairs:
            yield from self._stream(carried, stream, self._tallies[stream.index])
        yield from self._attachments()
        yield from self._size(self.film)
        yield from self._color(self.film)

    def frames(self) -> Iterator[Finding]:
        """What became of the frames and their times."""
        container, read, film = self._report.container, self.read, self.film
        if film is None:
            return
        base, found_base = read.time_base, Fraction(film.time_base or 1)
        expected: Sequence[int] = [time - read.shift for time in read.times]
        self.moved, first = 0, 0
        if container.constant_rate or container.muxer == "gif":
            grid = Grid(container)
            expected = [grid.place(time * base / self._report.time_base) for time in expected]
            base, self.moved = self._report.time_base, grid.moved
            # Where AVI's first frame is late, FFmpeg says 0 for it all the same.
            first = int(container.constant_rate)
        if len(self.times) != len(expected):
            series = words.Series(expected, base), words.Series(self.times, found_base)
            yield words.other_count(*series, film.index)
        elif not container.is_picture:
            wanted, found = words.Series(expected[first:], base), words.Series(self.times[first:], found_base)
            yield from self._compare("frame", wanted, found, film.index)

    def others_end(self) -> Fraction:
        """When the last packet of sound, text and the like begins, s; 0 without any."""
        found = (self._tallies[s.index].span(Fraction(s.time_base or 1)) for _, s in self.pairs)
        return max((span[1] for span in found if span is not None), default=Fraction(0))

    def copies(self) -> frozenset[int]:
        """Indices of the output's streams whose bytes are the input's own."""
        return frozenset(s.index for c, s in self.pairs if c.digest == self._tallies[s.index].digest)

    def summary(self) -> str:
        """One line that says what was found equal."""
        carried = [c for c in self._report.carried if not c.converted]
        packets = sum(c.packets for c in carried)
        told = [counted(len(self.read.times), "frame"), "times equal"]
        if self.moved:
            told[1] += f" but for {self.moved} moved to {self._report.container.name}'s clock"
        if self.rounded:
            told[1] += f" to {float(self._report.edit_tick * 1000):.2g} ms"
        if carried:
            told.append(f"{counted(len(carried), 'stream')} ({counted(packets, 'packet')}) identical")
        if self.colors:
            told.append("colour tags equal")
        return "verified: " + ", ".join(told)

    def _painted(self) -> VideoStream | None:
        """The painting: the film after those that were carried before it."""
        films = [s for s in self._output.streams.video if not streams.is_cover(s)]
        carried = [c for c in self._report.carried if c.type == "video"]
        if len(films) <= len(carried):  # most muxers leave out a track without packets
            carried = [c for c in carried if c.packets]
        place = sum(c.index < self._report.index for c in carried)
        return films[place] if place < len(films) else None

    def _end(self) -> Fraction | None:
        """When the last frame is shown that there is, s."""
        if self.film is None or not self.times:
            return None
        return self.times[-1] * Fraction(self.film.time_base or 1)

    def _stream(self, carried: CarriedStream, stream: Stream, found: Tally) -> Iterator[Finding]:
        name, base, index = carried.name, Fraction(stream.time_base or 1), stream.index
        yield from self._span(carried, found.span(base), index)
        if carried.digest and found.digest != carried.digest:
            yield self._other_bytes(carried, found, base, index)
            return
        # Samples, raw or in blocks of a fixed size, have no packets of their own; muxers cut them as they
        # like.
        is_raw = streams.codec_name(stream).startswith("pcm_")
        rechunked = is_raw or (carried.type == "audio" and found.packets != carried.packets)
        if self._report.container.constant_rate:
            return  # in AVI sound begins with the film, and each packet follows the one before
        wanted, got = words.Series(carried.times, carried.time_base), words.Series(found.times, base)
        if not carried.digest:  # another encoder may begin with more silence, or less
            slack = round(_PRIMING_SLACK / base)
            yield from self._compare(f"{name}: packet", wanted.first(), got.first(), index, slack=slack)
        elif rechunked:
            yield from self._compare(name, wanted.first(), got.first(), index)
        else:
            # How long Opus takes to begin Matroska's clock can't say; muxer and demuxer each round it.
            slack = int(self._report.container.muxer in ("matroska", "webm") and carried.type == "audio")
            yield from self._compare(f"{name}: packet", wanted, got, index, carried.moved, slack)

    def _other_bytes(self, carried: CarriedStream, found: Tally, base: Fraction, index: int) -> Finding:
        wanted = None if self._wanted is None else self._wanted.get(carried.index)
        if wanted is not None and isinstance(found, PrintedTally):
            return words.other_packets(carried, wanted, found, base, index)
        if found.packets != carried.packets:
            what = f"{carried.name} has {counted(found.packets, 'packet')}, not {carried.packets}"
        else:
            what = f"{carried.name} does not hold the bytes that were written"
        return Finding("packets", what, index)

    def _span(
        self, carried: CarriedStream, found: tuple[Fraction, Fraction] | None, index: int
    ) -> Iterator[Finding]:
        """What was converted must begin and end with what it was made of."""
        if carried.span is None or carried.damaged:
            return
        first, last = carried.span
        if found is None or found[0] > first + _SPAN_SLACK or found[1] < last - _SPAN_SLACK:
            got = (
                "is empty" if found is None else f"goes from {float(found[0]):.3f} to {float(found[1]):.3f} s"
            )
            what = f"{carried.name} {got}, not from {float(first):.3f} to {float(last):.3f} s"
            yield Finding("packets", what, index, None if found is None else found[1])

    def _compare(
        self,
        what: str,
        wanted: words.Series,
        found: words.Series,
        index: int,
        moved: Collection[int] = (),
        slack: int = 0,
    ) -> Iterator[Finding]:
        """Times must be equal, or lie within a tick of the output's clock if that can't say them.

        `slack`: ticks of that clock by which they may differ anyway.
        """
        up, down = (wanted.base / found.base).as_integer_ratio()
        start = min(wanted.times, default=0) * wanted.base
        allowed = down * (slack + self._edit_slack(start) / found.base)
        places = [
            number
            for number, (want, got) in enumerate(zip(wanted.times, found.times, strict=False))
            if want * up != got * down
            and abs(want * up - got * down) > allowed + (down if want * up % down else 0)
            and number not in moved
        ]
        if places:
            yield words.other_times(what, wanted, found, places, index)

    def _edit_slack(self, start: Fraction) -> Fraction:
        """By how much (s) MP4 may move a track that starts there; it counts starts in coarser ticks."""
        tick = self._report.edit_tick
        if not tick or start <= 0 or start % tick == 0:
            return Fraction(0)
        self.rounded = True
        return tick

    def _attachments(self) -> Iterator[Finding]:
        found = [
            Tally.of(stream.data) for stream in self._output.streams if isinstance(stream, AttachmentStream)
        ]
        covers = [s for s in self._output.streams if streams.is_cover(s)]
        found += [Tally.of(streams.cover_data(self._path, s)) for s in covers]
        for carried in self._report.carried:
            if carried.type == "attachment" and carried.digest not in found:
                yield Finding("streams", f"{carried.name} is missing or altered", carried.index)

    def _size(self, film: VideoStream) -> Iterator[Finding]:
        found, wanted = (film.width, film.height), self._report.size
        if wanted is not None and found != wanted:
            what = f"pictures are {found[0]}x{found[1]} px, not {wanted[0]}x{wanted[1]}"
            yield Finding("shape", what, film.index)

    def _color(self, film: VideoStream) -> Iterator[Finding]:
        """Compare the colour tags, where this container and codec hold any."""
        container = self._report.container
        if container.is_picture or not container.streams:
            return
        if not container.color and streams.codec_name(film) not in _LABELLED_CODECS:
            return
        self.colors = True
        codec = film.codec_context
        found = ColorTags(
            int(codec.colorspace),
            int(codec.color_range),
            int(codec.color_primaries),
            int(codec.color_trc),
        )
        for name, wanted, got in zip(ColorTags._fields, self._report.color, found, strict=True):
            same = wanted == got or (name == "range" and {wanted, got} <= set(_UNSAID_RANGE))
            if not same:
                yield words.other_color(name, wanted, got, film.index)
