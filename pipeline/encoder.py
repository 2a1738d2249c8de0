"""Writes painted pictures as a film: encodes them, carries all other streams over, ends atomically."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Self, cast

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from stylize_video.errors import OutputError, VerificationError
from stylize_video.pipeline import formats, holding, pixels
from stylize_video.pipeline.captions import CaptionWriter
from stylize_video.pipeline.carry import Carrier
from stylize_video.pipeline.clock import OutputClock
from stylize_video.pipeline.fields import TOP_FIRST, Labeller
from stylize_video.pipeline.frames import TimeRange, VideoInfo
from stylize_video.pipeline.interrupts import patient
from stylize_video.pipeline.palette import Palette
from stylize_video.pipeline.partial import PartialFile, output_errors
from stylize_video.pipeline.report import WriteReport
from stylize_video.pipeline.side_facts import STEREO_TAG

__all__ = ["EncoderOptions", "FileWriter", "WriteReport"]

# Of so few frames none is stored out of order, but x265 takes their decoding times from memory that it never
# wrote.
_TOO_FEW = 2
_BUFFER = 1 << 20  # bytes FFmpeg gathers before it calls Python to write them


Check = Callable[[Path, WriteReport], object]


@dataclass(frozen=True)
class EncoderOptions:
    """How to encode; None: what suits the container and the codec."""

    codec: str | None = None  # "h264", "vp9", ... or FFmpeg's name of an encoder
    crf: int | None = None  # quality, 0 is best; 17 for H.264
    preset: str | None = None  # speed, in the encoder's own words
    overwrite: bool = False
    pixel_format: str | None = None  # FFmpeg's name


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


def _decode_when_shown(packets: list[av.Packet[Any]]) -> None:
    for packet in packets:
        packet.dts = packet.pts


def _end_with_what_is_shown(packets: list[av.Packet[Any]]) -> None:
    """MP4 ends with the packet decoded last, which with B-frames is not the one shown last."""
    if packets:
        shown = max(packets, key=lambda packet: packet.pts or 0)
        packets[-1].duration = max(packets[-1].duration or 0, shown.duration or 0)


class FileWriter:
    """Encodes pictures into `path`, which appears only at `finish()`. A context manager.

    Attributes:
        pixel_format: what pictures handed to `write` must be in.
        color: how they must be coded, and are labelled.
        upright: whether they must be upright (the container can't store a rotation, or there is
            none) rather than in stored orientation.
        width, height: their size, px.
    """

    def __init__(
        self,
        path: Path,
        info: VideoInfo,
        options: EncoderOptions,
        *,
        clip: TimeRange | None = None,
    ) -> None:
        """Open source and output, and write the header.

        Raises:
            UsageError: unknown extension, codec or setting, or a codec the container can't hold.
            OutputExistsError: `path` exists and is not to be overwritten.
            OutputError: it can't be written, or the encoder refuses.
            InputError: the source can't be opened again.
        """
        clip = clip or TimeRange()
        self.path = path
        self._format, encoder = formats.check_output(path, options.codec)
        formats.check_quality(encoder, options.crf, options.preset)
        self._info = info
        self._encoder = encoder
        self._notes: list[str] = []
        self._choose(options)
        self._clock = OutputClock(self._format, info, clip)
        self._captions = CaptionWriter(av.Codec(encoder, "w").canonical_name)
        self._palette: Palette | None = None
        self._whole = False  # whether the file is finished, if only under its partial name
        self._container: OutputContainer | None = None
        self._carrier: Carrier | None = None
        self._file = PartialFile(path, overwrite=options.overwrite)
        try:
            self._carrier = Carrier(info.path, self._format, clip, info.timeline, info.stream)
            with output_errors(path):
                self._open(self._carrier, options)
        except BaseException:
            self.close()
            raise

    def _choose(self, options: EncoderOptions) -> None:
        """Settle size, pixel format, colour and fields of the pictures."""
        info = self._info
        self.upright = info.quarter_turns == 0 or not self._format.rotation
        stored = (info.coded_width, info.coded_height)
        self.width, self.height = (info.width, info.height) if self.upright else stored
        self.pixel_format = pixels.choose_pixel_format(
            self._encoder, info.pixel_format, info.bit_depth, options.pixel_format
        )
        self.color = pixels.output_color(info.color, self.pixel_format, self._encoder, info.coded_height)
        self._label: Labeller | None = None
        if info.first_field is not None and not (self.upright and info.quarter_turns % 2):
            self._choose_fields(info.first_field)
        self._coded = pixels.coded_size(
            self._encoder, self.pixel_format, self.width, self.height, fields=self._label is not None
        )
        if options.pixel_format is None and pixels.reduces_chroma(self._encoder, info.pixel_format):
            self._notes.append(
                f"stored as {self.pixel_format}, which players take, with a quarter of the colour samples; "
                "--pixel-format yuv444p keeps all of them"
            )
        if self._coded != (self.width, self.height):
            self._notes.append(
                f"{self.width}x{self.height} px can't be cut into {self.pixel_format}'s samples; the last "
                f"column or row is repeated, to {self._coded[0]}x{self._coded[1]}"
            )

    def _choose_fields(self, first: str) -> None:
        """Whether the output can say that it is interlaced, and which field comes first."""
        top = "top" if first == TOP_FIRST else "bottom"
        if formats.holds_fields(self._encoder):
            self._label = Labeller(first)
            how = f"the output is labelled so, {top} field first; --deinterlace makes whole frames"
        else:
            how = f"{self._encoder} can't say so; --deinterlace makes whole frames"
        self._notes.append(f"interlaced: both fields are painted as one; {how}")

    def write(self, picture: av.VideoFrame) -> None:
        """Encode `picture`, whose pts and time base are the source's; takes it over.

        Raises:
            OutputError: it can't be written; the partial file is gone.
        """
        if self._container is None:
            raise ValueError("the writer is closed")
        if self._format.is_picture and self._clock.times:
            raise OutputError(
                f"{self.path}: the input has more than one frame and {self.path.suffix} holds one; "
                "give an output with another extension, e.g. -o film.mp4"
            )
        self._check(picture)
        captions = self._info.captions.take(picture.pts)
        self._clock.stamp(picture)
        self._captions.add(picture.pts, captions)
        picture = pixels.padded(picture, *self._coded)
        if self._label is not None:
            picture = self._label(picture)
        # As labelled, for some encoders go by their frames.
        picture.colorspace, picture.color_range, picture.color_primaries, picture.color_trc = self.color
        # The decoder's choice; encoders would take it for an order.
        picture.pict_type = 0
        with self._failing():
            self._encode(picture)

    def finish(self, check: Check | None = None) -> WriteReport:
        """Write what is left, close, and give the file its name. A first Ctrl-C waits for that.

        Args:
            check: called with the finished file, still under its partial name, and the report. What
                it raises is raised here; the film is then kept beside the output, as `NAME.unverified.EXT`,
                and an earlier output is untouched. After a Ctrl-C, which says nothing against the film,
                the partial file stays.

        Raises:
            OutputError: it can't be written, or no frame was.
            VerificationError: `check` failed; says where the film is.
        """
        if not self._clock.times:
            self.close()
            raise OutputError(f"{self.path}: not one frame to write")
        with self._failing(), patient():
            self._complete(None)
        report = self._report()
        if check is not None:
            with self._failing():
                self._check_finished(check, report)
        self._file.commit()
        return report

    def _check_finished(self, check: Check, report: WriteReport) -> None:
        try:
            check(self._file.partial, report)
        except Exception as error:
            kept = self._file.keep_as("unverified")
            raise VerificationError(
                f"{error}; the finished film is kept as {kept}: look whether it will do"
            ) from error

    def keep_partial(self) -> Path | None:
        """End the film after the last frame written and leave it as the partial file.

        Where that lies, for it can be played; None, and nothing left, if no frame was written.
        After `finish` was interrupted that is the whole film, under whichever name it has by now.

        Raises:
            OutputError: it can't be written.
        """
        if self._whole:
            return self._file.keep()
        if self._container is None or not self._clock.times:
            self.close()
            return None
        with self._failing(), patient():
            self._complete(self._clock.end)
        return self._file.keep()

    def close(self) -> None:
        """Let go of everything; without `finish` or `keep_partial` the partial file goes too.

        Safe to call again.
        """
        self._file.discard()
        self._release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextmanager
    def _failing(self) -> Iterator[None]:
        """Errors as one line, and nothing left behind after any; only Ctrl-C spares a whole film."""
        try:
            with output_errors(self.path):
                yield
        except BaseException as error:
            if self._whole and isinstance(error, KeyboardInterrupt):
                self._file.keep()
            self.close()
            raise

    def _open(self, carrier: Carrier, options: EncoderOptions) -> None:
        film = None if carrier.film is None else carrier.film.index
        settings = holding.muxer_options(
            self._format, carrier.source, carrier.clip, self._info.beginning, film
        )
        self._edit_tick = holding.edit_tick(self._format, settings)
        container = av.open(
            self._file,
            "w",
            format=self._format.muxer,
            container_options=settings,
            metadata_errors="surrogateescape",
            buffer_size=_BUFFER,
        )
        self._container = container
        carrier.add_streams(container, lambda: self._add_film(container, carrier, options))
        container.start_encoding()

    def _add_film(self, container: OutputContainer, carrier: Carrier, options: EncoderOptions) -> None:
        settings = formats.encoder_options(
            self._encoder, options.crf, options.preset, self.width * self.height
        )
        settings |= self._captions.encoder_options
        if self._label is not None:
            settings |= formats.field_options(self._encoder, self._label.first)
        stream = cast(VideoStream, container.add_stream(self._encoder, self._info.rate, options=settings))
        codec = stream.codec_context
        codec.width, codec.height = self._coded
        codec.pix_fmt = self.pixel_format
        codec.time_base = stream.time_base = self._clock.time_base
        codec.colorspace, codec.color_range, codec.color_primaries, codec.color_trc = self.color
        codec.flags |= Flags.frame_duration  # how long the last one is shown follows from nothing else
        if not self._format.b_frames:
            codec.max_b_frames = 0
        if (tag := formats.codec_tag(self._format, self._encoder)) is not None:
            codec.codec_tag = tag
        if self._format.muxer == "gif":
            codec.pix_fmt = "pal8"
            self._palette = Palette(self.width, self.height, self._clock.time_base)
        self._add_shape(stream)
        self._open_encoder(codec)
        if carrier.film is not None:
            stream.metadata.update(holding.film_tags(carrier.film, self._format, carrier.clip))
            stream.disposition = carrier.film.disposition
            self._note_stereo(carrier.film)
        self._stream = stream

    def _note_stereo(self, film: VideoStream) -> None:
        kind = film.metadata.get(STEREO_TAG)
        if kind not in (None, "mono") and self._format.muxer not in ("matroska", "webm"):
            self._notes.append(
                f"stereoscopic video ({kind}): its label can't be written to {self._format.name}; "
                "players have to be told"
            )

    def _open_encoder(self, codec: VideoCodecContext) -> None:
        if self._encoder == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "1")  # errors only; it writes to stderr by itself
        messages: list[str] = []
        try:
            with _error_log(self._encoder, messages):
                codec.open()
        except av.FFmpegError as error:
            reason = messages[0] if messages else error.strerror
            raise OutputError(
                f"{self._encoder} can't be opened here for {self.width}x{self.height} {self.pixel_format} "
                f"({reason}); use another --codec, or leave it out for {self._format.codec}"
            ) from error

    def _add_shape(self, stream: VideoStream) -> None:
        """Aspect ratio and rotation."""
        aspect = self._info.sample_aspect_ratio
        turned = self.upright and self._info.quarter_turns % 2
        if aspect:
            stream.codec_context.sample_aspect_ratio = 1 / aspect if turned else aspect
            if aspect != 1 and not formats.holds_aspect(self._format, self._encoder):
                self._notes.append(
                    f"samples are {aspect.numerator}:{aspect.denominator}, not square: "
                    f"{self._encoder} in {self._format.name} can't say so; players show it distorted"
                )
        if not self._format.rotation:
            return
        if self._info.display_matrix is not None:
            stream.set_display_matrix(self._info.display_matrix)
        elif self._info.quarter_turns:
            stream.set_display_rotation(90 * self._info.quarter_turns)

    def _check(self, picture: av.VideoFrame) -> None:
        got = (picture.width, picture.height, picture.format.name)
        wanted = (self.width, self.height, self.pixel_format)
        if got != wanted:
            raise ValueError(f"picture is {got}, the writer takes {wanted}")

    def _encode(self, picture: av.VideoFrame | None) -> None:
        """Encode and mux; None drains."""
        if self._palette is None:
            packets = self._stream.encode(picture)
            if picture is None:
                if len(self._clock.times) <= _TOO_FEW:
                    _decode_when_shown(packets)
                _end_with_what_is_shown(packets)
            self._mux(packets)
            return
        for frame in self._palette.convert(picture):
            self._mux(self._stream.encode(frame))
        if picture is None:
            self._mux(self._stream.encode(None))

    def _mux(self, packets: list[av.Packet[Any]]) -> None:
        assert self._container is not None
        assert self._carrier is not None
        for packet in packets:
            # Whatever belongs before this frame goes first: so the file is interleaved well and
            # the muxer has nothing to hold back.
            if packet.dts is not None:
                self._carrier.mux_until(packet.dts * self._clock.time_base)
            self._container.mux_one(self._captions.put(packet))

    def _complete(self, end: Fraction | None) -> None:
        """Drain everything, write the trailer, bring it to the disk."""
        assert self._container is not None
        assert self._carrier is not None
        self._encode(None)
        self._carrier.finish(end)
        self._container.close()
        self._file.sync()
        self._whole = True
        self._release()

    def _release(self) -> None:
        """Close muxer and source. With the file closed already, the muxer writes no trailer."""
        container, self._container = self._container, None
        if container is not None:
            container.close()
        if self._carrier is not None:
            self._carrier.close()

    def _report(self) -> WriteReport:
        assert self._carrier is not None
        late = [note for note in (self._clock.note(), self._captions.note()) if note]
        notes = [*self._notes, *self._carrier.notes, *late]
        return WriteReport(
            self.path,
            self._format,
            self._clock.times,
            self._clock.time_base,
            self.color,
            self._carrier.report(),
            tuple(notes),
            self._edit_tick,
            self._stream.index,
            self._coded,
        )
