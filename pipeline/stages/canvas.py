"""Painting frame by frame on a canvas that is carried along with the scene, as a stage."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from stylize_video.models.canvas import Canvas
from stylize_video.models.feed_forward.following import followed
from stylize_video.models.method import Begin, PaintsOnCanvas
from stylize_video.pictures.arrays import joined, to_unit
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.signal import Signal
from stylize_video.pipeline.stage import Stage
from stylize_video.pipeline.stages.paint import by_style, faded, resized

if TYPE_CHECKING:
    from stylize_video.models.motion.neighbours import FrameMotion
    from stylize_video.pictures.arrays import Pictures


@dataclass
class CarriedCanvas:
    """That of the frame that came last; None: the next frame is the first of a shot."""

    canvas: Canvas | None = None


class CarryCanvas(Stage[CarriedCanvas, FrameBatch]):
    """Gives each frame its canvas, ahead of the painter that paints on it.

    Args:
        new_canvas: gives that of a shot's first picture, of so many px down and across.
        stroke_size: see `PaintOnCanvas`.
        look_up: looks up what belongs to a canvas before it is handed on; by default nothing.
    """

    name = "canvas"
    follows = True  # in motion's thread, the next one is carried while this one is painted on

    def __init__(
        self,
        new_canvas: Callable[[int, int], Canvas],
        *,
        stroke_size: float = 1.0,
        look_up: Callable[[Canvas], Canvas] | None = None,
    ) -> None:
        self._new_canvas = new_canvas
        self._look_up = look_up or (lambda canvas: canvas)
        self._stroke_size = stroke_size

    def start(self, signal: Signal) -> CarriedCanvas:  # noqa: ARG002 - all films are alike
        """See `Stage.start`."""
        return CarriedCanvas()

    def step(self, state: CarriedCanvas, batch: FrameBatch, /) -> tuple[FrameBatch]:
        """Carry it along a batch.

        Raises:
            ValueError: no stage has found its motion.
        """
        if batch.motion is None:
            raise ValueError("only batches whose motion was found can be painted on a canvas")
        if batch.frames[0].cut:
            state.canvas = None
        full = batch.pixels.shape[1:3]
        size = scaled(full, self._stroke_size)
        canvases = [self._next(state, found, size, full[1] / size[1]) for found in batch.motion]
        return (replace(batch, canvases=[self._look_up(canvas) for canvas in canvases]),)

    def _next(
        self, state: CarriedCanvas, found: FrameMotion | None, size: Sequence[int], scale: float
    ) -> Canvas:
        """The next frame's canvas; that of a frame too small for motion stays where it is."""
        canvas = state.canvas
        if canvas is None or (found is not None and found.since is None):
            canvas = self._new_canvas(*size)
        elif found is not None and found.since is not None:
            canvas = followed(canvas, found, found.since, scale)
        state.canvas = replace(canvas, since=None)  # of no use to the next one, and saved with it
        return canvas


def scaled(size: Sequence[int], stroke_size: float) -> tuple[int, int]:
    """The height and width at which frames of that size are painted, px."""
    height, width = (max(1, round(side / stroke_size)) for side in size)
    return height, width


@dataclass
class CanvasState:
    """What is known of a shot."""

    known: Any  # what the way to paint knows
    carried: CarriedCanvas = field(default_factory=CarriedCanvas)  # unless another stage carries it


class PaintOnCanvas(Stage[CanvasState, FrameBatch]):
    """Paints batch after batch, each frame on its canvas: the one that it comes with, else one carried here.

    What has no contrast, as black titles and the last moments of a fade, stays as it is: normalised, a
    flat frame is rounding errors made as large as any picture, and all of them come out as one brown.

    Args:
        paints: what paints.
        style: of all frames, as `paints` takes it.
        stroke_size: a network's strokes have their size in px, whatever the frame's; another size is
            had by painting a smaller or larger frame. The canvas has its cells in the px that are painted.
        style_at: gives the style of the frame at a time (s) instead, the same object as long as it is the
            same style.
        at_once: frames in a batch, as far as a shot has so many.
        begin: begins what `paints` does, where the next batch may be begun before one is painted.
    """

    def __init__(
        self,
        paints: PaintsOnCanvas,
        style: Any,
        *,
        stroke_size: float = 1.0,
        style_at: Callable[[Fraction], Any] | None = None,
        at_once: int = 1,
        begin: Begin | None = None,
    ) -> None:
        self._at_once = at_once
        self.overlaps = begin is not None
        self._begin = begin or _painted_at_once(paints)
        self._paints = paints
        self._style = style
        self._stroke_size = stroke_size
        self._style_at = style_at
        self._carry = CarryCanvas(paints.new_canvas, stroke_size=stroke_size)

    def start(self, signal: Signal) -> CanvasState:
        """See `Stage.start`. Compiles what paints, while the first frames are on their way."""
        if signal.bit_depth <= 8 and self._stroke_size == 1:
            self._paints.prepare(signal.height, signal.width, self._style, at_once=self._at_once)
        return CanvasState(self._paints.new_shot())

    def step(self, state: CanvasState, batch: FrameBatch, /) -> tuple[FrameBatch]:
        """Paint a batch.

        Raises:
            ValueError: no stage has found its motion.
        """
        return self.begin(state, batch)()

    def begin(self, state: CanvasState, batch: FrameBatch, /) -> Callable[[], tuple[FrameBatch]]:
        """Begin to paint a batch; see `Stage.begin` and `step`."""
        if batch.canvases is None:
            (batch,) = self._carry.step(state.carried, batch)
        canvases = batch.canvases
        assert canvases is not None
        if batch.frames[0].cut:
            state.known = self._paints.new_shot()
        parts = by_style(batch, self._style_at, self._style)
        begun = [self._begun(batch.pixels[part], canvases[part], style, state.known) for part, style in parts]

        def painted() -> tuple[FrameBatch]:
            """Wait for all of them."""
            pictures = joined([each() for each in begun])
            return (replace(batch.with_pixels(faded(pictures, batch.pixels)), canvases=None),)

        return painted

    def _begun(
        self, pixels: Pictures, canvases: Sequence[Canvas], style: Any, known: Any
    ) -> Callable[[], Pictures]:
        """(N, H, W, 3) -> the same size; of the same kind, or float where strokes are scaled."""
        if self._stroke_size == 1:
            return self._begin(pixels, canvases, style, known)
        size = pixels.shape[1:3]
        under_way = self._begin(
            resized(to_unit(pixels), scaled(size, self._stroke_size)), canvases, style, known
        )
        return lambda: resized(under_way(), size)


def _painted_at_once(paints: PaintsOnCanvas) -> Begin:
    """Of what can only be asked for a whole painting."""

    def begin(images: Pictures, canvases: Sequence[Canvas], style: Any, known: Any) -> Callable[[], Pictures]:
        """Paint at once: there is nothing to wait for."""
        painted = paints.paint(images, canvases, style, known)
        return lambda: painted

    return begin
