"""Pictures in, packets out: the encoder of one stream, whatever else its container holds."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import TYPE_CHECKING, Any, cast

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from stylize_video.errors import OutputError
from stylize_video.pipeline.carried.captions import CaptionWriter
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.planes.palette import Palette
from stylize_video.pipeline.sinks.coding import Coding
from stylize_video.process import priority

if TYPE_CHECKING:
    Packets = list[av.Packet[Any]]

# Of so few frames none is stored out of order, but x265 takes their decoding times from memory that it never
# wrote.
_TOO_FEW = 2


class PictureEncoder:
    """Encodes stamped pictures, with the captions that belong to them.

    Attributes:
        stream: where its packets go; there once it was added to an output.
        time_base: s a tick of their times.
    """

    stream: VideoStream

    def __init__(self, coding: Coding, time_base: Fraction) -> None:
        """For pictures that are coded like that, with times in `time_base` (s)."""
        self._coding = coding
        self.time_base = time_base
        self._captions = CaptionWriter(av.Codec(coding.encoder, "w").canonical_name)
        self._count = 0
        self._palette: Palette | None = None
        if coding.container.muxer == "gif":
            self._palette = Palette(coding.width, coding.height, time_base)

    def note(self) -> str | None:
        """What became of the captions, if they are not all there."""
        return self._captions.note()

    def add_to(self, output: OutputContainer) -> None:
        """Make the stream in an output of the container that all was settled for, and open the encoder.

        Raises:
            OutputError: the encoder can't be opened.
        """
        coding = self._coding
        settings = coding.settings() | self._captions.encoder_options
        self.stream = cast(VideoStream, output.add_stream(coding.encoder, coding.rate, options=settings))
        codec = self.stream.codec_context
        codec.width, codec.height = coding.size
        codec.pix_fmt = "pal8" if self._palette is not None else coding.pixel_format
        codec.time_base = self.stream.time_base = self.time_base
        codec.colorspace, codec.color_range, codec.color_primaries, codec.color_trc = coding.color
        codec.flags |= Flags.frame_duration  # how long the last one is shown follows from nothing else
        if not coding.container.b_frames:
            codec.max_b_frames = 0
        if (tag := formats.codec_tag(coding.container, coding.encoder)) is not None:
            codec.codec_tag = tag
        self._add_shape()
        self._open(codec)

    def encode(self, picture: av.VideoFrame, captions: bytes | None = None) -> Iterator[Packets]:
        """Encode a picture that has its time; yields what is ready, a few packets at once or none."""
        self._count += 1
        self._captions.add(picture.pts, captions)
        picture = self._coding.prepared(picture)
        if self._palette is None:
            yield self._put(self.stream.encode(picture))
            return
        for frame in self._palette.convert(picture):
            yield self._put(self.stream.encode(frame))

    @property
    def captions_lost(self) -> int:
        """Of how many frames captions could not be kept."""
        return self._captions.lost

    @captions_lost.setter
    def captions_lost(self, count: int) -> None:
        self._captions.lost = count

    def drain(self, *, last: bool = True) -> Iterator[Packets]:
        """The rest. No picture may come after it, unless another encoder goes on and it is not the `last`."""
        if not self._count:
            return
        if self._palette is not None:
            for frame in self._palette.convert(None):
                yield self._put(self.stream.encode(frame))
            yield self._put(self.stream.encode(None))
            return
        packets = self.stream.encode(None)
        if self._count <= _TOO_FEW:
            _decode_when_shown(packets)
        if last:
            _end_with_what_is_shown(packets)
        yield self._put(packets)

    def _put(self, packets: Packets) -> Packets:
        return [self._captions.put(packet) for packet in packets]

    def _add_shape(self) -> None:
        """Aspect ratio and rotation."""
        coding = self._coding
        if coding.aspect:
            self.stream.codec_context.sample_aspect_ratio = coding.aspect
        if not coding.container.rotation:
            return
        if coding.display_matrix is not None:
            self.stream.set_display_matrix(coding.display_matrix)
        elif coding.quarter_turns:
            self.stream.set_display_rotation(90 * coding.quarter_turns)

    def _open(self, codec: VideoCodecContext) -> None:
        coding = self._coding
        if coding.encoder == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "1")  # errors only; it writes to stderr by itself
        messages: list[str] = []
        try:
            with _error_log(coding.encoder, messages), priority.kept():
                codec.open()
        except av.FFmpegError as error:
            reason = messages[0] if messages else error.strerror
            raise OutputError(
                f"{coding.encoder} can't be opened here for {coding.width}x{coding.height} "
                f"{coding.pixel_format} ({reason}); use another `codec`, or leave it out for "
                f"{coding.container.codec}"
            ) from error


def _decode_when_shown(packets: Packets) -> None:
    for packet in packets:
        packet.dts = packet.pts


def _end_with_what_is_shown(packets: Packets) -> None:
    """MP4 ends with the packet decoded last, which with B-frames is not the one shown last."""
    if packets:
        shown = max(packets, key=lambda packet: packet.pts or 0)
        packets[-1].duration = max(packets[-1].duration or 0, shown.duration or 0)


@contextmanager
def _error_log(name: str, messages: list[str]) -> Iterator[None]:
    """Collect what FFmpeg's `name` says of an error, which its error codes don't tell."""
    level, skips = av.logging.get_level(), av.logging.get_skip_repeated()
    av.logging.set_level(av.logging.ERROR)
    av.logging.set_skip_repeated(False)
    try:
        with av.logging.Capture() as log:
            try:
                yield
            finally:
                messages += [text.strip().rstrip(".:") for _, source, text in log if source == name]
    finally:
        av.logging.set_level(level)
        av.logging.set_skip_repeated(skips)
