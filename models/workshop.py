"""Painters that are built once and serve several films of one process, one after the other."""

from __future__ import annotations

from collections.abc import Hashable

from stylize_video.models.method import AnyPainter, CanvasPainter, OnStep, Plan
from stylize_video.models.runtimes.devices import Device


class Workshop:
    """Keeps what painted last, as long as what follows can be painted by it.

    That is one painter for each style of a look, with the programs that it has compiled for one size of
    frame: those of other sizes would only take memory. Painters of frames keep nothing of a film, so the next
    one is the same to the bit; those of keyframes are built anew.
    """

    def __init__(self) -> None:
        self._kept: dict[Plan, CanvasPainter] = {}
        self._serving: Hashable = None

    def serve(self, plans: tuple[Plan, ...], device: Device, *, exact: bool, size: tuple[int, int]) -> None:
        """Say what is painted next; all that is of no use for it goes.

        Args:
            plans: of the look.
            device, exact: as `Plan.build` takes them.
            size: of the frames, px.
        """
        serving = (plans, device.type, exact, size)
        if serving != self._serving:
            self._kept.clear()
            self._serving = serving

    def build(self, plan: Plan, device: Device, *, exact: bool, on_step: OnStep | None) -> AnyPainter:
        """See `Plan.build`; what was built already is given again."""
        if plan in self._kept:
            return self._kept[plan]
        built = plan.build(device, exact=exact, on_step=on_step)
        if isinstance(built, CanvasPainter):
            self._kept[plan] = built
        return built
