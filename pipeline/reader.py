"""A film file as frames: each one exactly once, in presentation order, upright and in RGB."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Self, cast

import av
from av.sidedata.sidedata import Type as SideDataType

from stylize_video.errors import InputError
from stylize_video.pipeline import color, limits
from stylize_video.pipeline.color import ColorConverter, Planarizer
from stylize_video.pipeline.decoder import FilmDecoder
from stylize_video.pipeline.frames import ColorTags, Frame, TimeRange, VideoInfo


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
        self._keep_source = keep_source
        self._decoder = FilmDecoder(path, start=start, duration=duration)
        self.report = self._decoder.report
        self.clip = self._decoder.clip
        try:
            self._pictures = self._decoder.frames()
            self._first = next(self._pictures, None)
            if self._first is None:
                limits.check_size(path, self._decoder.stream.width, self._decoder.stream.height)
                raise InputError(f"{path}: {_why_empty(path, self.clip)}")
            self.info = _describe(self._decoder, self._first, max_size, upright=upright)
            self.report.remarks += _remarks(path, self._first)
        except BaseException:
            self.close()
            raise
        self._planarize = Planarizer(
            self.info.pixel_format,
            *_fit(self._first.width, self._first.height, max_size),
            turns=_turns(self._first) if upright else 0,
        )
        self._converter = ColorConverter(self.info.color, self.info.coded_height, self.info.quarter_turns)

    def frames(self, *, rgb: bool = True) -> Iterator[Frame]:
        """All frames of the clip, once; without `rgb` as stored planes alone."""
        for picture in self._all_pictures():
            assert picture.pts is not None  # the decoder gave it one
            self.info.captions.collect(picture)
            planes = self._planarize(picture)
            yield Frame(
                self._converter.pixels(planes) if rgb else None,
                picture.pts,
                self.info.time_base,
                planes if self._keep_source or not rgb else None,
            )

    def close(self) -> None:
        """Let go of the file. Safe to call again."""
        self._decoder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _all_pictures(self) -> Iterator[av.VideoFrame]:
        first, self._first = self._first, None
        if first is not None:
            yield first
        yield from self._pictures


def _describe(
    decoder: FilmDecoder, picture: av.VideoFrame, max_size: int | None, *, upright: bool
) -> VideoInfo:
    """What is known of the film from its header and its first frame."""
    pixel_format = color.planar_format(picture.format.name)
    if color.is_hdr(color.tags_of(picture)):
        pixel_format = color.SDR_FORMAT
    width, height = _fit(picture.width, picture.height, max_size)
    aspect = decoder.stream.sample_aspect_ratio or None
    turns = _turns(picture)
    if upright and turns % 2:
        pixel_format = color.turnable_format(pixel_format)
        width, height = height, width
        aspect = 1 / aspect if aspect else None
    return VideoInfo(
        path=decoder.path,
        coded_width=width,
        coded_height=height,
        quarter_turns=0 if upright else turns,
        display_matrix=None if upright else _display_matrix(picture),
        sample_aspect_ratio=aspect,
        time_base=decoder.time_base,
        rate=decoder.rate,
        pixel_format=pixel_format,
        bit_depth=color.bit_depth(pixel_format),
        color=_output_tags(picture, height),
        frame_count=_frame_count(decoder),
        beginning=None if picture.pts is None else picture.pts * decoder.time_base,
        timeline=decoder.timeline,
        centred_chroma=picture.format.name.startswith("yuvj"),
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


def _remarks(path: Path, picture: av.VideoFrame) -> Iterator[str]:
    """What can't be kept of such frames."""
    if color.is_hdr(color.tags_of(picture)):
        yield f"{path}: HDR is converted to BT.709 SDR"
    if color.is_transparent(picture):
        yield f"{path}: transparency is left out"
    if picture.interlaced_frame:
        yield f"{path}: interlaced; both fields are painted as one"


def _why_empty(path: Path, clip: TimeRange) -> str:
    if clip.start is not None:
        return "no frame at or after --start; the film is shorter"
    if path.suffix.lower() == ".webp":
        return "no frame that can be decoded; animated WebP is not supported"
    return "holds a video stream but not one frame that can be decoded"


def _frame_count(decoder: FilmDecoder) -> int | None:
    """How many frames there will be, as far as the header knows."""
    if decoder.clip == TimeRange():
        return decoder.stream.frames or (round(decoder.length * decoder.rate) or None)
    begin = decoder.beginning if decoder.clip.start is None else decoder.clip.start
    ends = [decoder.clip.end, decoder.beginning + decoder.length if decoder.length else None]
    end = min((e for e in ends if e is not None), default=None)
    return None if end is None else max(1, math.ceil((end - begin) * decoder.rate))


def _fit(width: int, height: int, max_size: int | None) -> tuple[int, int]:
    """Shrink to `max_size` px on the longer side, to even numbers."""
    if max_size is None or max(width, height) <= max_size:
        return width, height
    scale = Fraction(max_size, max(width, height))
    return max(2, round(width * scale / 2) * 2), max(2, round(height * scale / 2) * 2)


def _turns(picture: av.VideoFrame) -> int:
    """Quarter turns anticlockwise that bring a picture upright; 0 if it is turned by another angle."""
    return picture.rotation // 90 % 4 if picture.rotation % 90 == 0 else 0


def _display_matrix(picture: av.VideoFrame) -> tuple[int, ...] | None:
    try:
        data = cast(Any, picture.side_data).get(SideDataType.DISPLAYMATRIX)
    except ValueError:  # PyAV 18 does not know EXIF, and then shows no side data at all
        return None
    return None if data is None else struct.unpack("=9i", bytes(data))
