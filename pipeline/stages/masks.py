"""Masks: how much of each pixel is painted. White is painted, black stays as it is, grey is between.

A mask is a still picture, or a film that runs along with the film it is for. Of its colours only the
luminance counts, transparency not at all; it is stretched to the frame, whatever its own size.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Protocol, Self

import cv2
import numpy as np
from numpy.typing import NDArray

from stylize_video.errors import InputError
from stylize_video.files import paths
from stylize_video.pictures import picture_names
from stylize_video.pictures.pictures import read_picture
from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.planes import color
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.sources.film_decoder import FilmDecoder

Matte = NDArray[np.float32]  # (H, W) in 0..1, upright; shared, so not to be written to
Size = tuple[int, int]  # px: height, width

_MARGIN = 2 / 255  # what is so near to black or white is it: codecs that lose something leave such noise
_MOST_PIXELS = 2**25  # of a mask, before it is stretched to the frame
_FAR = 30  # s into a film of masks from where on it is worth seeking
_RUN_UP = 10  # s before the frame that is wanted to seek to; one frame of the mask has to lie in between


@dataclass(frozen=True)
class FilmClock:
    """The clock of the film that masks are for."""

    beginning: Fraction = Fraction(0)  # s, the time of the film's first frame; an excerpt's too
    tick: Fraction = Fraction(1, 1000)  # s, to which its times are rounded

    @classmethod
    def of(cls, film: Path, track: int | None = None) -> Self:
        """The clock of a film, as its first frame has it; `track` as in `FilmDecoder`.

        Raises:
            InputError: it can't be read, or has no frame.
        """
        decoder = FilmDecoder(film, start=None, duration=None, track=track)
        try:
            first = next(decoder.frames(), None)
        finally:
            decoder.close()
        if first is None or first.pts is None:
            raise InputError(f"{film}: holds not one frame that can be decoded")
        return cls(first.pts * decoder.time_base, decoder.time_base)


class Mask(Protocol):
    """A matte for each frame of a film. A context manager; one user each, for time only goes on.

    It can be pickled: taken up elsewhere, it opens its file anew and goes on where it was.
    """

    @property
    def notes(self) -> list[str]:
        """A line for all that is worth one, as far as the mask was read."""
        ...

    def at(self, time: Fraction, size: Size) -> Matte:
        """The weights for the frame at `time` (s, by the film's own clock), of its upright size.

        As long as nothing changes it is the same array.

        Raises:
            ValueError: a time before the last one.
        """
        ...

    def close(self) -> None:
        """Let go of the file. Safe to call again."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...


def check_mask(path: Path) -> None:
    """See whether there is a file at all, without opening it.

    Raises:
        InputError: there is none, or it is a folder or something else that can't be read twice.
    """
    if why_not := paths.why_no_file(path):
        raise InputError(f"{path}: {why_not}; a mask is a picture or a film")


def open_mask(path: Path, clock: FilmClock | None = None) -> Mask:
    """Open a mask; what has a picture's suffix is a still one.

    Args:
        path: a picture or a film.
        clock: of the film it is for; by default it begins at 0 s.

    Raises:
        InputError: there is no such file, or it is neither.
    """
    check_mask(path)
    if path.suffix.lower() in picture_names.READ:
        return StillMask(path)
    return FilmMask(path, clock)


class StillMask:
    """One picture, for all frames.

    Raises:
        InputError: the file is missing or is no picture.
    """

    def __init__(self, path: Path) -> None:
        self._grey = cv2.cvtColor(read_picture(path, hidden=True), cv2.COLOR_RGB2GRAY)
        self._fitted: Matte | None = None
        self.notes: list[str] = []

    def at(self, time: Fraction, size: Size) -> Matte:  # noqa: ARG002 - it is the same at any time
        """See `Mask.at`."""
        if self._fitted is None or self._fitted.shape != size:
            self._fitted = _fitted(self._grey.astype(np.float32) / np.float32(255), size)
        return self._fitted

    def close(self) -> None:
        """Nothing is open."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class FilmMask:
    """A film of masks; it begins with the film it is for, and two of its frames are kept at most.

    A frame's mask is the newest one that is no later. Before the first there is none later either, so that
    it serves; and after the end, the last one.

    Raises:
        InputError: no such file, or not a film.
    """

    def __init__(self, path: Path, clock: FilmClock | None = None) -> None:
        self._path, self._clock = path, clock or FilmClock()
        self._open(Fraction(0))
        self._beginning = self._current.time
        info = self._reader.signal
        # Both clocks round; a quarter of a frame is never what was meant.
        self._tolerance = min((self._clock.tick + info.time_base) / 2, 1 / (4 * info.rate))
        self._asked: Fraction | None = None
        self._fitted: Matte | None = None
        self._ended: Fraction | None = None

    @property
    def notes(self) -> list[str]:
        """See `Mask.notes`."""
        report = self._reader.report
        lines = report.remarks + [f"{self._path}: {loss}" for loss in report.losses]
        if self._ended is not None:
            lines.append(
                f"{self._path} ended at {float(self._ended):.1f} s; its last frame serves for the rest"
            )
        return lines

    def at(self, time: Fraction, size: Size) -> Matte:
        """See `Mask.at`."""
        place = time - self._clock.beginning
        if self._asked is None:
            self._seek(place)
        elif place < self._asked:
            raise ValueError(f"{self._path}: asked for {float(place)} s after {float(self._asked)} s")
        self._asked = place
        self._go_on(place)
        if self._fitted is None or self._fitted.shape != size:
            self._fitted = _fitted(self._luminance(), size)
        return self._fitted

    def close(self) -> None:
        """Let go of the file. Safe to call again."""
        self._frames.close()
        self._reader.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __reduce__(self) -> tuple[Any, ...]:
        """For pickling: which film, and how far it was asked for."""
        return FilmMask.at_place, (self._path, self._clock, self._asked)

    @classmethod
    def at_place(cls, path: Path, clock: FilmClock, asked: Fraction | None) -> Self:
        """A mask that has been asked for the frame at a place, in seconds after the first; or for none."""
        mask = cls(path, clock)
        if asked is not None:
            mask.at(asked + clock.beginning, (1, 1))
        return mask

    def _open(self, start: Fraction) -> None:
        self._reader = FilmSource(self._path, start=start, hidden=True)
        try:
            self._frames: Any = self._reader.frames(rgb=False)  # a generator
            self._current: Frame = next(self._frames)  # of which the reader has made sure
            self._next: Frame | None = next(self._frames, None)
        except BaseException:
            self._reader.close()
            raise

    def _place(self, frame: Frame) -> Fraction:
        """Seconds after the first frame."""
        return frame.time - self._beginning

    def _seek(self, place: Fraction) -> None:
        """Go near to the first place that is asked for, if that saves much decoding."""
        if place < _FAR:
            return
        self.close()
        try:
            self._open(place - _RUN_UP)
        except InputError:  # it ended before
            self._open(Fraction(0))
            return
        if self._place(self._current) > place:  # a mask that holds for long began before
            self.close()
            self._open(Fraction(0))

    def _go_on(self, place: Fraction) -> None:
        latest = place + self._tolerance
        while self._next is not None and self._place(self._next) <= latest:
            self._current, self._next = self._next, next(self._frames, None)
            self._fitted = None
        last = self._place(self._current)
        end = last + 1 / self._reader.signal.rate
        if self._next is None and last > 0 and end <= latest:  # a film of one frame is a still picture
            self._ended = end

    def _luminance(self) -> NDArray[np.float32]:
        """(H, W) of the frame in hand, upright; black is 0 and white 1, with what lies beyond."""
        planes, info = self._current.planes, self._reader.signal
        name, grey = planes.format.name, color.planes_of(planes)[0]
        black, span = _black_and_span(color.bit_depth(name), color.effective_range(name, info.color))
        if color.is_rgb(name):
            grey = cv2.cvtColor(grey.reshape(planes.height, planes.width, 3), cv2.COLOR_RGB2GRAY)
        grey = _reduced(grey)
        values = (grey.astype(np.float32) - black) / np.float32(span)
        return np.rot90(values, info.quarter_turns)


def _black_and_span(bits: int, code_range: int) -> tuple[int, int]:
    """The code of black, and how far above it white is."""
    if code_range == color.FULL:
        return 0, (1 << bits) - 1
    return 16 << (bits - 8), 219 << (bits - 8)


def _reduced(grey: NDArray[Any]) -> NDArray[Any]:
    """Of as many pixels as are worth their memory as numbers: an 8K frame's."""
    height, width = grey.shape
    scale = (_MOST_PIXELS / (height * width)) ** 0.5
    if scale >= 1:
        return grey
    size = (max(1, int(width * scale)), max(1, int(height * scale)))
    return cv2.resize(np.ascontiguousarray(grey), size, interpolation=cv2.INTER_AREA)


def _fitted(values: NDArray[Any], size: Size) -> Matte:
    """Luminance (float32) -> weights of `size`: averaged where that is less, linear where it is more."""
    height, width = size
    smaller = (min(width, values.shape[1]), min(height, values.shape[0]))
    shrunk = cv2.resize(np.ascontiguousarray(values), smaller, interpolation=cv2.INTER_AREA)
    grown = cv2.resize(shrunk, (width, height), interpolation=cv2.INTER_LINEAR)
    weights: Matte = ((grown - _MARGIN) / (1 - 2 * _MARGIN)).clip(0, 1).astype(np.float32)
    weights.flags.writeable = False
    return weights
