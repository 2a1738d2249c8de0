"""What may be changed of a live picture while it is painted, as one value."""

from __future__ import annotations

from dataclasses import dataclass

from stylize_video import option as options
from stylize_video.errors import UsageError
from stylize_video.models import methods, styles
from stylize_video.models.look import DEFAULT_STYLE, Look
from stylize_video.models.mixture import Mixture
from stylize_video.models.steadying_options import SteadyingOptions
from stylize_video.option import option, same
from stylize_video.pipeline.live import rungs
from stylize_video.pipeline.live.rungs import Rung


@dataclass(frozen=True)
class LiveSettings:
    """How the next picture is painted and shown. `dataclasses.replace` changes one. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    style: Mixture = same(Look, "style")
    strength: float = same(Look, "strength")
    preserve_color: bool = same(Look, "preserve_color")
    stabilize: bool = same(SteadyingOptions, "stabilize")
    seed: int = same(Look, "seed")
    beside: bool = option(False, help="Show the original on the left of the painting.", panel="Style")
    mirror: bool = option(False, help="Show everything mirrored, as people know themselves.", panel="Style")
    rung: Rung = rungs.DEFAULT  # a size and a quality; the governor's affair where there is one

    def __post_init__(self) -> None:
        options.check(self)


def check_style(style: Mixture, quality: str = styles.FULL) -> None:
    """See whether a style can be painted live, without loading anything.

    Beware: a style may name any picture or weights file of this machine. What comes from a visitor has to be
    held against the styles that he is offered, before.

    Raises:
        UsageError: it can't, or there is no such style.
    """
    method = methods.choose(style)
    if method.needs.held_frames:
        raise UsageError(f"{method.title} can't paint live: {method.summary}")
    method.check(style, method.options())
    if any(name in styles.available() for name in map(str, style.ingredients)):
        styles.check(style, networks=quality)


__all__ = ["DEFAULT_STYLE", "LiveSettings", "check_style"]
