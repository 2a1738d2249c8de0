"""A recording of live pictures: a film of their true times, written in a thread of its own."""

from __future__ import annotations

import threading
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stylize_video.pipeline.channel import Channel, ChannelClosedError
from stylize_video.pipeline.live.outputs.output import fitted
from stylize_video.pipeline.planes.color import ColorConverter
from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

_TICK = Fraction(1, 90000)  # s
_RGB, _FULL = 0, 2  # the codes of RGB's matrix, and of full range
_WAITING = 8  # pictures; an encoder that is further behind loses the oldest


class Recording:
    """Writes a film while pictures come. A `LiveOutput`.

    Args:
        path: its extension decides the container.
        size: width and height of the film, px; others are brought to it.
        rate: pictures/s that are expected, a hint for the encoder.
        overwrite: replace an existing file, once the new one is whole.

    Raises:
        UsageError: no such format.
        OutputExistsError: `path` exists and is not to be overwritten.
        OutputError: it can't be written.
    """

    def __init__(self, path: Path, size: tuple[int, int], *, rate: float, overwrite: bool = False) -> None:
        self.path, self._size = path, size
        signal = Signal(
            coded_width=size[0],
            coded_height=size[1],
            pixel_format="rgb24",
            bit_depth=8,
            color=ColorTags(matrix=_RGB, range=_FULL),
            time_base=_TICK,
            rate=Fraction(rate).limit_denominator(1001),
        )
        self._sink = FilmSink(path, EncoderOptions(overwrite=overwrite, draft=True)).open(signal)
        self._converter = ColorConverter(signal.color, size[1], output=self._sink.color)
        self._waiting: Channel[tuple[Picture, float]] = Channel(_WAITING, keep_newest=True)
        self._began: float | None = None  # s, time of the first picture
        self._last = -1  # ticks, of the last one
        self._error: BaseException | None = None
        self.frames = 0  # that are written
        self.closed = False
        self._thread = threading.Thread(target=self._run, name="stylize-video recording", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """Pictures that the encoder was too slow for."""
        return self._waiting.dropped

    def show(self, picture: Picture, time: float) -> None:
        """See `LiveOutput.show`.

        Raises:
            OutputError: it can't be written.
        """
        if self._error is not None:
            raise self._error
        try:
            self._waiting.put((picture, time))
        except ChannelClosedError:
            if self._error is not None:
                raise self._error from None

    def close(self) -> None:
        """Finish the film; one without a picture is none, and leaves nothing behind.

        Raises:
            OutputError: it can't be written.
        """
        if self.closed:
            return
        self.closed = True
        self._waiting.finish()
        self._thread.join()
        try:
            if self._error is not None:
                raise self._error
            if self.frames:
                self._sink.finish()
        finally:
            self._sink.close()

    def _run(self) -> None:
        try:
            for picture, time in self._waiting:
                self._write(picture, time)
        except BaseException as error:
            self._error = error
            self._waiting.abandon()

    def _write(self, picture: Picture, time: float) -> None:
        if self._began is None:
            self._began = time
        pts = round(Fraction(time - self._began) / _TICK)
        if pts <= self._last:
            return  # taken at the same time as the one before, or a clock that went back
        fit = np.ascontiguousarray(fitted(picture, self._size))
        planes = self._converter.planes(fit, self._sink.pixel_format)
        planes.pts, planes.time_base, self._last = pts, _TICK, pts
        self._sink.write(planes)
        self.frames += 1
