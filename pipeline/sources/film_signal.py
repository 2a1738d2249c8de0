"""What a film's header and its first frame say of all of its frames."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from stylize_video.pictures.orientation import Orientation
from stylize_video.pipeline.planes import color, display_matrix, fields, side_data
from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.sources.film_decoder import FilmDecoder
from stylize_video.pipeline.sources.fitted import fitted
from stylize_video.pipeline.time_range import TimeRange


def describe(
    decoder: FilmDecoder,
    picture: av.VideoFrame,
    max_size: int | None,
    way: Orientation,
    turned: Orientation,
    *,
    deinterlace: bool,
) -> Signal:
    """What is known of the film from its header and its first frame.

    `way` brings it upright; `turned` is as much of it as is done already where frames are stored.
    """
    pixel_format = color.planar_format(picture.format.name)
    if color.is_hdr(color.tags_of(picture)):
        pixel_format = color.SDR_FORMAT
    width, height = fitted(picture.width, picture.height, max_size)
    aspect = decoder.stream.sample_aspect_ratio or None
    has_fields = height == picture.height and not turned.turns % 2 and not deinterlace
    if turned.turns % 2:
        width, height, aspect = height, width, 1 / aspect if aspect else None
    return Signal(
        coded_width=width,
        coded_height=height,
        quarter_turns=(way.turns - turned.turns) % 4,
        display_matrix=None if turned != Orientation() else display_matrix.of_picture(picture),
        sample_aspect_ratio=aspect,
        time_base=decoder.time_base,
        rate=decoder.rate,
        pixel_format=pixel_format,
        bit_depth=color.bit_depth(pixel_format),
        color=_output_tags(picture, height),
        frame_count=_frame_count(decoder),
        origin=decoder.clip.start or Fraction(0),
        beginning=None if picture.pts is None else picture.pts * decoder.time_base,
        centred_chroma=picture.format.name.startswith("yuvj"),
        first_field=fields.first_field(picture) if has_fields else None,
    )


def _output_tags(picture: av.VideoFrame, height: int) -> ColorTags:
    """How the output is to be labelled: as the input, unless a player would then see other colours."""
    tags = color.tags_of(picture)
    if color.is_hdr(tags):
        return ColorTags(color.BT709, color.LIMITED, color.BT709, color.BT709)
    if not tags.range and picture.format.name.startswith("yuvj"):
        tags = tags._replace(range=color.FULL)
    guessed = color.matrix_of(tags, picture.height)
    if color.matrix_of(tags, height) != guessed:  # unlabelled, and scaled to where one guesses differently
        tags = tags._replace(matrix=guessed)
    return tags


def remarks(decoder: FilmDecoder, picture: av.VideoFrame, *, deinterlace: bool) -> Iterator[str]:
    """What can't be kept of such frames."""
    path = decoder.path
    if decoder.demuxer.choice is not None:
        yield decoder.demuxer.choice
    if color.is_hdr(color.tags_of(picture)):
        yield f"{path}: HDR is converted to BT.709 SDR"
    if deinterlace:
        doubt = "" if picture.interlaced_frame else "does not say that it is interlaced, and is "
        yield f"{path}: {doubt}deinterlaced, one whole frame for each two fields"
    for fact in side_data.lost(picture, decoder.stream.metadata):
        yield f"{path}: {fact}"


def why_empty(path: Path, clip: TimeRange) -> str:
    """Why no frame came of a film that could be opened, for people."""
    if clip.start is not None:
        return "no frame at or after `start`; the film is shorter"
    if path.suffix.lower() == ".webp":
        return "no frame that can be decoded; animated WebP is not supported"
    return "holds a video stream but not one frame that can be decoded"


def _frame_count(decoder: FilmDecoder) -> int | None:
    """How many frames there will be, as far as the header knows."""
    if decoder.clip == TimeRange():
        return decoder.stream.frames or (round(decoder.demuxer.length * decoder.rate) or None)
    begin = decoder.demuxer.beginning if decoder.clip.start is None else decoder.clip.start
    ends = [
        decoder.clip.end,
        decoder.demuxer.beginning + decoder.demuxer.length if decoder.demuxer.length else None,
    ]
    end = min((e for e in ends if e is not None), default=None)
    return None if end is None else max(1, math.ceil((end - begin) * decoder.rate))
