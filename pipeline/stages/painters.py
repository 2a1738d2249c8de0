"""The painter that a job's options ask for, as a stage."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from stylize_video.models import methods, styles
from stylize_video.models.runtimes import engine
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.runtimes.engine import Engine
from stylize_video.models.styles import Steadying
from stylize_video.pipeline.jobs.options import PaintOptions
from stylize_video.pipeline.stage import AnyStage
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.paint import NetworkPainter

if TYPE_CHECKING:
    from stylize_video.models.wct.painter import WctPainter
    from stylize_video.pipeline.stages.optimised import OnStep

# For the transform, whose steadied frames lose little of the style.
_WCT_STEADYING = Steadying(0.92, styles.USUAL_SHARPENING)


class Painter(NamedTuple):
    """A stage, and what a user should know of how it paints: read it when the job is done."""

    stage: AnyStage
    notes: list[str]


def steadying(options: PaintOptions) -> Steadying:
    """How the stabiliser treats the film: the stability that was asked for, and what suits all styles.

    Raises:
        UsageError, WeightsError: a style that can't be painted; the manifest is damaged.
    """
    of_styles = [_usual_steadying(region.style, options.method) for region in options.painted]
    stability = min(of_style.stability for of_style in of_styles)
    return Steadying(
        stability if options.stability is None else options.stability,
        max(of_style.sharpening for of_style in of_styles),
    )


def _usual_steadying(style: str, method: str) -> Steadying:
    return _WCT_STEADYING if methods.choose(style, method) == methods.WCT else styles.steadying(style)


def create(style: str, options: PaintOptions, device: Device, *, exact: bool, alpha: float = 1.0) -> Painter:
    """What paints one style.

    Args:
        style: its spec.
        options: everything else.
        device: where.
        exact: compute in float32 wherever the device can, for films of more than 8 bits.
        alpha: 0..1, how far the transform goes.

    Raises:
        StylizeVideoError: a style that can't be painted, weights that can't be read.
    """
    paints: Engine | WctPainter
    if methods.choose(style, options.method) == methods.WCT:
        paints = _transform(style, options, device, exact=exact, alpha=alpha)
    else:
        paints = _network(style, options, device, exact=exact)
    return Painter(NetworkPainter(paints, stroke_size=options.stroke_size), paints.notes)


def create_with_keyframes(
    options: PaintOptions,
    device: Device,
    *,
    exact: bool,
    store: KeyframeStore | None = None,
    on_step: OnStep | None = None,
) -> Painter:
    """What carries keyframes through a film; see `optimised`.

    Raises:
        StylizeVideoError: pictures or weights that can't be read.
    """
    from stylize_video.pipeline.stages import optimised  # brings torch

    if options.guide is not None:
        guided = optimised.guided(options, device, options.guide)
        return Painter(guided, guided.notes)
    transform = partial(_transform, options.style, options, device, exact=exact, alpha=1.0)
    stage = optimised.keyframes(options, device, transform=transform, store=store, on_step=on_step)
    return Painter(stage, [])


def _network(style: str, options: PaintOptions, device: Device, *, exact: bool) -> Engine:
    found = styles.load_parameters(style)
    return engine.open_engine(found.parameters, found.style, device, exact=exact, tile=options.tile_side)


def _transform(style: str, options: PaintOptions, device: Device, *, exact: bool, alpha: float) -> WctPainter:
    from stylize_video.models.wct import sections as wct_sections  # bring torch
    from stylize_video.models.wct import style as wct_style
    from stylize_video.models.wct import weights_file as wct_weights
    from stylize_video.models.wct.painter import WctPainter

    weights = wct_weights.open_chosen(options.wct_weights)
    statistics = wct_style.load(style, weights)
    program = wct_sections.program(weights.network, options.levels)
    runtime, notes = engine.fastest_runtime(program, device, exact=exact)
    painter = WctPainter(
        runtime, statistics, levels=options.levels, strength=alpha, steady=options.stabilizes
    )
    painter.notes += notes
    return painter
