"""A film file as frames: each one exactly once, in presentation order, with its exact time."""

from __future__ import annotations

import contextlib
import math
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, cast

import av
from av.sidedata.sidedata import Type as SideDataType

from stylize_video.errors import InputError
from stylize_video.pipeline import color
from stylize_video.pipeline.color import ColorConverter, Planarizer
from stylize_video.pipeline.frames import ColorTags, Frame, TimeRange, VideoInfo

if TYPE_CHECKING:
    Packet = av.Packet[Any]

_PICTURE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff"})
_MICROSECOND = Fraction(1, 1_000_000)  # a container's own times are counted in these
_MISSING_TAIL = Fraction(1, 2)  # s by which a file may fall short of its header before we say so
_DEFAULT_RATE = Fraction(25)


@dataclass
class ReadingReport:
    """What went wrong while reading, without stopping it."""

    damaged: int = 0  # frames or packets decoded only in part, or not at all
    retimed: int = 0  # frames whose own time was missing or went backwards
    truncated: bool = False
    notes: list[str] = field(default_factory=list)


class FileReader:
    """Reads one video stream of a file. A context manager; `frames` may run in another thread.

    Args:
        path: the film, or a picture, which is taken for a film of one frame.
        start: seconds after the film's beginning to start at.
        duration: seconds to read from there.
        max_size: longest side in px of the frames; larger ones are shrunk, none is enlarged.
        keep_source: keep each frame's original planes in `Frame.source`.
        upright: store frames as they are seen, for an output that can't hold a rotation.

    Raises:
        InputError: no such file, a folder, not a film, no video in it, or nothing decodable.
    """

    def __init__(
        self,
        path: Path,
        *,
        start: Fraction | None = None,
        duration: Fraction | None = None,
        max_size: int | None = None,
        keep_source: bool = False,
        upright: bool = False,
    ) -> None:
        if max_size is not None and max_size < 16:
            raise ValueError(f"{max_size = } px must be at least 16")
        self.report = ReadingReport()
        self._keep_source = keep_source
        self._path = path
        self._container = _open(path)
        try:
            self._stream = _film_stream(self._container, path)
            self._stream.thread_type = "AUTO"
            self._time_base = self._stream.time_base or 1 / _DEFAULT_RATE
            self._rate = self._stream.guessed_rate or self._stream.average_rate or _DEFAULT_RATE
            self.clip = self._time_range(start, duration)
            self._pictures = self._timed(self._decode())
            self._first = next(self._pictures, None)
            if self._first is None:
                raise InputError(f"{path}: {self._why_empty()}")
            self.info = self._describe(self._first, max_size, upright=upright)
        except BaseException:
            self.close()
            raise
        self._planarize = Planarizer(
            self.info.pixel_format,
            *_fit(self._first.width, self._first.height, max_size),
            turns=_turns(self._first) if upright else 0,
        )
        self._converter = ColorConverter(self.info.color, self.info.coded_height, self.info.quarter_turns)

    def frames(self) -> Iterator[Frame]:
        """All frames of the clip, once. The decoder is drained at the end."""
        for picture in self._all_pictures():
            assert picture.pts is not None  # `_timed` gave it one
            planes = self._planarize(picture)
            yield Frame(
                self._converter.pixels(planes),
                picture.pts,
                self.info.time_base,
                planes if self._keep_source else None,
            )

    def close(self) -> None:
        """Let go of the file. Safe to call again."""
        self._container.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _time_range(self, start: Fraction | None, duration: Fraction | None) -> TimeRange:
        if start is None and duration is None:
            return TimeRange()
        beginning = (self._container.start_time or 0) * _MICROSECOND
        begin = beginning + (start or 0)
        if start:
            self._seek(begin)
        end = None if duration is None else begin + duration
        return TimeRange(begin if start else None, end)

    def _seek(self, time: Fraction) -> None:
        with contextlib.suppress(av.FFmpegError):  # not seekable: read from the beginning instead
            self._container.seek(int(time / self._time_base), stream=self._stream)

    def _all_pictures(self) -> Iterator[av.VideoFrame]:
        if self._first is not None:
            yield self._first
        self._first = None
        yield from self._pictures

    def _timed(self, pictures: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
        """Frames of the clip, each with a time of its own, later than the one before."""
        step = max(1, round(1 / (self._rate * self._time_base)))
        last: int | None = None
        for picture in pictures:
            if picture.pts is None or (last is not None and picture.pts <= last):
                picture.pts = 0 if last is None else last + (step if picture.pts is None else 1)
                self.report.retimed += 1
            last = picture.pts
            time = picture.pts * self._time_base
            if self.clip.end is not None and time >= self.clip.end:
                return
            if self.clip.holds(time):
                yield picture

    def _decode(self) -> Iterator[av.VideoFrame]:
        packets, end = 0, Fraction(0)
        for packet in self._packets():
            if packet.stream is not self._stream:
                end = max(end, _end_of(packet))
                continue
            packets += packet.size > 0
            end = max(end, _end_of(packet))
            yield from self._decode_packet(packet)
        self._look_for_missing_tail(packets, end)

    def _packets(self) -> Iterator[Packet]:
        # The other streams' packets only tell where the file really ends.
        try:
            yield from self._container.demux()
        except av.FFmpegError as error:
            self.report.truncated = True
            self.report.notes.append(
                f"{self._path}: the file breaks off ({error.strerror}); all frames before that are kept"
            )
            yield from self._drain()

    def _drain(self) -> Iterator[Packet]:
        packet = av.Packet()
        packet.stream = self._stream
        yield packet

    def _decode_packet(self, packet: Packet) -> Iterator[av.VideoFrame]:
        try:
            pictures = self._stream.decode(packet if packet.size else None)
        except av.error.EOFError:
            return
        except av.FFmpegError:
            self.report.damaged += 1
            return
        self.report.damaged += sum(picture.is_corrupt for picture in pictures)
        yield from pictures

    def _look_for_missing_tail(self, packets: int, end: Fraction) -> None:
        if self.report.truncated or self.clip != TimeRange():
            return
        promised = (self._container.duration or 0) * _MICROSECOND
        promised += (self._container.start_time or 0) * _MICROSECOND
        if packets < self._stream.frames or promised - end > _MISSING_TAIL:
            self.report.truncated = True
            self.report.notes.append(
                f"{self._path}: the file ends before the {float(promised):.1f} s its header promises; "
                "all frames there are were read"
            )

    def _why_empty(self) -> str:
        if self.clip.start is not None:
            return "no frame at or after --start; the film is shorter"
        return "holds a video stream but not one frame that can be decoded"

    def _describe(self, picture: av.VideoFrame, max_size: int | None, *, upright: bool) -> VideoInfo:
        tags = color.tags_of(picture)
        name = picture.format.name
        pixel_format = color.planar_format(name)
        if color.is_hdr(tags):
            self.report.notes.append(f"{self._path}: HDR is converted to BT.709 SDR")
            pixel_format = color.SDR_FORMAT
            tags = ColorTags(color.BT709, color.LIMITED, color.BT709, color.BT709)
        elif not tags.range and name.startswith("yuvj"):
            tags = tags._replace(range=color.FULL)
        if name in _ALPHA_FORMATS:
            self.report.notes.append(f"{self._path}: transparency is left out")
        if picture.interlaced_frame:
            self.report.notes.append(f"{self._path}: interlaced; both fields are painted as one")
        width, height = _fit(picture.width, picture.height, max_size)
        aspect = self._stream.sample_aspect_ratio or None
        turns = _turns(picture)
        if upright and turns % 2:
            pixel_format = color.turnable_format(pixel_format)
            width, height = height, width
            aspect = 1 / aspect if aspect else None
        return VideoInfo(
            path=self._path,
            coded_width=width,
            coded_height=height,
            quarter_turns=0 if upright else turns,
            display_matrix=None if upright else _display_matrix(picture),
            sample_aspect_ratio=aspect,
            time_base=self._time_base,
            rate=self._rate,
            pixel_format=pixel_format,
            bit_depth=color.bit_depth(pixel_format),
            color=tags,
            frame_count=self._frame_count(),
            is_picture=self._path.suffix.lower() in _PICTURE_SUFFIXES,
        )

    def _frame_count(self) -> int | None:
        """How many frames there will be, as far as the header knows."""
        whole = (self._container.duration or 0) * _MICROSECOND
        if self.clip == TimeRange():
            return self._stream.frames or (round(whole * self._rate) or None)
        beginning = (self._container.start_time or 0) * _MICROSECOND
        begin = self.clip.start if self.clip.start is not None else beginning
        end = beginning + whole if self.clip.end is None else self.clip.end
        if whole:
            end = min(end, beginning + whole)
        return max(1, math.ceil((end - begin) * self._rate))


_ALPHA_FORMATS = frozenset(
    name
    for name in av.video.frame.supported_np_pix_fmts | {"yuva420p", "yuva422p", "yuva444p"}
    if name.startswith(("yuva", "rgba", "bgra", "argb", "abgr", "gbrap", "ya8", "ya16"))
)


def _open(path: Path) -> av.container.InputContainer:
    if path.is_dir():
        raise InputError(f"{path}: is a folder; give a film or a picture")
    if not path.exists():
        raise InputError(f"{path}: no such file")
    try:
        return av.open(str(path), metadata_errors="replace")
    except av.error.InvalidDataError as error:
        raise InputError(f"{path}: not a film or a picture that FFmpeg can read") from error
    except (av.FFmpegError, OSError) as error:
        raise InputError(f"{path}: can't be read ({error.strerror})") from error


def _film_stream(container: av.container.InputContainer, path: Path) -> av.VideoStream:
    for stream in container.streams.video:
        if not stream.disposition & av.stream.Disposition.attached_pic:
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


def _fit(width: int, height: int, max_size: int | None) -> tuple[int, int]:
    """Shrink to `max_size` px on the longer side, to even numbers."""
    if max_size is None or max(width, height) <= max_size:
        return width, height
    scale = Fraction(max_size, max(width, height))
    return tuple(max(2, round(side * scale / 2) * 2) for side in (width, height))  # type: ignore[return-value]


def _turns(picture: av.VideoFrame) -> int:
    """Quarter turns anticlockwise that bring a picture upright; 0 if it is turned by another angle."""
    return picture.rotation // 90 % 4 if picture.rotation % 90 == 0 else 0


def _display_matrix(picture: av.VideoFrame) -> tuple[int, ...] | None:
    try:
        data = cast(Any, picture.side_data).get(SideDataType.DISPLAYMATRIX)
    except ValueError:  # PyAV 18 does not know EXIF, and then shows no side data at all
        return None
    return None if data is None else struct.unpack("=9i", bytes(data))
