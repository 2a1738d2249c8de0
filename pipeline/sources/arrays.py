"""Pictures that somebody has as arrays, with their times: made in tests, or handed over one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from typing import Self

import av

from stylize_video.errors import InputError
from stylize_video.pictures.arrays import Pixels
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.sources.report import ReadingReport

_RGB, _FULL = 0, 2  # the codes of RGB's matrix, and of full range


class ArraySource:
    """RGB pictures as frames; there are no streams beside them. A `Source`.

    Args:
        pictures: pts in ticks of `time_base`, and (H, W, 3) RGB of uint8 or uint16. Taken one by one, so
            that they may be made meanwhile and never end; closed with the source if it is a generator.
        time_base: s a tick.
        rate: frames/s, a hint.
        keep_source: keep each frame's planes in `Frame.source`.

    Raises:
        InputError: there is not one picture.
        ValueError: the first of them is no such array.
    """

    others = None

    def __init__(
        self,
        pictures: Iterable[tuple[int, Pixels]],
        *,
        time_base: Fraction,
        rate: Fraction = Fraction(25),
        keep_source: bool = False,
    ) -> None:
        self._source = pictures
        coming = iter(pictures)
        first = next(coming, None)
        if first is None:
            raise InputError("not one picture to read")
        self._pictures: Iterator[tuple[int, Pixels]] = chain([first], coming)
        self._keep_source = keep_source
        self._closed = False
        self.report = ReadingReport()
        pts, pixels = first
        Frame(pixels, pts, time_base)  # checks what it is
        self._kind = pixels.shape, pixels.dtype
        deep = pixels.dtype.itemsize > 1
        self.signal = Signal(
            coded_width=pixels.shape[1],
            coded_height=pixels.shape[0],
            pixel_format="rgb48le" if deep else "rgb24",
            bit_depth=16 if deep else 8,
            color=ColorTags(matrix=_RGB, range=_FULL),
            time_base=time_base,
            rate=rate,
            beginning=pts * time_base,
        )

    def frames(self, *, rgb: bool = True) -> Iterator[Frame]:
        """See `Source.frames`.

        Raises:
            InputError: a picture is no later than the one before, or of another size or depth.
        """
        base = self.signal.time_base
        for pts, pixels in self._pictures:
            if self._closed:
                return
            times = self.report.times
            if times and pts <= times[-1]:
                raise InputError(f"a picture at {pts} ticks follows one at {times[-1]}; it has to be later")
            if (pixels.shape, pixels.dtype) != self._kind:
                found, first = (pixels.shape, pixels.dtype), self._kind
                raise InputError(f"a picture of {found[1]} {found[0]} follows one of {first[1]} {first[0]}")
            times.append(pts)
            planes = self._planes(pixels, pts) if self._keep_source or not rgb else None
            yield Frame(pixels if rgb else None, pts, base, planes)

    def close(self) -> None:
        """Take no more pictures. Safe to call again."""
        self._closed = True
        closing = getattr(self._source, "close", None)
        if closing is not None:
            closing()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _planes(self, pixels: Pixels, pts: int) -> av.VideoFrame:
        planes = av.VideoFrame.from_ndarray(pixels, format=self.signal.pixel_format)
        planes.pts, planes.time_base = pts, self.signal.time_base
        return planes
