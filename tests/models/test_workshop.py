"""Painters that serve several films."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from stylize_video.models.method import CanvasPainter
from stylize_video.models.runtimes.devices import CPU
from stylize_video.models.workshop import Workshop


@dataclass(frozen=True)
class FakePlan:
    """Builds a new painter each time; of another kind where `slow`."""

    name: str
    slow: bool = False

    def build(self, device: Any, **_: Any) -> Any:
        return object() if self.slow else CanvasPainter(None, self.name, 1.0, lambda plan: plan)  # type: ignore[arg-type]


def build(workshop: Workshop, plan: FakePlan, size: tuple[int, int] = (64, 48)) -> Any:
    workshop.serve((plan,), CPU, exact=False, size=size)  # type: ignore[arg-type]
    return workshop.build(plan, CPU, exact=False, on_step=None)  # type: ignore[arg-type]


def test_the_next_film_of_the_same_look_and_size_has_the_same_painter() -> None:
    workshop, plan = Workshop(), FakePlan("a")
    assert build(workshop, plan) is build(workshop, FakePlan("a"))


def test_another_size_or_look_is_built_anew_and_the_last_goes() -> None:
    workshop, plan = Workshop(), FakePlan("a")
    first = build(workshop, plan)
    assert build(workshop, plan, (128, 96)) is not first
    again = build(workshop, plan)
    assert again is not first
    build(workshop, FakePlan("b"))
    assert build(workshop, plan) is not again


def test_painters_of_keyframes_are_built_anew() -> None:
    workshop, plan = Workshop(), FakePlan("a", slow=True)
    assert build(workshop, plan) is not build(workshop, plan)
