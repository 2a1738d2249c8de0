"""What can be asked for of steadiness. Needs no torch."""

from __future__ import annotations

from dataclasses import dataclass

from stylize_video import option as options
from stylize_video.option import option

FLOWS = ("dis", "raft")  # OpenCV's, and a network that torchvision downloads

USUAL_STABILITY = 0.8  # of the frame before; more is steadier, but lags more where the film changes


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
        help="How much of the frame before is kept where nothing new is seen.",
        panel="Steadiness",
        least=0,
        most=1,
        usual="what suits the method",
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
