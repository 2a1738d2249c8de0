"""One painter for many live pictures at once, and the sizes in which it can paint without a wait."""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stylize_video.models.method import PaintsOnCanvas

if TYPE_CHECKING:
    from stylize_video.models.canvas import Canvas
    from stylize_video.pictures.arrays import Pictures

Size = tuple[int, int]  # width and height, px


class SharedPainter:
    """A painter for many sessions, that takes their turns in the order in which they come. `PaintsOnCanvas`.

    Args:
        paints: what paints.
    """

    def __init__(self, paints: PaintsOnCanvas) -> None:
        self._paints = paints
        self._turns, self._compiling = Turns(), Turns()
        self.ready: set[Size] = set()  # sizes whose programs are compiled
        self.notes = paints.notes

    def new_canvas(self, height: int, width: int) -> Canvas:
        """See `PaintsOnCanvas`."""
        return self._paints.new_canvas(height, width)

    def looked_up(self, canvas: Canvas) -> Canvas:
        """See `PaintsOnCanvas`."""
        return self._paints.looked_up(canvas)

    def new_shot(self) -> Any:
        """See `PaintsOnCanvas`."""
        return self._paints.new_shot()

    def paint(self, images: Pictures, canvases: Sequence[Canvas], style: Any, known: Any, /) -> Pictures:
        """See `PaintsOnCanvas`; waits for those who came before, and for a size that isn't `ready`."""
        height, width = images.shape[1:3]
        if (width, height) not in self.ready:
            self.prepare(height, width, style)
        with self._turns:
            return self._paints.paint(images, canvases, style, known)

    def prepare(self, height: int, width: int, style: Any, *, at_once: int = 1) -> None:  # noqa: ARG002
        """Compile what paints pictures of a size, unless that is done; others go on painting meanwhile."""
        size = width, height
        with self._compiling:
            if size not in self.ready:
                self._compile(size, style)

    def nearest(self, size: Size, style: Any) -> Size:
        """That size of those which are `ready` that is most like the one wanted.

        Waits only while there is none at all: for the one that is being compiled, whichever it is, and where
        none is, for the one wanted.
        """
        if not self.ready:
            with self._compiling:
                if not self.ready:
                    self._compile(size, style)
        return min(self.ready.copy(), key=lambda known: (_unlikeness(known, size), known))

    def _compile(self, size: Size, style: Any) -> None:
        width, height = size
        blank = np.zeros((1, height, width, 3), np.uint8)
        canvas = self._paints.new_canvas(height, width)
        self._paints.paint(blank, [canvas], style, self._paints.new_shot())
        self.ready.add(size)


class Turns:
    """A lock that is given in the order in which it is asked for, so that nobody waits for ever."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: deque[object] = deque()

    def __enter__(self) -> None:
        mine = object()
        with self._changed:
            self._waiting.append(mine)
            self._changed.wait_for(lambda: self._waiting[0] is mine)

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._waiting.popleft()
            self._changed.notify_all()


def _unlikeness(one: Size, other: Size) -> float:
    """How far two sizes are apart: 0 where they are the same, by how much each side is stretched."""
    return sum(abs(math.log(a / b)) for a, b in zip(one, other, strict=True))
