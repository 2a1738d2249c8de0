"""What was planned, as a stage: painters of frames, of keyframes, and of what somebody painted already."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from stylize_video.models.method import FramePainter, GuidePainter, KeyframePainter, OnStep, Plan
from stylize_video.models.runtimes.devices import Device
from stylize_video.pipeline.stage import AnyStage
from stylize_video.pipeline.stages.guide import Guide, Guided
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.keyframes import Keyframes
from stylize_video.pipeline.stages.masks import Mask
from stylize_video.pipeline.stages.paint import NetworkPainter
from stylize_video.pipeline.stages.regions import Regions

if TYPE_CHECKING:
    pass


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
) -> PaintingStage:
    """What paints a film; each style in its region, if there are several.

    Args:
        plans: one for each style.
        masks: each opens one of theirs, where there are several.
        device: where to paint.
        exact: compute in float32 wherever the device can, for films of more than 8 bits.
        store: keeps finished keyframes.
        on_step: told of each step of a keyframe that is optimised.

    Raises:
        StylizeVideoError: weights, pictures or masks that can't be read.
    """
    found = [_stage(plan.build(device, exact=exact, on_step=on_step), store) for plan in plans]
    if len(found) == 1:
        return found[0]
    stage = Regions([(painter.stage, mask) for painter, mask in zip(found, masks, strict=True)])
    return PaintingStage(stage, list(dict.fromkeys(note for painter in found for note in painter.notes)))


def _stage(
    painter: FramePainter | KeyframePainter | GuidePainter, store: KeyframeStore | None
) -> PaintingStage:
    match painter:
        case FramePainter(paints, stroke_size):
            return PaintingStage(NetworkPainter(paints, stroke_size=stroke_size), paints.notes)
        case KeyframePainter(artist, interval, estimator, filler):
            keyframes = Keyframes(artist, interval=interval, estimator=estimator, filler=filler, store=store)
            return PaintingStage(keyframes, [])
        case GuidePainter(folder, estimator):
            guided = Guided(Guide.open(folder), estimator=estimator)
            return PaintingStage(guided, guided.notes)
