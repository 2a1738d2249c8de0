"""A film file as frames: each one exactly once, in presentation order, upright and in RGB."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Self

import av
from av.stream import Disposition

from stylize_video.errors import InputError
from stylize_video.pictures import heif_boxes
from stylize_video.pictures.orientation import Orientation
from stylize_video.pipeline.containers import limits, track_choice
from stylize_video.pipeline.frames import ColorTags, Frame, TimeRange, VideoInfo
from stylize_video.pipeline.planes import bars, color, fields, heif, side_facts, transparency
from stylize_video.pipeline.planes import display_matrix as orientation
from stylize_video.pipeline.planes.color import ColorConverter
from stylize_video.pipeline.planes.planarizer import Planarizer
from stylize_video.pipeline.sources.decoder import FilmDecoder


class FileReader:
    """Reads one video stream of a file. A context manager; `frames` may run in another thread.

    Args:
        path: the film, or a picture, which is taken for a film of one frame.
        start: seconds after the film's beginning to start at.
        duration: seconds to read from there.
        max_size: longest side in px of the frames; larger ones are shrunk, none is enlarged.
        keep_source: keep each frame's original planes in `Frame.source`.
        upright: store frames as they are seen, for an output that can't hold a rotation. Mirrored ones
            always are, for hardly a player heeds a label that says so.
        track: which of several films in the file, from 1 on; None: the one that is most likely meant.
        deinterlace: make whole frames of fields.
        hidden: take colours as they are where the picture is transparent; else there is grey.

    Raises:
        InputError: no such file, a folder, not a film, no video in it, or nothing decodable.
        UsageError: no film of that number.
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
        track: int | None = None,
        deinterlace: bool = False,
        hidden: bool = False,
    ) -> None:
        if max_size is not None and max_size < 16:
            raise ValueError(f"{max_size = } px must be at least 16")
        self._keep_source = keep_source
        self._remarked: set[str] = set()
        self._hidden = hidden
        self._decoder = FilmDecoder(path, start=start, duration=duration, track=track)
        self.report = self._decoder.report
        self.clip = self._decoder.clip
        try:
            first, way = self._begin(deinterlace=deinterlace)
            turned = way if upright or way.mirrored else Orientation()
            self.info = _describe(self._decoder, first, max_size, way, turned, deinterlace=deinterlace)
            self.report.remarks += _remarks(self._decoder, first, deinterlace=deinterlace)
        except BaseException:
            self.close()
            raise
        self._size, self._aspect = (first.width, first.height), self._decoder.aspect
        stored = _fit(*self._size, max_size)
        self._planarize = Planarizer(
            self.info.pixel_format,
            *stored,
            orientation=turned,
            fit=lambda picture: self._place(picture, stored),
        )
        self._converter = ColorConverter(self.info.color, self.info.coded_height, self.info.quarter_turns)

    def frames(self, *, rgb: bool = True) -> Iterator[Frame]:
        """All frames of the clip, once; without `rgb` as stored planes alone."""
        for picture in self._pictures:
            pts = picture.pts or 0  # the decoder gave it one
            self.info.captions.collect(picture)
            if picture.interlaced_frame and self.info.first_field is None:
                self._remark_once(
                    "fields",
                    "interlaced; both fields are painted as one and not labelled so, `deinterlace` makes "
                    "whole frames",
                )
            planes = self._planarize(picture if self._hidden else self._opaque(picture))
            planes.pts, planes.time_base = pts, self.info.time_base  # FFmpeg gives the last ones no time base
            yield Frame(
                self._converter.pixels(planes) if rgb else None,
                pts,
                self.info.time_base,
                planes if self._keep_source or not rgb else None,
                duration=self.clip.lasts(pts, picture.duration or 0, self.info.time_base),
            )

    def close(self) -> None:
        """Let go of the file. Safe to call again."""
        self._decoder.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, *, deinterlace: bool) -> tuple[av.VideoFrame, Orientation]:
        """The first picture, and how it is to be turned; all of them wait in `_pictures`."""
        path, decoded = self._decoder.path, self._decoder.frames()
        first = next(decoded, None)
        if first is None:
            limits.check_size(path, self._decoder.stream.width, self._decoder.stream.height)
            raise InputError(f"{path}: {_why_empty(path, self.clip)}")
        way = orientation.of_matrix(orientation.matrix_of(first))
        if self._decoder.stream.disposition & Disposition.dependent and (grid := heif_boxes.find_grid(path)):
            pts = first.pts
            first, way = heif.assemble(path, grid), grid.orientation
            first.pts = pts
        elif track_choice.is_photograph(self._decoder.stream):
            first = heif.with_alpha(path, first)
        pictures: Iterable[av.VideoFrame] = _with(first, decoded)
        self._pictures = iter(fields.deinterlaced(pictures) if deinterlace else pictures)
        return first, way

    def _opaque(self, picture: av.VideoFrame) -> av.VideoFrame:
        """The picture on grey where it is transparent."""
        flat = transparency.flattened(picture)
        if flat is None:
            return picture
        self._remark_once("transparent", "transparent parts are painted on grey; the output is opaque")
        return flat

    def _place(self, picture: av.VideoFrame, frame: tuple[int, int]) -> tuple[int, int]:
        """The size (px) for a decoded picture in a frame that was made for the first one."""
        size = (picture.width, picture.height)
        if size == self._size:
            return frame
        aspect = self._decoder.aspect or 1
        own = self._aspect or 1
        fitted = bars.fitted(size, Fraction(aspect), frame, _frame_aspect(self._size, Fraction(own), frame))
        how = "scaled to that size" if fitted == frame else "shown with bars in a frame of that size"
        self._remark_once(
            "size",
            f"the picture changes from {self._size[0]}x{self._size[1]} to {size[0]}x{size[1]} px "
            f"at {float((picture.pts or 0) * self.info.time_base):.2f} s; from there on it is {how}",
        )
        return fitted

    def _remark_once(self, what: str, words: str) -> None:
        if what not in self._remarked:
            self._remarked.add(what)
            self.report.remarks.append(f"{self._decoder.path}: {words}")


