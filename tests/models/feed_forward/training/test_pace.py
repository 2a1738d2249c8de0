"""How many steps fit into some minutes."""

from __future__ import annotations

from typing import cast

import pytest

from stylize_video.models.feed_forward.training import pace
from stylize_video.models.feed_forward.training.canvas_training import CanvasTrainer


class Slow:
    """Takes a second for the first two steps, and half a second for each of the others."""

    def __init__(self) -> None:
        self.seconds, self.steps = 100.0, 0

    def advance(self) -> None:
        self.seconds += 1.0 if self.steps < 2 else 0.5
        self.steps += 1


@pytest.mark.parametrize(("minutes", "steps"), [(10.0, 1128), (1.0, 112), (0.001, 1)])
def test_steps_follow_from_how_fast_they_are(
    minutes: float, steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = Slow()
    monkeypatch.setattr(pace.time, "perf_counter", lambda: slow.seconds)
    assert pace.steps_within(minutes, cast(CanvasTrainer, slow)) == steps
