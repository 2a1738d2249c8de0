"""The decoded frames of a film file, in presentation order, each with its exact time."""

from __future__ import annotations

import contextlib
from array import array
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av

from stylize_video.errors import InputError
from stylize_video.pipeline import holding
from stylize_video.pipeline.frames import TimeRange
from stylize_video.pipeline.opening import open_media

if TYPE_CHECKING:
    Packet = av.Packet[Any]

_MICROSECOND = Fraction(1, 1_000_000)  # a container's own times are counted in these
_MISSING_TAIL = Fraction(1, 2)  # s by which a file may fall short of its header before we say so
_DEFAULT_RATE = Fraction(25)  # frames/s, where a file says nothing at all
_STEPS_BACK = (0, 2, 10)  # s to seek before the start, until a key frame is found there


@dataclass
class ReadingReport:
    """What was read, and what went wrong without stopping it."""

    times: array[int] = field(default_factory=lambda: array("q"))  # pts of each frame, source's ticks
    damaged: int = 0  # frames or packets decoded only in part, or not at all
    retimed: int = 0  # frames whose own time was missing or went backwards
    truncated: bool = False
    remarks: list[str] = field(default_factory=list)

    @property
    def notes(self) -> list[str]:
        """A line for each thing that is worth one."""
        lines = list(self.remarks)
        if self.damaged:
            lines.append(f"{self.damaged} damaged frames, decoded as far as they could be")
        if self.retimed:
            lines.append(
                f"{self.retimed} frames came without a time or out of order, and were given the next"
            )
        return lines


class FilmDecoder:
    """Demuxes and decodes the film in a file: its first video stream that is no cover.

    Args:
        path: the file.
        start: seconds after the film's beginning to start at.
        duration: seconds to read from there.

    Raises:
        InputError: no such file, a folder, not a film, or no video in it.
    """

    def __init__(self, path: Path, *, start: Fraction | None, duration: Fraction | None) -> None:
        self.path = path
        self.report = ReadingReport()
        self._waiting: deque[int] = deque()  # dts of packets without pts, for frames still to come
        self._open()
        self.time_base = self.stream.time_base or 1 / _DEFAULT_RATE
        self.rate = self.stream.guessed_rate or self.stream.average_rate or _DEFAULT_RATE
        self.beginning = (self._container.start_time or 0) * _MICROSECOND  # s
        self.length = (self._container.duration or 0) * _MICROSECOND  # s, as the header has it; or 0
        self.clip = _time_range(self.beginning, start, duration)
        self._ahead: list[Packet] = []
        if self.clip.start is not None:
            self._seek(self.clip.start)

    def frames(self) -> Iterator[av.VideoFrame]:
        """The clip's frames, each with a time later than the one before. The decoder is drained."""
        step = max(1, round(1 / (self.rate * self.time_base)))
        last: int | None = None
        for picture in self._decoded():
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

    def close(self) -> None:
        """Let go of the file. Safe to call again."""
        self._container.close()

    def _open(self) -> None:
        self._container = _open(self.path)
        if self._container.format.name == "avi":
            # AVI has no presentation times: a frame's is its place. FFmpeg would guess them.
            self._container.close()
            self._container = _open(self.path, {"fflags": "nofillin"})
        try:
            self.stream = _film_stream(self._container, self.path)
        except BaseException:
            self._container.close()
            raise
        self.stream.thread_type = "AUTO"

    def _seek(self, time: Fraction) -> None:
        """Go to a key frame at or before `time`; where there is none to be found, to the beginning."""
        for back in _STEPS_BACK:
            with contextlib.suppress(av.FFmpegError):
                self._container.seek(int((time - back) / self.time_base), stream=self.stream)
                if self._lands_on_key_frame(time):
                    return
        self._container.close()
        self._ahead = []
        self._open()

    def _lands_on_key_frame(self, time: Fraction) -> bool:
        for packet in self._container.demux(self.stream):
            if packet.size:
                self._ahead = [packet]
                at = packet.pts if packet.pts is not None else packet.dts
                return packet.is_keyframe and at is not None and at * self.time_base <= time
        return False

    def _decoded(self) -> Iterator[av.VideoFrame]:
        count, end = 0, Fraction(0)
        for packet in chain(self._ahead, self._packets()):
            # The other streams' packets only tell where the file really ends.
            end = max(end, _end_of(packet))
            if packet.stream is self.stream:
                count += packet.size > 0
                yield from self._decode(packet)
        self._look_for_missing_tail(count, end)

    def _packets(self) -> Iterator[Packet]:
        try:
            yield from self._container.demux()
        except av.FFmpegError as error:
            self.report.truncated = True
            self.report.remarks.append(
                f"{self.path}: the file breaks off ({error.strerror}); all frames before that are kept"
            )
            drain: Packet = av.Packet()
            drain.stream = self.stream
            yield drain

    def _decode(self, packet: Packet) -> list[av.VideoFrame]:
        if packet.size and packet.pts is None and packet.dts is not None:
            self._waiting.append(packet.dts)
        try:
            pictures = self.stream.decode(packet if packet.size else None)
        except av.error.EOFError:
            return []
        except av.FFmpegError:
            self.report.damaged += 1
            return []
        for picture in pictures:
            self.report.damaged += picture.is_corrupt
            if picture.pts is None and self._waiting:
                # Shown in order, one a slot: the first frame out takes the first packet's slot.
                picture.pts = self._waiting.popleft()
        return pictures

    def _look_for_missing_tail(self, packets: int, end: Fraction) -> None:
        if self.report.truncated or self.clip != TimeRange():
            return
        promised = self.beginning + self.length
        # AVI counts empty slots as frames.
        fewer = packets < self.stream.frames and self._container.format.name != "avi"
        if fewer or promised - end > _MISSING_TAIL:
            self.report.truncated = True
            self.report.remarks.append(
                f"{self.path}: the file ends before the {float(promised):.1f} s its header promises; "
                "all frames there are were read"
            )


def _time_range(beginning: Fraction, start: Fraction | None, duration: Fraction | None) -> TimeRange:
    begin = beginning + (start or 0)
    return TimeRange(begin if start else None, None if duration is None else begin + duration)


def _open(path: Path, options: dict[str, str] | None = None) -> av.container.InputContainer:
    try:
        return open_media(path, options)
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error


def _film_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    stream = holding.film_stream(container)
    if stream is not None:
        if stream.codec_context is None:
            raise InputError(f"{path}: its video codec is unknown to FFmpeg")
        return stream
    kinds = sorted({stream.type for stream in container.streams})
    raise InputError(f"{path}: no video in it, only {' and '.join(kinds) or 'an empty container'}")


def _end_of(packet: Packet) -> Fraction:
    """Where a packet ends, in seconds; 0 if it does not say."""
    time = packet.pts if packet.pts is not None else packet.dts
    if time is None or packet.time_base is None:
        return Fraction(0)
    return (time + (packet.duration or 0)) * packet.time_base
