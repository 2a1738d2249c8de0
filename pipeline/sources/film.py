"""A film file as frames: each one exactly once, in presentation order, upright and in RGB."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Self

import av
from av.stream import Disposition

from stylize_video.errors import InputError
from stylize_video.pictures import heif_boxes
from stylize_video.pictures.orientation import Orientation
from stylize_video.pipeline.carried.captions import Captions
from stylize_video.pipeline.carried.other_streams import OtherStreams
from stylize_video.pipeline.containers import limits, track_choice
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.planes import display_matrix, fields, heif, letterbox, transparency
from stylize_video.pipeline.planes.color import ColorConverter
from stylize_video.pipeline.planes.planarizer import Planarizer
from stylize_video.pipeline.sources import film_signal
from stylize_video.pipeline.sources.film_decoder import FilmDecoder
from stylize_video.pipeline.sources.fitted import fitted
from stylize_video.pipeline.stage import close

_NEAR = 4  # s from the film's beginning that are decoded as fast as another place is sought


class FilmSource:
    """Reads one video stream of a file. A `Source`.

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

    Attributes:
        path: as it was given.
        signal: what the frames are.
        others: what lies beside the pictures.
        report: what was read so far.
        clip: the part that is read.

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
        self._hidden = hidden
        self._closed = False
        self._seekable = not deinterlace  # a filter knows frames before
        self._pictures: Iterator[av.VideoFrame] = iter(())
        self._decoder = FilmDecoder(path, start=start, duration=duration, track=track)
        self.report = self._decoder.report
        self.clip = self._decoder.clip
        self.path = path
        try:
            first, way = self._begin(deinterlace=deinterlace)
            turned = way if upright or way.mirrored else Orientation()
            signal = self.signal = film_signal.describe(
                self._decoder, first, max_size, way, turned, deinterlace=deinterlace
            )
            self.others = OtherStreams(
                path, self.clip, self._decoder.demuxer.timeline, self._decoder.stream.index, Captions()
            )
            self.report.remarks += film_signal.remarks(self._decoder, first, deinterlace=deinterlace)
        except BaseException:
            self.close()
            raise
        self._size, self._aspect = (first.width, first.height), self._decoder.aspect
        stored = fitted(*self._size, max_size)
        self._planarize = Planarizer(
            signal.pixel_format,
            *stored,
            orientation=turned,
            fit=lambda picture: self._place(picture, stored),
        )
        self._converter = ColorConverter(
            self.signal.color, self.signal.coded_height, self.signal.quarter_turns
        )

    def frames(self, *, rgb: bool = True, skip: int = 0) -> Iterator[Frame]:
        """All frames of the clip, once; without `rgb` as stored planes alone.

        The first `skip` of them are decoded only.
        """
        base = self.signal.time_base
        for picture in islice(self._pictures, skip, None):
            pts = picture.pts or 0  # the decoder gave it one
            self.others.captions.collect(picture)
            if picture.interlaced_frame and self.signal.first_field is None:
                self._remark_once(
                    "fields",
                    "interlaced; both fields are painted as one and not labelled so, `deinterlace` makes "
                    "whole frames",
                )
            planes = self._planarize(picture if self._hidden else self._opaque(picture))
            planes.pts, planes.time_base = (
                pts,
                self.signal.time_base,
            )  # FFmpeg gives the last ones no time base
            yield Frame(
                self._converter.pixels(planes) if rgb else None,
                pts,
                base,
                planes if self._keep_source or not rgb else None,
                duration=self.clip.lasts(pts, picture.duration or 0, base),
            )
            if self._closed:
                return  # FFmpeg would read on where there is no file any more

    def seek(self, pts: int) -> bool:
        """Let `frames` begin with the frame at `pts` ticks; False, and nothing done, where that can't be.

        See `FilmDecoder.frames_from` for how far that can be relied on.
        """
        near = pts * self.signal.time_base < self._decoder.demuxer.beginning + _NEAR
        if near or not self._seekable:
            return False
        close(self._pictures)
        self._pictures = self._decoder.frames_from(pts)
        return True

    def close(self) -> None:
        """Let go of the file; there are no more frames then. Safe to call again."""
        self._closed = True
        self._pictures = iter(())
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
            raise InputError(f"{path}: {film_signal.why_empty(path, self.clip)}")
        way = display_matrix.orientation(display_matrix.of_picture(first))
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
        fit = letterbox.fitted(size, Fraction(aspect), frame, _frame_aspect(self._size, Fraction(own), frame))
        how = "scaled to that size" if fit == frame else "shown with bars in a frame of that size"
        self._remark_once(
            "size",
            f"the picture changes from {self._size[0]}x{self._size[1]} to {size[0]}x{size[1]} px "
            f"at {float((picture.pts or 0) * self.signal.time_base):.2f} s; from there on it is {how}",
        )
        return fit

    def _remark_once(self, what: str, words: str) -> None:
        self.report.remark_once(what, f"{self._decoder.path}: {words}")


def _with(first: av.VideoFrame, others: Iterator[av.VideoFrame]) -> Iterator[av.VideoFrame]:
    yield first
    del first
    yield from others


def _frame_aspect(size: tuple[int, int], aspect: Fraction, frame: tuple[int, int]) -> Fraction:
    """The shape of a frame's samples after pictures of `size` and `aspect` were scaled to it."""
    return aspect * Fraction(size[0], size[1]) / Fraction(frame[0], frame[1])
