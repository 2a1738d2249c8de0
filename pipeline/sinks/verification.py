"""Opens a finished output again and compares it, packet by packet, with what the source held.

Frames are compared with those that the reader yielded, carried packets with those that came out
of the source's demuxer; so nothing that lies in between is trusted. Demuxes only: no frame is
decoded, so it costs little more than reading the file once.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
from av.container import InputContainer
from av.stream import AttachmentStream, Stream
from av.video.stream import VideoStream

from stylize_video.errors import InputError, VerificationError
from stylize_video.pipeline.carried.demux import tally_streams
from stylize_video.pipeline.carried.report import CarriedStream, Tally
from stylize_video.pipeline.containers import streams
from stylize_video.pipeline.containers.opening import open_media
from stylize_video.pipeline.signal import ColorTags
from stylize_video.pipeline.sinks.output_clock import Grid
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport

# Their bitstreams hold all four colour tags, whatever the container.
_LABELLED_CODECS = frozenset({"h264", "hevc", "av1"})
_SPAN_SLACK = Fraction(1, 2)  # s by which converted sound may be shorter than its source
_UNSAID_RANGE = (0, 1)  # "not said" and "limited" are the same bit in most bitstreams


def verify(path: Path, report: WriteReport, read: FramesRead) -> str:
    """Compare the file at `path` with what was read; one line that says what was found equal.

    Args:
        path: the finished file, under whatever name.
        report: what the writer says of it, and of the packets it carried over.
        read: the frames as the reader yielded them.

    Raises:
        VerificationError: names the first thing that is not as it was in the source.
    """
    options = {}
    if report.container.constant_rate:
        # AVI has no presentation times; by itself the demuxer guesses them from the codec's delay.
        options["fflags"] = "nofillin"
    # Of a transport stream of a few packets FFmpeg is not sure.
    kind = "mpegts" if report.container.muxer == "mpegts" else None
    try:
        with open_media(path, options, demuxer=kind, metadata_errors="surrogateescape") as output:
            return _Check(path, report, read, output).run()
    except (OSError, av.FFmpegError, InputError) as error:
        raise VerificationError(f"{report.path}: can't be read back: {error}") from error


@dataclass
class _Check:
    """One comparison; each method raises at the first difference."""

    path: Path
    report: WriteReport
    read: FramesRead
    output: InputContainer
    rounded: bool = False  # whether the start of some track had to be

    def run(self) -> str:
        film = self._painted()
        pairs = list(self._pairs(film))
        times, tallies = tally_streams(self.output, film, [stream for _, stream in pairs])
        moved = self._check_times(film, times)
        for carried, stream in pairs:
            self._check_stream(carried, stream, tallies[stream.index])
        self._check_attachments()
        self._check_size(film)
        colors = self._check_color(film)
        return self._summary(moved, colors)

    def _painted(self) -> VideoStream:
        """The painting: the film after those that were carried before it."""
        films = [s for s in self.output.streams.video if not streams.is_cover(s)]
        carried = [c for c in self.report.carried if c.type == "video"]
        if len(films) <= len(carried):  # most muxers leave out a track without packets
            carried = [c for c in carried if c.packets]
        place = sum(c.index < self.report.index for c in carried)
        if len(films) <= place:
            raise self._error("no picture stream in it")
        return films[place]

    def _pairs(self, film: VideoStream) -> Iterator[tuple[CarriedStream, Stream]]:
        """Each stream that was written and the one it became: the n-th of a type is the n-th."""
        for kind in ("audio", "subtitle", "data", "video", "cover"):
            written = [c for c in self.report.carried if c.type == kind]
            found = [s for s in self.output.streams if streams.kind(s) == kind and s.index != film.index]
            if len(found) < len(written):  # most muxers leave out a track without packets
                written = [c for c in written if c.packets]
            if len(found) < len(written):
                raise self._error(f"{written[len(found)].name} is missing")
            yield from zip(written, found, strict=False)

    def _check_times(self, film: VideoStream, times: Sequence[int]) -> int:
        """Compare the frames' times; how many had to move to a clock that can't hold them."""
        container, read = self.report.container, self.read
        if len(times) != len(read.times):
            raise self._error(f"{len(times)} frames in it, {len(read.times)} were read")
        if container.is_picture:
            return 0
        base, found_base = read.time_base, Fraction(film.time_base or 1)
        expected: Sequence[int] = [time - read.shift for time in read.times]
        moved, first = 0, 0
        if container.constant_rate or container.muxer == "gif":
            grid = Grid(container)
            expected = [grid.place(time * base / self.report.time_base) for time in expected]
            base, moved = self.report.time_base, grid.moved
            # Where AVI's first frame is late, FFmpeg says 0 for it all the same.
            first = int(container.constant_rate)
        self._compare("frame", expected[first:], base, times[first:], found_base)
        return moved

    def _check_stream(self, carried: CarriedStream, stream: Stream, found: Tally) -> None:
        name, base = carried.name, Fraction(stream.time_base or 1)
        self._check_span(carried, found.span(base))
        if found.digest != carried.digest:
            if found.packets != carried.packets:
                raise self._error(f"{name} has {found.packets} packets, not {carried.packets}")
            raise self._error(f"{name} does not hold the bytes that were written")
        # Samples, raw or in blocks of a fixed size, have no packets of their own; muxers cut them as they
        # like.
        is_raw = streams.codec_name(stream).startswith("pcm_")
        rechunked = is_raw or (carried.type == "audio" and found.packets != carried.packets)
        if self.report.container.constant_rate:
            return  # in AVI sound begins with the film, and each packet follows the one before
        if rechunked:
            self._compare(name, carried.times[:1], carried.time_base, found.times[:1], base)
        else:
            # How long Opus takes to begin Matroska's clock can't say; muxer and demuxer each round it.
            slack = int(self.report.container.muxer in ("matroska", "webm") and carried.type == "audio")
            what = f"{name}: packet"
            self._compare(what, carried.times, carried.time_base, found.times, base, carried.moved, slack)

    def _check_span(self, carried: CarriedStream, found: tuple[Fraction, Fraction] | None) -> None:
        """What was converted must begin and end with what it was made of."""
        if carried.span is None or carried.damaged:
            return
        first, last = carried.span
        if found is None or found[0] > first + _SPAN_SLACK or found[1] < last - _SPAN_SLACK:
            got = (
                "is empty" if found is None else f"goes from {float(found[0]):.3f} to {float(found[1]):.3f} s"
            )
            raise self._error(f"{carried.name} {got}, not from {float(first):.3f} to {float(last):.3f} s")

    def _compare(
        self,
        what: str,
        expected: Sequence[int],
        base: Fraction,
        found: Sequence[int],
        found_base: Fraction,
        moved: Collection[int] = (),
        slack: int = 0,
    ) -> None:
        """Times must be equal, or lie within a tick of the output's clock if that can't say them.

        `slack`: ticks of that clock by which they may differ anyway.
        """
        up, down = (base / found_base).as_integer_ratio()
        allowed = down * (slack + self._edit_slack(min(expected, default=0) * base) / found_base)
        for number, (wanted, got) in enumerate(zip(expected, found, strict=False)):
            tolerance = allowed + (down if wanted * up % down else 0)
            if abs(wanted * up - got * down) > tolerance and number not in moved:
                raise self._error(
                    f"{what} {number} is at {float(got * found_base):.6f} s, not {float(wanted * base):.6f} s"
                )

    def _edit_slack(self, start: Fraction) -> Fraction:
        """By how much (s) MP4 may move a track that starts there; it counts starts in coarser ticks."""
        tick = self.report.edit_tick
        if not tick or start <= 0 or start % tick == 0:
            return Fraction(0)
        self.rounded = True
        return tick

    def _check_attachments(self) -> None:
        found = [
            Tally.of(stream.data) for stream in self.output.streams if isinstance(stream, AttachmentStream)
        ]
        covers = [s for s in self.output.streams if streams.is_cover(s)]
        found += [Tally.of(streams.cover_data(self.path, s)) for s in covers]
        for carried in self.report.carried:
            if carried.type == "attachment" and carried.digest not in found:
                raise self._error(f"{carried.name} is missing or altered")

    def _check_size(self, film: VideoStream) -> None:
        found, wanted = (film.width, film.height), self.report.size
        if wanted is not None and found != wanted:
            raise self._error(f"pictures are {found[0]}x{found[1]} px, not {wanted[0]}x{wanted[1]}")

    def _check_color(self, film: VideoStream) -> bool:
        """Compare the colour tags; False if this container and codec hold none."""
        container = self.report.container
        if container.is_picture or not container.streams:
            return False
        if not container.color and streams.codec_name(film) not in _LABELLED_CODECS:
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

    def _summary(self, moved: int, colors: bool) -> str:
        carried = [c for c in self.report.carried if not c.converted]
        packets = sum(c.packets for c in carried)
        words = [_counted(len(self.read.times), "frame"), "times equal"]
        if moved:
            words[1] += f" but for {moved} moved to {self.report.container.name}'s clock"
        if self.rounded:
            words[1] += f" to {float(self.report.edit_tick * 1000):.2g} ms"
        if carried:
            told = f"{_counted(len(carried), 'stream')} ({_counted(packets, 'packet')})"
            words.append(f"{told} identical")
        if colors:
            words.append("colour tags equal")
        return "verified: " + ", ".join(words)

    def _error(self, what: str) -> VerificationError:
        return VerificationError(f"{self.report.path}: {what}")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
