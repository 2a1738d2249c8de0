"""One live picture: frames go in as they come, and come out painted, each by the settings of that moment.

    painters = LivePainters("auto")            # one for the whole process
    session = LiveSession(painters, LiveSettings())
    shown = session.paint(frame, time)         # `frame` (H, W, 3) uint8 RGB, `time` in s
    session.settings = replace(session.settings, strength=0.5)    # from any thread; the next frame has it
    session.settings = replace(session.settings, rung=governor.painted(shown.rung, shown.seconds, time))

A new style or another size may have to be loaded and compiled first. That is done in the background, and
until then the picture goes on as it was, or is painted in the nearest size that can be and scaled: `paint`
waits for a compiler only where nothing can be painted yet. What is known of the scene (canvas, motion, what
is steadied) is in `session.state`, and can be pickled.

A server has a session for each visitor and calls `paint` in a thread of its own for each, or in a pool: the
network is used in turns, in the order in which they come.
"""

from __future__ import annotations

import threading
import time as clock
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import cv2
import numpy as np

from stylize_video.errors import StylizeVideoError
from stylize_video.models.motion.choice import DIS, between_neighbours
from stylize_video.models.motion.neighbours import LastFrame, MotionFinder
from stylize_video.models.runtimes.devices import CPU
from stylize_video.models.steadying.stabilizer import Stabilizer, SteadyState
from stylize_video.models.styles import DRAFT
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.live.composing import composed, resized
from stylize_video.pipeline.live.painters import LivePainters, Loaded
from stylize_video.pipeline.live.rungs import Rung, working_size
from stylize_video.pipeline.live.settings import LiveSettings
from stylize_video.pipeline.live.shared_painter import SharedPainter
from stylize_video.pipeline.stages.canvas import CanvasState, PaintOnCanvas
from stylize_video.pipeline.stages.cuts import Cuts, CutsState
from stylize_video.pipeline.stages.motion import FindMotion
from stylize_video.pipeline.stages.steady import Stabilize

if TYPE_CHECKING:
    from stylize_video.pictures.pictures import Picture  # (H, W, 3) uint8 RGB

TIME_BASE = Fraction(1, 1_000_000)  # s, of a live frame's time
_LONG = 1.0  # s without a frame, after which the next one is of another shot


class Shown(NamedTuple):
    """A frame as it is to be shown, and how it came about."""

    picture: Picture  # (h, w, 3) uint8 RGB
    rung: Rung  # that it was painted at: the settings', or another one while that is made ready
    size: tuple[int, int]  # width and height that were painted, px
    seconds: float  # from the call of `paint` on, waiting for others included
    style: str  # that it was painted in


@dataclass
class LiveState:
    """What is known of a scene up to the frame that came last. It can be pickled."""

    time: float | None = None  # s, of that frame
    cuts: CutsState | None = None
    motion: LastFrame = field(default_factory=LastFrame)
    canvas: CanvasState | None = None
    steady: SteadyState = field(default_factory=SteadyState)


class _Use(NamedTuple):
    """What is in use: a style at a rung."""

    loaded: Loaded
    rung: Rung
    style: str
    stage: PaintOnCanvas


class _StyleNow:
    """The style of the next frame; apart from the session, which is thus freed as soon as nobody has it."""

    def __init__(self) -> None:
        self.style: Any = None  # as the painter takes it

    def at(self, _: Fraction) -> Any:
        return self.style