def _with(first: av.VideoFrame, others: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    yield first
    del first
    yield from others


def _describe(
    decoder: FilmDecoder,
    picture: av.VideoFrame,
    max_size: int | None,
    way: Orientation,
    turned: Orientation,
    *,
    deinterlace: bool,
) -> VideoInfo:
    """What is known of the film from its header and its first frame.

    `way` brings it upright; `turned` is as much of it as is done already where frames are stored.
    """
    pixel_format = color.planar_format(picture.format.name)
    if color.is_hdr(color.tags_of(picture)):
        pixel_format = color.SDR_FORMAT
    width, height = _fit(picture.width, picture.height, max_size)
    aspect = decoder.stream.sample_aspect_ratio or None
    has_fields = height == picture.height and not turned.turns % 2 and not deinterlace
    if turned.turns % 2:
        width, height, aspect = height, width, 1 / aspect if aspect else None
    return VideoInfo(
        path=decoder.path,
        coded_width=width,
        coded_height=height,
        quarter_turns=(way.turns - turned.turns) % 4,
        display_matrix=None if turned != Orientation() else orientation.matrix_of(picture),
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
        stream=decoder.stream.index,
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


def _remarks(decoder: FilmDecoder, picture: av.VideoFrame, *, deinterlace: bool) -> Iterator[str]:
    """What can't be kept of such frames."""
    path = decoder.path
    if decoder.choice is not None:
        yield decoder.choice
    if color.is_hdr(color.tags_of(picture)):
        yield f"{path}: HDR is converted to BT.709 SDR"
    if deinterlace:
        doubt = "" if picture.interlaced_frame else "does not say that it is interlaced, and is "
        yield f"{path}: {doubt}deinterlaced, one whole frame for each two fields"
    for fact in side_facts.lost(picture, decoder.stream.metadata):
        yield f"{path}: {fact}"


def _why_empty(path: Path, clip: TimeRange) -> str:
    if clip.start is not None:
        return "no frame at or after `start`; the film is shorter"
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


def _frame_aspect(size: tuple[int, int], aspect: Fraction, frame: tuple[int, int]) -> Fraction:
    """The shape of a frame's samples after pictures of `size` and `aspect` were scaled to it."""
    return aspect * Fraction(size[0], size[1]) / Fraction(frame[0], frame[1])
