"""What was planned, as a stage: painters of frames, of keyframes, and of what somebody painted already."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from typing import Any, NamedTuple, Protocol

from stylize_video.models.method import (
    AnyPainter,
    CanvasPainter,
    GuidePainter,
    KeyframePainter,
    OnStep,
    Plan,
)
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.workshop import Workshop
from stylize_video.pipeline.stage import AnyStage
from stylize_video.pipeline.stages.canvas import CarryCanvas, PaintOnCanvas
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.masks import Mask
from stylize_video.pipeline.stages.regions import Regions


class PaintingStage(NamedTuple):
    """A stage, and what a user should know of how it paints: read it when the job is done."""

    stage: AnyStage
    notes: list[str]
    ahead: tuple[AnyStage, ...] = ()  # stages for what can be done before it, once motion is found


class PlansOverTime(Protocol):
    """How each style is painted, where that changes over a film."""

    @property
    def plans(self) -> Collection[Sequence[Plan]]:
        """All there are, whenever."""
        ...

    def plans_at(self, time: Fraction) -> Sequence[Plan]:
        """Those of the frame at a time (s)."""
        ...


def create(
    plans: Sequence[Plan],
    masks: Sequence[Callable[[], Mask]],
    device: Device,
    *,
    exact: bool = False,
    store: KeyframeStore | None = None,
    on_step: OnStep | None = None,
    changes: PlansOverTime | None = None,
    workshop: Workshop | None = None,
    at_once: int = 1,
) -> PaintingStage:
    """What paints a film; each style in its region, if there are several.

    Args:
        plans: one for each style.
        masks: each opens one of theirs, where there are several.
        device: where to paint.
        exact: compute in float32 wherever the device can, for films of more than 8 bits.
        store: keeps finished keyframes.
        on_step: told of each step of a keyframe that is optimised.
        changes: the plans at each time, where styles change over the film: as many as `plans` and of the
            same methods. Only painters of frames heed it.
        workshop: has what painted other films before; by default everything is built for this one.
        at_once: frames in a batch.

    Raises:
        StylizeVideoError: weights, pictures or masks that can't be read, or styles of which one can't follow
            another.
    """
    found = []
    workshop = workshop or Workshop()
    for number, plan in enumerate(plans):
        built = workshop.build(plan, device, exact=exact, on_step=on_step)
        styles = None
        if changes is not None and isinstance(built, CanvasPainter):
            styles = _Styles(changes, number, built.load_style)
        found.append(_stage(built, store, styles, at_once))
    if len(found) == 1:
        return found[0]
    stage = Regions([(painter.stage, mask) for painter, mask in zip(found, masks, strict=True)])
    return PaintingStage(stage, list(dict.fromkeys(note for painter in found for note in painter.notes)))


class _Styles:
    """The style of the frame at a time. All are loaded before the first frame, so that none comes late."""

    def __init__(self, changes: PlansOverTime, number: int, load: Callable[[Plan], Any]) -> None:
        self._changes, self._number = changes, number
        self._loaded = {plan: load(plan) for plan in {plans[number] for plans in changes.plans}}

    def __call__(self, time: Fraction) -> Any:
        return self._loaded[self._changes.plans_at(time)[self._number]]


def _stage(
    painter: AnyPainter,
    store: KeyframeStore | None,
    styles: _Styles | None,
    at_once: int,
) -> PaintingStage:
    match painter:
        case CanvasPainter(on_canvas, style, stroke_size):
            stage = PaintOnCanvas(
                on_canvas,
                style,
                stroke_size=stroke_size,
                style_at=styles,
                at_once=at_once,
                begin=painter.begin,
            )
            carry = CarryCanvas(on_canvas.new_canvas, stroke_size=stroke_size, look_up=on_canvas.looked_up)
            return PaintingStage(stage, on_canvas.notes, (carry,))
        case KeyframePainter(artist, interval, estimator, filler):
            from stylize_video.pipeline.stages.keyframes import Keyframes  # of which most films need nothing

            keyframes = Keyframes(artist, interval=interval, estimator=estimator, filler=filler, store=store)
            return PaintingStage(keyframes, [])
        case GuidePainter(folder, estimator):
            from stylize_video.pipeline.stages.guide import Guide, Guided

            guided = Guided(Guide.open(folder), estimator=estimator)
            return PaintingStage(guided, guided.notes)
