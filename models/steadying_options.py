"""What can be asked for of steadiness. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from stylize_video import option as options
from stylize_video.option import option

FLOWS = ("dis", "raft")  # OpenCV's, and a network that torchvision downloads

USUAL_STABILITY = 0.72  # of the frame before; more is steadier, but further from the style
USUAL_SHARPENING = 0.4  # of the detail that this loses; more is nearer to the style, but flickers more


class Steadying(NamedTuple):
    """How the stabiliser treats films in a style; see models/steadying/stabilizer.py."""

    stability: float  # 0..1, of the frame before, is kept
    sharpening: float  # of the detail lost by that is put back beyond what a painting has

    @classmethod
    def usual(cls) -> Steadying:
        """For painters that nothing is known of."""
        return cls(USUAL_STABILITY, USUAL_SHARPENING)


@dataclass(frozen=True)
class SteadyingOptions:
    """How a film is kept steady. Checked when made.

    Raises:
        UsageError: a value out of its range.
    """

    stabilize: bool = option(
        True, help="Take the flicker out of the painted film.", panel="Steadiness", off=True
    )
    stability: float | None = option(
        None,
        help="How much of the frame before is kept where nothing new is seen. More is kept of broad light "
        "and colour, and in frames larger than 640 px.",
        panel="Steadiness",
        least=0,
        most=1,
        usual="what suits the style",
    )
    flow: str = option(
        FLOWS[0],
        help="What finds motion: dis is OpenCV's; raft is a network that torchvision downloads.",
        panel="Steadiness",
        choices=FLOWS,
    )

    def __post_init__(self) -> None:
        options.check(self)

    @property
    def wanted(self) -> bool:
        """Whether anything of the frame before is kept."""
        return self.stabilize and self.stability != 0
