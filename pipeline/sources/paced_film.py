"""A film in place of a camera: its frames come at the times at which they are to be seen."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from stylize_video.pipeline.frames import Frame
from stylize_video.pipeline.sources.camera import LiveFrame
from stylize_video.pipeline.sources.film import FilmSource

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture


_LATE = 0.1  # s that a frame may be late; those after one that is later follow it at their own pace


class PacedFilm:
    """A film, played once. A `Camera`.

    Args:
        path: of the film.
        max_size: px of the longer side; larger frames are shrunk as they are decoded.
    """

    may_stand_still = True

    def __init__(self, path: Path, *, max_size: int | None = None) -> None:
        self.name = str(path)
        self._path, self._max_size = path, max_size
        self._source: FilmSource | None = None
        self._frames: Iterator[Frame] = iter(())
        self._closed = threading.Event()
        self._ahead = 0.0  # s of the monotonic clock at which the film's own shows 0
        self._began = False

    def open(self) -> None:
        """See `Camera.open`.

        Raises:
            InputError: it is no film.
        """
        self.close()
        self._closed.clear()
        self._source = FilmSource(self._path, max_size=self._max_size, upright=True)
        self._frames = self._source.frames()
        self._began = False

    def read(self) -> LiveFrame | None:
        """See `Camera.read`. A film that can't be decoded fast enough is played more slowly."""
        frame = next(self._frames, None)
        if frame is None or self._closed.is_set():
            return None
        now, shown_at = time.monotonic(), float(frame.time)
        if not self._began or now - self._ahead - shown_at > _LATE:
            self._began, self._ahead = True, now - shown_at
        due = self._ahead + shown_at
        self._closed.wait(max(0.0, due - now))
        return LiveFrame(_bytes(frame), max(due, now))

    def close(self) -> None:
        """See `Camera.close`."""
        self._closed.set()
        source, self._source = self._source, None
        if source is not None:
            source.close()
            self._frames = iter(())


def _bytes(frame: Frame) -> Picture:
    """The picture in 8 bits."""
    pixels = frame.rgb
    return pixels if pixels.dtype == np.uint8 else (pixels >> 8).astype(np.uint8)