class LiveSession:
    """Paints the frames of one source for one viewer, one at a time.

    Args:
        painters: shared by all sessions.
        settings: those to begin with.
        state: of a session that is gone on with.
    """

    def __init__(
        self, painters: LivePainters, settings: LiveSettings, *, state: LiveState | None = None
    ) -> None:
        self._painters = painters
        self.settings = settings  # to be replaced at any time, from any thread
        self.state = LiveState() if state is None else state
        self.problem = ""  # why the style that is asked for isn't shown; empty: it is, or soon will be
        self._use: _Use | None = None
        self._style_now = _StyleNow()
        self._one_at_a_time = threading.Lock()
        self._cuts = Cuts(look_ahead=0)
        self._motion = {
            draft: FindMotion(MotionFinder(between_neighbours(DIS, CPU, draft=draft)), threads=1)
            for draft in (True, False)
        }

    def paint(
        self,
        picture: Picture,
        time: float,
        *,
        size: tuple[int, int] | None = None,
        source: tuple[int, int] | None = None,
    ) -> Shown:
        """Paint the next frame.

        Args:
            picture: (H, W, 3) uint8 RGB, of any size; left as it is.
            time: s, when it was taken, by any clock that only goes on. After a gap of a second, or a picture
                of another size, the scene is taken for another.
            size: width and height of the painting as it is shown, px; by default that it is painted in.
            source: width and height of the camera, px, where somebody has shrunk its picture already; another
                rung is taken when a picture of such a source can be painted at it.

        Raises:
            ValueError: it is no picture.
            StylizeVideoError: the first style can't be painted; a later one leaves the one before in use, and
                `problem` says why.
        """
        if picture.ndim != 3 or picture.shape[2] != 3 or picture.dtype != np.uint8:
            raise ValueError(f"{picture.shape} {picture.dtype} is no (H, W, 3) uint8")
        with self._one_at_a_time:
            began = clock.perf_counter()
            settings = self.settings
            if settings.mirror:
                picture = cv2.flip(picture, 1)  # type: ignore[assignment]
            across = source or (picture.shape[1], picture.shape[0])
            use = self._use = self._choose(settings, across)
            self._style_now.style = use.loaded.style
            wanted = working_size(across, use.rung.size)
            working = self._painters.nearest(use.loaded, wanted)
            rung = use.rung if working == wanted else Rung(max(working), use.rung.quality)
            painted = self._paint(resized(picture, working), time, use, settings)
            shown = composed(picture, painted, settings, size or wanted)
            return Shown(shown, rung, working, clock.perf_counter() - began, use.style)

    def preload(self, across: tuple[int, int]) -> None:
        """Load the style that is asked for, and what paints it, while no frame has come yet.

        Args:
            across: width and height that frames will probably have, px. With another size they are painted in
                this one for a moment.

        Raises:
            StylizeVideoError: it can't be painted.
        """
        settings = self.settings
        self._painters.nearest(self._load(settings), working_size(across, settings.rung.size))

    def prepare(self, across: tuple[int, int], rungs: Sequence[Rung]) -> None:
        """Have rungs made ready in the background, in that order.

        Args:
            across: width and height of the pictures, or of their source, px; see `paint`.
            rungs: the soonest wanted first.
        """
        settings = self.settings
        self._painters.prepare(
            settings.style, [(r.quality, working_size(across, r.size)) for r in rungs], seed=settings.seed
        )

    def is_ready(self, across: tuple[int, int], rung: Rung) -> bool:
        """Whether a picture of such a width and height (px) can be painted at a rung at once."""
        size = working_size(across, rung.size)
        return self._painters.has(self.settings.style, rung.quality, size, seed=self.settings.seed)

    def _choose(self, settings: LiveSettings, across: tuple[int, int]) -> _Use:
        """What paints the next frame: what is asked for, or what is ready of it."""
        use = self._use
        if use is None:
            return self._made(None, self._load(settings), settings)
        loaded = self._ask(settings)
        if loaded is not None and self._painters.is_ready(loaded, working_size(across, settings.rung.size)):
            return self._made(use, loaded, settings)
        if loaded is not None and loaded.painter is use.loaded.painter:  # the style at once, the size later
            return use._replace(loaded=loaded, style=str(settings.style))
        return use

    def _load(self, settings: LiveSettings) -> Loaded:
        return self._painters.load(settings.style, settings.rung.quality, seed=settings.seed)

    def _ask(self, settings: LiveSettings) -> Loaded | None:
        """What paints in the style that is asked for, if it is loaded."""
        try:
            loaded = self._painters.ask(settings.style, settings.rung.quality, seed=settings.seed)
        except StylizeVideoError as error:
            self.problem = str(error)
            return None
        if loaded is not None:
            self.problem = ""
        return loaded

    def _made(self, use: _Use | None, loaded: Loaded, settings: LiveSettings) -> _Use:
        same_painter = use is not None and use.loaded.painter is loaded.painter
        if use is not None and not same_painter:
            self.state.canvas = None  # another painter knows the scene in another way
        stage = use.stage if use is not None and same_painter else self._stage(loaded.painter)
        return _Use(loaded, settings.rung, str(settings.style), stage)

    def _stage(self, painter: SharedPainter) -> PaintOnCanvas:
        return PaintOnCanvas(painter, None, style_at=self._style_now.at)

    def _paint(self, picture: Picture, time: float, use: _Use, settings: LiveSettings) -> Picture:
        """A picture of the size that is painted, painted and steadied."""
        batch = FrameBatch(picture[None], [self._frame(picture, time)])
        batch = self._motion[use.rung.quality == DRAFT].step(self.state.motion, batch)[0]
        if self.state.canvas is None:
            self.state.canvas = CanvasState(use.loaded.painter.new_shot())
        batch = use.stage.step(self.state.canvas, batch)[0]
        if settings.stabilize and use.loaded.stability is not None:
            steady = Stabilize(Stabilizer(use.loaded.stability), threads=1)
            batch = steady.step(self.state.steady, batch)[0]
        else:
            self.state.steady.forget()
        found: Picture = np.asarray(batch.pixels[0])
        return found

    def _frame(self, picture: Picture, time: float) -> Frame:
        """The frame, marked where a shot begins."""
        state = self.state
        late = state.time is not None and not 0 <= time - state.time < _LONG
        state.time = time
        if late or state.cuts is None:
            state.cuts = self._cuts.start()
        frame = Frame(picture, round(time / TIME_BASE), TIME_BASE, cut=late)
        (marked,) = self._cuts.step(state.cuts, frame)
        return Frame(picture, frame.pts, TIME_BASE, cut=late or marked.cut)
