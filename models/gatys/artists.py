"""What a plan of painting by optimisation is made of: the artist of keyframes, and what fills the gaps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import TYPE_CHECKING

from stylize_video.models.float_pictures import FloatPicture
from stylize_video.models.gatys.optimisation import GatysArtist, Term
from stylize_video.models.gatys.semantic_masks import read_regions
from stylize_video.models.method import CanvasPainter
from stylize_video.models.mixture import pictures
from stylize_video.models.runtimes.devices import Device
from stylize_video.models.wct.method import WctPlan
from stylize_video.pictures.arrays import to_host, to_unit
from stylize_video.pictures.pictures import Picture, read_picture

if TYPE_CHECKING:
    from stylize_video.models.gatys.method import GatysPlan
    from stylize_video.models.method import OnStep


def artist(plan: GatysPlan, device: Device, on_step: OnStep | None) -> GatysArtist:
    """What paints a plan's keyframes.

    Raises:
        StylizeVideoError: pictures or weights that can't be read.
    """
    options = plan.options
    masks = options.content_mask, options.style_mask
    return GatysArtist(
        [read_picture(file) for file in pictures(plan.style.ingredients)],
        plan.config,
        device,
        weights=plan.style.weights,
        stroke_size=plan.stroke_size,
        on_step=on_step,
        terms=_photoreal(options.config.photoreal_weight),
        regions=None if masks[0] is None or masks[1] is None else read_regions(masks[0], masks[1]),
    )


def _photoreal(weight: float) -> Callable[[Picture], Sequence[Term]] | None:
    if not weight:
        return None
    from stylize_video.models.gatys.matting import affine_term  # brings scipy

    return lambda picture: [affine_term(picture, weight)]


def filler(plan: WctPlan, device: Device, *, exact: bool) -> Callable[[Picture], FloatPicture]:
    """What paints that which no keyframe shows; built when there is such a thing."""

    @cache
    def transform() -> CanvasPainter:
        return plan.build(device, exact=exact)

    def paint(picture: Picture) -> FloatPicture:
        # Frames that ask for it may lie far apart, so that each is a shot.
        paints, style = transform().paints, transform().style
        canvas = paints.new_canvas(*picture.shape[:2])
        painted = paints.paint(picture[None], [canvas], style, paints.new_shot())
        painting: FloatPicture = to_host(to_unit(painted))[0]
        return painting

    return paint
