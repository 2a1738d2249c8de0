"""Training the painter with a canvas is reproducible, can be interrupted, and learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stylize_video.errors import TrainingError
from stylize_video.models.feed_forward.shape import CanvasNetConfig
from stylize_video.models.feed_forward.training import canvas_training as training
from stylize_video.models.feed_forward.training.canvas_training import (
    CanvasTrainingConfig,
    Trainer,
    learning_rate,
)
from stylize_video.models.training.photographs import PhotographSet
from tests.networks import noise, thin

SHAPE = CanvasNetConfig(
    full_channels=3,
    half_channels=4,
    quarter_channels=5,
    eighth_channels=6,
    sixteenth_channels=7,
    eighth_blocks=2,
    sixteenth_blocks=1,
)
CONFIG = CanvasTrainingConfig(steps=3, batch_size=1, crop=64, style_size=64)
PHOTOGRAPHS = PhotographSet([noise(2), noise(3)], [noise(4)])


@pytest.fixture(autouse=True)
def thin_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train by a feature network that costs next to nothing."""
    monkeypatch.setattr(training, "load_features", thin)


def trainer(config: CanvasTrainingConfig = CONFIG, *, styles: int = 1) -> Trainer:
    """A small run."""
    return Trainer([noise(10 + i) for i in range(styles)], PHOTOGRAPHS, config, shape=SHAPE)


def same(first: Trainer, second: Trainer) -> bool:
    """Whether two runs have the same weights and means, to the last bit."""
    pairs = zip(first.network.state_dict().values(), second.network.state_dict().values(), strict=True)
    means = zip(first.average.values(), second.average.values(), strict=True)
    return all(torch.equal(a, b) for a, b in (*pairs, *means))


def test_a_run_that_goes_on_makes_the_same_steps_as_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, begun, resumed = trainer(), trainer(), trainer()
    steps = list(whole.run())
    next(begun.run())
    begun.save(tmp_path / "checkpoint")
    torch.manual_seed(99)  # nothing may hang on the global generator
    resumed.restore(tmp_path / "checkpoint")
    assert list(resumed.run()) == steps[1:]
    assert same(whole, resumed)


def test_workers_change_nothing() -> None:
    alone, helped = trainer(), trainer()
    assert list(alone.run()) == list(helped.run(workers=2))
    assert same(alone, helped)


def test_a_run_with_workers_can_be_left() -> None:
    run = trainer().run(workers=2)
    next(run)
    run.close()  # type: ignore[attr-defined]


def test_a_checkpoint_of_another_run_is_refused(tmp_path: Path) -> None:
    trainer().save(tmp_path / "checkpoint")
    with pytest.raises(TrainingError, match="other settings"):
        trainer(replace(CONFIG, seed=1)).restore(tmp_path / "checkpoint")


def test_it_learns() -> None:
    run = trainer(replace(CONFIG, steps=40, learning_rate=1e-2))
    progress = list(run.run())
    before, after = (
        sum(p.style + p.content for p in part) / len(part) for part in (progress[:8], progress[-8:])
    )
    assert after < before


def test_it_goes_on_from_weights_alone() -> None:
    begun = trainer()
    list(begun.run())
    half = {name: value.half() for name, value in begun.result().state_dict().items()}
    again = Trainer([noise(10)], PHOTOGRAPHS, CONFIG, shape=SHAPE, start=half)
    for name, value in again.network.state_dict().items():
        torch.testing.assert_close(value, half[name].float())


def test_all_styles_get_their_turn() -> None:
    run = trainer(replace(CONFIG, batch_size=2), styles=4)
    turns = []
    for step in range(4):
        run.step = step
        turns += run._styles_of_the_step().tolist()
    assert sorted(turns) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_the_learning_rate_rises_and_falls() -> None:
    config = CanvasTrainingConfig(steps=1000, learning_rate=1.0)
    rates = [learning_rate(step, config) for step in range(1000)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.011
