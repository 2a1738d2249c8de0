"""How painted pictures are coded: size, pixel format, colour and fields, and the stream that says so."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from typing import cast

import av
from av.codec.context import Flags
from av.container import OutputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from stylize_video.errors import OutputError
from stylize_video.pipeline.containers import formats, holding
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.frames import TimeRange, VideoInfo
from stylize_video.pipeline.planes import pixels
from stylize_video.pipeline.planes.fields import TOP_FIRST, Labeller
from stylize_video.pipeline.planes.side_facts import STEREO_TAG
from stylize_video.process import priority


@dataclass(frozen=True)
class EncoderOptions:
    """How to encode; None: what suits the container and the codec."""

    codec: str | None = None  # "h264", "vp9", ... or FFmpeg's name of an encoder
    crf: int | None = None  # quality, 0 is best; 17 for H.264
    preset: str | None = None  # speed, in the encoder's own words
    overwrite: bool = False
    pixel_format: str | None = None  # FFmpeg's name


class Coding:
    """What an encoder is given, as is settled before there is an output.

    Attributes:
        pixel_format, color, upright, width, height: of the pictures it takes, as in `FileWriter`.
        size: px, as they are encoded.
        notes: a line for whatever is not as in the source.
    """

    def __init__(self, info: VideoInfo, container: Container, encoder: str, options: EncoderOptions) -> None:
        """Choose.

        Raises:
            UsageError: a setting or a pixel format that the encoder does not take.
        """
        formats.check_quality(encoder, options.crf, options.preset)
        self._info = info
        self._format = container
        self._encoder = encoder
        self._options = options
        self.notes: list[str] = []
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
        self.size = pixels.coded_size(
            self._encoder, self.pixel_format, self.width, self.height, fields=self._label is not None
        )
        if options.pixel_format is None and pixels.reduces_chroma(self._encoder, info.pixel_format):
            self._note_chroma()
        if self.size != (self.width, self.height):
            self.notes.append(
                f"{self._encoder} can't store {self.width}x{self.height} px in {self.pixel_format}; the last "
                f"column or row is repeated, to {self.size[0]}x{self.size[1]}"
            )

    def _note_chroma(self) -> None:
        """Say that colours are stored coarser than they were, and how they are not."""
        more = "`codec` h264 `pixel_format` yuv444p keeps"
        if pixels.has_whole_chroma(self._encoder):
            more = "`pixel_format` yuv444p keeps"
        elif self._format.muxer == "webm":
            more = "`codec` vp9 `pixel_format` yuv444p keeps"
        self.notes.append(
            f"stored as {self.pixel_format}, which players take, with a quarter of the colour samples; "
            f"{more} all of them"
        )

    def _choose_fields(self, first: str) -> None:
        """Whether the output can say that it is interlaced, and which field comes first."""
        top = "top" if first == TOP_FIRST else "bottom"
        if formats.holds_fields(self._encoder):
            self._label = Labeller(first)
            how = f"the output is labelled so, {top} field first; `deinterlace` makes whole frames"
        else:
            how = f"{self._encoder} can't say so; `deinterlace` makes whole frames"
        self.notes.append(f"interlaced: both fields are painted as one; {how}")

    def check(self, picture: av.VideoFrame) -> None:
        """See whether a picture is one that was settled on.

        Raises:
            ValueError: its size or format is another.
        """
        got = (picture.width, picture.height, picture.format.name)
        wanted = (self.width, self.height, self.pixel_format)
        if got != wanted:
            raise ValueError(f"picture is {got}, the writer takes {wanted}")

    def prepared(self, picture: av.VideoFrame) -> av.VideoFrame:
        """A picture as the encoder is to have it: filled up to its size, and labelled."""
        picture = pixels.padded(picture, *self.size)
        if self._label is not None:
            picture = self._label(picture)
        # As labelled, for some encoders go by their frames.
        picture.colorspace, picture.color_range, picture.color_primaries, picture.color_trc = self.color
        # The decoder's choice; encoders would take it for an order.
        picture.pict_type = 0
        return picture

    def add_stream(
        self, output: OutputContainer, time_base: Fraction, further: Mapping[str, str]
    ) -> VideoStream:
        """A stream in `output` whose encoder is open.

        Args:
            output: of the container for which all was settled.
            time_base: s.
            further: more options for the encoder.

        Raises:
            OutputError: the encoder can't be opened.
        """
        options = self._options
        settings = formats.encoder_options(
            self._encoder, options.crf, options.preset, self.width * self.height
        )
        settings |= further
        if self._label is not None:
            settings |= formats.field_options(self._encoder, self._label.first)
        stream = cast(VideoStream, output.add_stream(self._encoder, self._info.rate, options=settings))
        codec = stream.codec_context
        codec.width, codec.height = self.size
        codec.pix_fmt = "pal8" if self._format.muxer == "gif" else self.pixel_format
        codec.time_base = stream.time_base = time_base
        codec.colorspace, codec.color_range, codec.color_primaries, codec.color_trc = self.color
        codec.flags |= Flags.frame_duration  # how long the last one is shown follows from nothing else
        if not self._format.b_frames:
            codec.max_b_frames = 0
        if (tag := formats.codec_tag(self._format, self._encoder)) is not None:
            codec.codec_tag = tag
        self._add_shape(stream)
        self._open_encoder(codec)
        return stream

    def dress(self, stream: VideoStream, film: VideoStream, clip: TimeRange) -> None:
        """Give the stream the tags and labels of the film that was painted, as far as its container can."""
        stream.metadata.update(holding.film_tags(film, self._format, clip))
        stream.disposition = film.disposition
        kind = film.metadata.get(STEREO_TAG)
        if kind not in (None, "mono") and self._format.muxer not in ("matroska", "webm"):
            self.notes.append(
                f"stereoscopic video ({kind}): its label can't be written to {self._format.name}; "
                "players have to be told"
            )

    def _add_shape(self, stream: VideoStream) -> None:
        """Aspect ratio and rotation."""
        aspect = self._info.sample_aspect_ratio
        turned = self.upright and self._info.quarter_turns % 2
        if aspect:
            stream.codec_context.sample_aspect_ratio = 1 / aspect if turned else aspect
            if aspect != 1 and not formats.holds_aspect(self._format, self._encoder):
                self.notes.append(
                    f"samples are {aspect.numerator}:{aspect.denominator}, not square: "
                    f"{self._encoder} in {self._format.name} can't say so; players show it distorted"
                )
        if not self._format.rotation:
            return
        if self._info.display_matrix is not None:
            stream.set_display_matrix(self._info.display_matrix)
        elif self._info.quarter_turns:
            stream.set_display_rotation(90 * self._info.quarter_turns)

    def _open_encoder(self, codec: VideoCodecContext) -> None:
        if self._encoder == "libsvtav1":
            os.environ.setdefault("SVT_LOG", "1")  # errors only; it writes to stderr by itself
        messages: list[str] = []
        try:
            with _error_log(self._encoder, messages), priority.kept():
                codec.open()
        except av.FFmpegError as error:
            reason = messages[0] if messages else error.strerror
            raise OutputError(
                f"{self._encoder} can't be opened here for {self.width}x{self.height} {self.pixel_format} "
                f"({reason}); use another `codec`, or leave it out for {self._format.codec}"
            ) from error


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
