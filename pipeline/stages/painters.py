"""What was planned, as a stage: painters of frames, of keyframes, and of what somebody painted already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import partial
from typing import Any, NamedTuple

from stylize_video.models.method import FramePainter, GuidePainter, KeyframePainter, OnStep, Plan
from stylize_video.models.runtimes.devices import Device
from stylize_video.pipeline.stage import AnyStage
from stylize_video.pipeline.stages.guide import Guide, Guided
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.keyframes import Keyframes
from stylize_video.pipeline.stages.masks import Mask
from stylize_video.pipeline.stages.paint import NetworkPainter
from stylize_video.pipeline.stages.regions import Regions


class PaintingStage(NamedTuple):
    """A stage, and what a user should know of how it paints: read it when the job is done."""

    stage: AnyStage
    notes: list[str]


def create(
    plans: Sequence[Plan],
    masks: Sequence[Callable[[], Mask]],
    device: Device,
    *,
    exact: bool = False,
    store: KeyframeStore | None = None,
    on_step: OnStep | None = None,
    plans_at: Callable[[Fraction], Sequence[Plan]] | None = None,
) -> PaintingStage:
    """What paints a film; each style in its region, if there are several.

    Args:
        plans: one for each style.
        masks: each opens one of theirs, where there are several.
        device: where to paint.
        exact: compute in float32 wherever the device can, for films of more than 8 bits.
        store: keeps finished keyframes.
        on_step: told of each step of a keyframe that is optimised.
        plans_at: where styles change over the film, the plans for a time (s), as many as `plans` and of the
            same methods; only painters of frames heed it.

    Raises:
        StylizeVideoError: weights, pictures or masks that can't be read.
    """
    found = []
    for number, plan in enumerate(plans):
        plan_at = None if plans_at is None else partial(_one_of, plans_at, number)
        found.append(_stage(plan.build(device, exact=exact, on_step=on_step), store, plan_at))
    if len(found) == 1:
        return found[0]
    stage = Regions([(painter.stage, mask) for painter, mask in zip(found, masks, strict=True)])
    return PaintingStage(stage, list(dict.fromkeys(note for painter in found for note in painter.notes)))


def _one_of(plans_at: Callable[[Fraction], Sequence[Plan]], number: int, time: Fraction) -> Plan:
    return plans_at(time)[number]


class _Styles:
    """The style of the frame at a time; what a plan names is read once."""

    def __init__(self, plan_at: Callable[[Fraction], Plan], load: Callable[[Plan], Any]) -> None:
        self._plan_at, self._load = plan_at, load
        self._loaded: dict[Plan, Any] = {}

    def __call__(self, time: Fraction) -> Any:
        plan = self._plan_at(time)
        if plan not in self._loaded:
            self._loaded[plan] = self._load(plan)
        return self._loaded[plan]


def _stage(
    painter: FramePainter | KeyframePainter | GuidePainter,
    store: KeyframeStore | None,
    plan_at: Callable[[Fraction], Plan] | None,
) -> PaintingStage:
    match painter:
        case FramePainter(paints, stroke_size, load_style):
            style_at = None if plan_at is None else _Styles(plan_at, load_style)
            return PaintingStage(
                NetworkPainter(paints, stroke_size=stroke_size, style_at=style_at), paints.notes
            )
        case KeyframePainter(artist, interval, estimator, filler):
            keyframes = Keyframes(artist, interval=interval, estimator=estimator, filler=filler, store=store)
            return PaintingStage(keyframes, [])
        case GuidePainter(folder, estimator):
            guided = Guided(Guide.open(folder), estimator=estimator)
            return PaintingStage(guided, guided.notes)
