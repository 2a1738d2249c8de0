"""The decoded frames of a film file, in presentation order, each with its exact time."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import av
from av.codec.codec import Capabilities
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from stylize_video.errors import InputError
from stylize_video.pipeline.containers import limits, streams
from stylize_video.pipeline.planes import transparency
from stylize_video.pipeline.sources import missing_frames
from stylize_video.pipeline.sources.film_demuxer import FilmDemuxer
from stylize_video.pipeline.sources.missing_frames import MissingFrames
from stylize_video.pipeline.sources.report import ReadingReport
from stylize_video.pipeline.time_range import TimeRange

if TYPE_CHECKING:
    Packet = av.Packet[Any]

_MISSING_TAIL = Fraction(1, 2)  # s by which a file may fall short of its header before we say so
_JPEG_FILES = ("image2", "jpeg_pipe")
_FAR = 60  # s of film that may be decoded once more; beyond that, a key frame is sought
_WARM_UP = 2  # s before the last good frame to go on at


class _DamageError(Exception):
    """A packet can't be decoded, or gave no frame."""


class FilmDecoder:
    """Demuxes and decodes the film in a file, or the one of several that `track_choice` takes.

    Args:
        path: the file.
        start: seconds after the film's beginning to start at.
        duration: seconds to read from there.
        track: which of its films, from 1 on; None: the one that is most likely meant.

    Raises:
        InputError: no such file, a folder, not a film, or no video in it.
        UsageError: no film of that number.
    """

    def __init__(
        self, path: Path, *, start: Fraction | None, duration: Fraction | None, track: int | None = None
    ) -> None:
        self.path = path
        self.report = ReadingReport()
        self._waiting: deque[int] = deque()  # dts of packets without pts, for frames still to come
        self._thread_type: Literal["AUTO", "SLICE"] = "AUTO"
        film = self.demuxer = FilmDemuxer(path, track)
        self.report.remarks += film.timeline.notes
        self.time_base, self.rate = film.time_base, film.rate
        self.clip = _time_range(film.beginning, start, duration)
        if self.clip.start is not None:
            film.seek(self.clip.start)
        self._codec = self._make_codec()
        self._missing = self._await(self.clip.start)

    @property
    def stream(self) -> VideoStream:
        """The film in the file."""
        return self.demuxer.stream

    def frames(self) -> Iterator[av.VideoFrame]:
        """The clip's frames, each with a time later than the one before. The decoder is drained."""
        step = max(1, round(1 / (self.rate * self.time_base)))
        last: int | None = None
        for picture in self._pictures():
            if picture.pts is None or (last is not None and picture.pts <= last):
                # An elementary stream has no times at all; that is no fault of single frames.
                self.report.retimed += picture.pts is not None
                picture.pts = 0 if last is None else last + (step if picture.pts is None else 1)
            last = picture.pts
            time = picture.pts * self.time_base
            if self.clip.end is not None and time >= self.clip.end:
                return
            if self.clip.holds(time):
                self.report.times.append(picture.pts)
                yield picture

    def frames_from(self, pts: int) -> Iterator[av.VideoFrame]:
        """The clip's frames from the one at `pts` ticks on, sought from a key frame well before it.

        Decoders that are sent the film from there give the same frames, unless the file lies about which
        frames are key frames, or is damaged: who needs them to be the same compares.
        """
        self._waiting.clear()
        self.demuxer.reopen()
        self.demuxer.seek(pts * self.time_base - _WARM_UP)
        self._codec = self._make_codec()
        self._missing = self._await(pts * self.time_base)
        return (picture for picture in self.frames() if picture.pts is not None and picture.pts >= pts)

    @property
    def aspect(self) -> Fraction | None:
        """Of the samples of the frame decoded last, width by height; None if nothing is said."""
        return self._codec.sample_aspect_ratio or self.stream.sample_aspect_ratio or None

    def close(self) -> None:
        """Let go of the file. Safe to call again."""
        self.demuxer.close()

    def _make_codec(self) -> VideoCodecContext:
        codec = transparency.decoder_with_alpha(self.stream) or self.stream.codec_context
        codec.thread_type = self._thread_type
        codec.options = limits.CODEC_OPTIONS
        return codec

    def _pictures(self) -> Iterator[av.VideoFrame]:
        """Everything decoded; from where damage shows on without frame threads, which lose frames by it."""
        count, last = 0, None
        try:
            for picture in self._decoded():
                count, last = count + 1, picture.pts
                yield picture
        except _DamageError:
            try:
                self._begin_again(last)
            except InputError:
                if not count:
                    raise
                self.report.truncated = True  # it was whole when it was opened; what came of it is kept
                self.report.remarks.append(f"the file changed while it was read; it gave {count} frames")
                return
        else:
            return
        for number, picture in enumerate(self._decoded()):
            if number >= count if picture.pts is None or last is None else picture.pts > last:
                yield picture

    def _begin_again(self, last: int | None) -> None:
        """Decode the film from its beginning, or from before the frame with the pts `last`."""
        self._thread_type = "SLICE"
        self._waiting.clear()
        self.demuxer.reopen()
        self.report.damaged = self.report.undecoded = 0
        time = self.clip.start
        if last is not None:
            before = last * self.time_base - _WARM_UP
            time = before if before > self.demuxer.beginning + _FAR else time
        if time is not None:
            self.demuxer.seek(time)
        self._codec = self._make_codec()
        self._missing = self._await(None if last is None else last * self.time_base)

    def _await(self, time: Fraction | None) -> MissingFrames:
        """What counts the frames from `time` (s) on that don't come."""
        first = None if time is None else math.ceil(time / self.time_base)
        return MissingFrames(streams.codec_name(self.stream), 1 / (self.rate * self.time_base), first)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        count, end = 0, Fraction(0)
        for packet in self._packets():
            # The other streams' packets only tell where the file really ends.
            end = max(end, _end_of(packet))
            if packet.stream is self.stream:
                count += not _is_end(packet)
                yield from self._decode(packet)
        self._note_missing(self._missing.ended())
        self._look_for_missing_tail(count, end)

    def _packets(self) -> Iterator[Packet]:
        try:
            yield from self.demuxer.packets()
        except av.FFmpegError as error:
            if not self.report.truncated:
                self.report.remarks.append(self._breaks_off(error))
            self.report.truncated = True
            drain: Packet = av.Packet()
            drain.stream = self.stream
            yield drain

    def _breaks_off(self, error: av.FFmpegError) -> str:
        return f"{self.path}: the file breaks off ({error.strerror}); all frames before that are kept"

    def _decode(self, packet: Packet) -> list[av.VideoFrame]:
        if not packet.size and not _is_end(packet):
            return []  # Theora's way to say that the frame before is shown on
        self._missing.sent(packet)
        if packet.size and packet.pts is None and packet.dts is not None:
            self._waiting.append(packet.dts)
        try:
            pictures = self._codec.decode(packet if packet.size else None)
        except av.error.EOFError:
            return []
        except av.FFmpegError:
            self.report.damaged += 1
            self.report.undecoded += 1
            self._look_closer()
            return []
        self.report.damaged += self._is_cut_short(packet)
        for picture in pictures:
            self._note_missing(self._missing.came(picture))
            if picture.is_corrupt:
                self.report.damaged += 1
                self._look_closer()
            if picture.pts is None and self._waiting:
                # Shown in order, one a slot: the first frame out takes the first packet's slot.
                picture.pts = self._waiting.popleft()
        return pictures

    def _is_cut_short(self, packet: Packet) -> bool:
        """Whether this is a JPEG file that breaks off; the decoder makes the rest grey, and says nothing."""
        is_file = self.demuxer.format in _JPEG_FILES and streams.codec_name(self.stream) == "mjpeg"
        return is_file and packet.size > 0 and missing_frames.is_cut_jpeg(bytes(packet))

    def _note_missing(self, count: int) -> None:
        if count:
            self._look_closer()
        self.report.missing = self._missing.count

    def _look_closer(self) -> None:
        """Have the film decoded again if the way it is decoded may have made damage worse."""
        codec = self._codec.codec
        if self._thread_type == "AUTO" and codec.capabilities & Capabilities.frame_threads:
            raise _DamageError

    def _look_for_missing_tail(self, packets: int, end: Fraction) -> None:
        if self.report.truncated or self.clip != TimeRange():
            return
        promised = self.demuxer.beginning + self.demuxer.length
        # AVI counts empty slots as frames.
        fewer = (
            self.demuxer.begins_with_first and packets < self.stream.frames and self.demuxer.format != "avi"
        )
        if fewer or promised - end > _MISSING_TAIL:
            self.report.truncated = True
            self.report.remarks.append(
                f"{self.path}: the file ends before the {float(promised):.1f} s its header promises; "
                "all frames there are were read"
            )


def _time_range(beginning: Fraction, start: Fraction | None, duration: Fraction | None) -> TimeRange:
    begin = beginning + (start or 0)
    return TimeRange(begin if start else None, None if duration is None else begin + duration)


def _is_end(packet: Packet) -> bool:
    """Whether this is no packet of the file, but PyAV's word that no more follow."""
    return not packet.size and packet.pts is None and packet.dts is None


def _end_of(packet: Packet) -> Fraction:
    """Where a packet ends, in seconds; 0 if it does not say."""
    time = packet.pts if packet.pts is not None else packet.dts
    if time is None or packet.time_base is None:
        return Fraction(0)
    return (time + (packet.duration or 0)) * packet.time_base
