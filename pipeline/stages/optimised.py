"""The painters that carry keyframes through a film: optimised ones, or the user's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from stylize_video.models import style_spec
from stylize_video.models.float_pictures import FloatPicture
from stylize_video.models.gatys.optimisation import GatysArtist, Step, Term
from stylize_video.models.gatys.semantic_masks import read_regions
from stylize_video.models.motion.composed_flow import FlowEstimator, MotionFlow, smooth_flow
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.wct.painter import WctPainter
from stylize_video.pictures.arrays import to_host, to_unit
from stylize_video.pictures.pictures import Picture, read_picture
from stylize_video.pipeline.jobs.options import PaintOptions
from stylize_video.pipeline.stages.guide import Guide, Guided
from stylize_video.pipeline.stages.intervals import Filler
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.keyframes import Keyframes

OnStep = Callable[[Step], None]


def keyframes(
    options: PaintOptions,
    device: Device,
    *,
    transform: Callable[[], WctPainter],
    store: KeyframeStore | None = None,
    on_step: OnStep | None = None,
) -> Keyframes:
    """What paints a film by optimising a few of its frames.

    Args:
        options: everything else.
        device: where.
        transform: makes the painter of what no keyframe shows; called when there is such a thing.
        store: keeps finished keyframes.
        on_step: told of each step.

    Raises:
        StylizeVideoError: a picture or weights that can't be read.
    """
    mixture = style_spec.parse(options.style)
    masks = options.content_mask, options.style_mask
    artist = GatysArtist(
        [read_picture(Path(ingredient.file)) for ingredient in mixture],
        options.gatys,
        device,
        weights=[ingredient.weight for ingredient in mixture],
        stroke_size=options.stroke_size,
        on_step=on_step,
        terms=_photoreal(options.gatys.photoreal_weight),
        regions=None if masks[0] is None or masks[1] is None else read_regions(masks[0], masks[1]),
    )
    return Keyframes(
        artist,
        interval=options.interval,
        estimator=_estimator(options.flow, device),
        filler=None if options.gatys.photoreal_weight else _filler(transform),  # else: as the photograph is
        store=store,
    )


def guided(options: PaintOptions, device: Device, folder: Path) -> Guided:
    """What paints a film by the user's own painted frames.

    Raises:
        InputError: no folder, or no painted frames in it.
    """
    return Guided(Guide.open(folder), estimator=_estimator(options.flow, device))


def _photoreal(weight: float) -> Callable[[Picture], Sequence[Term]] | None:
    if not weight:
        return None
    from stylize_video.models.gatys.matting import affine_term  # brings scipy

    return lambda picture: [affine_term(picture, weight)]


def _filler(transform: Callable[[], WctPainter]) -> Filler:
    painter = cache(transform)

    def paint(picture: Picture) -> FloatPicture:
        painting: FloatPicture = to_host(to_unit(painter().paint(picture[None])))[0]
        return painting

    return paint


def _estimator(name: str, device: Device) -> FlowEstimator:
    if name == "dis":
        return smooth_flow
    from stylize_video.models.motion.raft import RaftMotion  # brings torchvision

    return MotionFlow(RaftMotion.load(device))
