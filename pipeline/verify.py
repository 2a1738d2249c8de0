"""Opens a finished output again and compares it, packet by packet, with what was to be written.

Demuxes only: no frame is decoded, so it costs little more than reading the file once.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.container import InputContainer
from av.stream import AttachmentStream, Stream
from av.video.stream import VideoStream

from stylize_video.errors import VerificationError
from stylize_video.pipeline import holding
from stylize_video.pipeline.frames import ColorTags
from stylize_video.pipeline.report import CarriedStream, Tally, WriteReport

# Their bitstreams hold all four colour tags, whatever the container.
_LABELLED_CODECS = frozenset({"h264", "hevc", "av1"})
_UNSAID_RANGE = (0, 1)  # "not said" and "limited" are the same bit in most bitstreams


def verify(path: Path, report: WriteReport) -> str:
    """Compare the file at `path` with `report`; one line that says what was found equal.

    Raises:
        VerificationError: names the first thing that is not as it was written.
    """
    # AVI has no presentation times; by itself the demuxer guesses them from the codec's delay.
    options = {"fflags": "nofillin"} if report.container.constant_rate else {}
    try:
        with av.open(str(path), container_options=options, metadata_errors="surrogateescape") as output:
            return _Check(path, report, output).run()
    except (OSError, av.FFmpegError) as error:
        raise VerificationError(f"{report.path}: can't be read back: {error}") from error


def _time(packet: av.Packet[Any]) -> int:
    for time in (packet.pts, packet.dts):
        if time is not None:
            return time
    return 0


@dataclass
class _Check:
    """One comparison; each method raises at the first difference."""

    path: Path
    report: WriteReport
    output: InputContainer

    def run(self) -> str:
        film = holding.film_stream(self.output)
        if film is None:
            raise self._error("no picture stream in it")
        pairs = list(self._pairs())
        times, tallies = self._demux(film, [stream for _, stream in pairs])
        self._check_times(film, times)
        for carried, stream in pairs:
            self._check_stream(carried, stream, tallies[stream.index])
        self._check_attachments()
        colors = self._check_color(film)
        return self._summary(colors)

    def _pairs(self) -> Iterator[tuple[CarriedStream, Stream]]:
        """Each stream that was written and the one it became: the n-th of a type is the n-th."""
        for kind in ("audio", "subtitle", "data", "video"):
            written = [c for c in self.report.carried if c.type == kind]
            found = [s for s in self.output.streams if s.type == kind]
            if kind == "video":
                found = [s for s in found if holding.is_cover(s)]
            if len(found) < len(written):  # most muxers leave out a track without packets
                written = [c for c in written if c.packets]
            if len(found) < len(written):
                raise self._error(f"{written[len(found)].name} is missing")
            yield from zip(written, found, strict=False)

    def _demux(self, film: VideoStream, others: Sequence[Stream]) -> tuple[list[int], dict[int, Tally]]:
        """Times of the film's packets, sorted, in its ticks; and a tally of each other stream."""
        times = array("q")
        tallies = {s.index: Tally(holding.codec_name(s)) for s in others}
        for packet in self.output.demux():
            if packet.stream.index == film.index:
                if packet.size:
                    times.append(_time(packet))
            elif packet.stream.index in tallies and (packet.size or packet.dts is not None):
                tallies[packet.stream.index].add(packet)
        return sorted(times), tallies

    def _check_times(self, film: VideoStream, times: Sequence[int]) -> None:
        expected = sorted(self.report.times)
        if len(times) != len(expected):
            raise self._error(f"{len(times)} frames in it, {len(expected)} were written")
        if self.report.container.is_picture:
            return
        # Where AVI's first frame is late, FFmpeg says 0 for it all the same.
        first = 1 if self.report.container.constant_rate else 0
        base, found_base = self.report.time_base, Fraction(film.time_base or 1)
        self._compare("frame", expected[first:], base, times[first:], found_base)

    def _check_stream(self, carried: CarriedStream, stream: Stream, found: Tally) -> None:
        name, base = carried.name, Fraction(stream.time_base or 1)
        # Raw samples have no packets of their own; muxers cut them as they like.
        rechunked = holding.codec_name(stream).startswith("pcm_")
        if not rechunked and found.packets != carried.packets:
            raise self._error(f"{name} has {found.packets} packets, not {carried.packets}")
        if found.digest != carried.digest:
            raise self._error(f"{name} does not hold the bytes that were written")
        # In AVI each packet follows the one before.
        if rechunked or self.report.container.constant_rate:
            self._compare(name, carried.times[:1], carried.time_base, found.times[:1], base)
        else:
            self._compare(f"{name}: packet", carried.times, carried.time_base, found.times, base)

    def _compare(
        self,
        what: str,
        expected: Sequence[int],
        base: Fraction,
        found: Sequence[int],
        found_base: Fraction,
    ) -> None:
        """Times must be equal, or lie within a tick of the output's clock if that can't say them."""
        ratio = base / found_base
        tolerance = 0 if ratio.denominator == 1 else ratio.denominator
        for number, (wanted, got) in enumerate(zip(expected, found, strict=False)):
            if abs(wanted * ratio.numerator - got * ratio.denominator) > tolerance:
                raise self._error(
                    f"{what} {number} is at {float(got * found_base):.6f} s, not {float(wanted * base):.6f} s"
                )

    def _check_attachments(self) -> None:
        found = [
            Tally.of(stream.data) for stream in self.output.streams if isinstance(stream, AttachmentStream)
        ]
        covers = [s for s in self.output.streams if holding.is_cover(s)]
        found += [Tally.of(holding.cover_data(self.path, s)) for s in covers]
        for carried in self.report.carried:
            if carried.type == "attachment" and carried.digest not in found:
                raise self._error(f"{carried.name} is missing or altered")

    def _check_color(self, film: VideoStream) -> bool:
        """Compare the colour tags; False if this container and codec hold none."""
        container = self.report.container
        if container.is_picture or not container.streams:
            return False
        if not container.color and holding.codec_name(film) not in _LABELLED_CODECS:
            return False
        codec = film.codec_context
        found = ColorTags(
            int(codec.colorspace),
            int(codec.color_range),
            int(codec.color_primaries),
            int(codec.color_trc),
        )
        for name, wanted, got in zip(ColorTags._fields, self.report.color, found, strict=True):
            same = wanted == got or (name == "range" and {wanted, got} <= set(_UNSAID_RANGE))
            if not same:
                raise self._error(f"colour {name} is {got}, not {wanted}")
        return True

    def _summary(self, colors: bool) -> str:
        carried = [c for c in self.report.carried if not c.converted]
        packets = sum(c.packets for c in carried)
        words = [f"{self.report.frames} frames", "times equal"]
        if carried:
            words.append(f"{len(carried)} streams ({packets} packets) identical")
        if colors:
            words.append("colour tags equal")
        return "verified: " + ", ".join(words)

    def _error(self, what: str) -> VerificationError:
        return VerificationError(f"{self.report.path}: {what}")
