"""How painted pictures are coded: size, pixel format, colour, shape and fields."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import av

from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.containers.formats import Container
from stylize_video.pipeline.planes import pixel_formats
from stylize_video.pipeline.planes.fields import TOP_FIRST, Labeller
from stylize_video.pipeline.signal import Signal


@dataclass(frozen=True)
class EncoderOptions:
    """How to encode; None: what suits the container and the codec."""

    codec: str | None = None  # "h264", "vp9", ... or FFmpeg's name of an encoder
    crf: int | None = None  # quality, 0 is best; 17 for H.264
    preset: str | None = None  # speed, in the encoder's own words
    overwrite: bool = False
    pixel_format: str | None = None  # FFmpeg's name
    draft: bool = False  # whether it may be worse, if only it is made sooner


class Coding:
    """What an encoder is given, as is settled before there is an output.

    Attributes:
        container, encoder: where the pictures go, and FFmpeg's name of what codes them.
        pixel_format, color, upright, width, height: of the pictures it takes, as in `FilmSink`.
        size: px, as they are encoded.
        rate: frames/s, a hint.
        aspect: of a stored sample, width by height; None if nothing is said.
        display_matrix, quarter_turns: how players are to turn them, if the container can say so.
        notes: a line for whatever is not as in the source.
    """

    def __init__(self, signal: Signal, container: Container, encoder: str, options: EncoderOptions) -> None:
        """Choose.

        Raises:
            UsageError: a setting or a pixel format that the encoder does not take.
        """
        formats.check_quality(encoder, options.crf, options.preset)
        self.container = container
        self.encoder = encoder
        self._options = options
        self.notes: list[str] = []
        self.upright = signal.quarter_turns == 0 or not container.rotation
        stored = (signal.coded_width, signal.coded_height)
        self.width, self.height = (signal.width, signal.height) if self.upright else stored
        self.rate = signal.rate
        self.display_matrix, self.quarter_turns = signal.display_matrix, signal.quarter_turns
        self.pixel_format = pixel_formats.choose_pixel_format(
            encoder, signal.pixel_format, signal.bit_depth, options.pixel_format
        )
        self.color = pixel_formats.output_color(signal.color, self.pixel_format, encoder, signal.coded_height)
        self._label: Labeller | None = None
        if signal.first_field is not None and not (self.upright and signal.quarter_turns % 2):
            self._choose_fields(signal.first_field)
        self.size = pixel_formats.coded_size(
            encoder, self.pixel_format, self.width, self.height, fields=self._label is not None
        )
        if options.pixel_format is None and pixel_formats.reduces_chroma(encoder, signal.pixel_format):
            self._note_chroma()
        if self.size != (self.width, self.height):
            self.notes.append(
                f"{encoder} can't store {self.width}x{self.height} px in {self.pixel_format}; the last "
                f"column or row is repeated, to {self.size[0]}x{self.size[1]}"
            )
        self.aspect = self._choose_aspect(signal)

    def _note_chroma(self) -> None:
        """Say that colours are stored coarser than they were, and how they are not."""
        more = "`codec` h264 `pixel_format` yuv444p keeps"
        if pixel_formats.has_whole_chroma(self.encoder):
            more = "`pixel_format` yuv444p keeps"
        elif self.container.muxer == "webm":
            more = "`codec` vp9 `pixel_format` yuv444p keeps"
        self.notes.append(
            f"stored as {self.pixel_format}, which players take, with a quarter of the colour samples; "
            f"{more} all of them"
        )

    def _choose_fields(self, first: str) -> None:
        """Whether the output can say that it is interlaced, and which field comes first."""
        top = "top" if first == TOP_FIRST else "bottom"
        if formats.holds_fields(self.encoder):
            self._label = Labeller(first)
            how = f"the output is labelled so, {top} field first; `deinterlace` makes whole frames"
        else:
            how = f"{self.encoder} can't say so; `deinterlace` makes whole frames"
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
        picture = pixel_formats.padded(picture, *self.size)
        if self._label is not None:
            picture = self._label(picture)
        # As labelled, for some encoders go by their frames.
        picture.colorspace, picture.color_range, picture.color_primaries, picture.color_trc = self.color
        # The decoder's choice; encoders would take it for an order.
        picture.pict_type = 0
        return picture

    def settings(self) -> dict[str, str]:
        """FFmpeg's options for the encoder."""
        options = self._options
        settings = formats.encoder_options(
            self.encoder, options.crf, options.preset, self.width * self.height, draft=options.draft
        )
        if self._label is not None:
            more = formats.field_options(self.encoder, self._label.first)
            params = [found["x264-params"] for found in (settings, more) if "x264-params" in found]
            settings |= more | ({"x264-params": ":".join(params)} if params else {})
        return settings

    def _choose_aspect(self, signal: Signal) -> Fraction | None:
        """The shape of a sample as it is stored; None if nothing is said."""
        aspect = signal.sample_aspect_ratio
        if not aspect:
            return None
        if aspect != 1 and not formats.holds_aspect(self.container, self.encoder):
            self.notes.append(
                f"samples are {aspect.numerator}:{aspect.denominator}, not square: "
                f"{self.encoder} in {self.container.name} can't say so; players show it distorted"
            )
        return 1 / aspect if self.upright and signal.quarter_turns % 2 else aspect
