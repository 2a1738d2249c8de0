"""Training the painter with a canvas is reproducible, can be interrupted, and learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from stylize_video.errors import TrainingError, UsageError
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.feed_forward.training import canvas_training as training
from stylize_video.models.feed_forward.training.canvas_training import CanvasTrainer
from stylize_video.models.feed_forward.training.config import CanvasTrainingConfig
from stylize_video.models.training.photographs import PhotographSet
from tests.networks import CANVAS_SHAPE, canvas_network, noise, thin

CONFIG = CanvasTrainingConfig(steps=3, batch_size=1, crop=64, style_size=64)
PHOTOGRAPHS = PhotographSet([noise(2), noise(3)], [noise(4)])


@pytest.fixture(autouse=True)
def thin_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train by a feature network that costs next to nothing."""
    monkeypatch.setattr(training, "load_features", thin)


def trainer(config: CanvasTrainingConfig = CONFIG, *, styles: int = 1) -> CanvasTrainer:
    """A small run."""
    return CanvasTrainer([noise(10 + i) for i in range(styles)], PHOTOGRAPHS, config, shape=CANVAS_SHAPE)


def same(first: CanvasTrainer, second: CanvasTrainer) -> bool:
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
        sum(p.losses["style"] + p.losses["lost structure"] for p in part) / len(part)
        for part in (progress[:8], progress[-8:])
    )
    assert after < before


def test_it_goes_on_from_weights_alone() -> None:
    begun = trainer()
    list(begun.run())
    again = CanvasTrainer([noise(10)], PHOTOGRAPHS, CONFIG, start=begun.result())
    for name, value in begun.result().state_dict().items():
        assert torch.equal(again.network.state_dict()[name], value)


def test_scales_and_shifts_alone_leave_the_convolutions_as_they_are() -> None:
    start = canvas_network(styles=2)
    paintings = [noise(10), noise(11)]
    run = CanvasTrainer(paintings, PHOTOGRAPHS, replace(CONFIG, styles_alone=True), start=start)
    list(run.run())
    own = start.style_parameters()
    for name, value in run.result().state_dict().items():
        assert torch.equal(value, start.state_dict()[name]) == (name not in own)
    before, after = CanvasParameters.of(start), CanvasParameters.of(run.result())
    assert before.convolutions == after.convolutions  # by which styles can be mixed


def test_beyond_its_goal_style_counts_for_more() -> None:
    usual, pressed = (trainer(replace(CONFIG, style_goal=goal)) for goal in (None, 1e-3))
    (found, more) = (run.losses(run.material(0))["style"] for run in (usual, pressed))
    assert found.weight == CONFIG.style_weight
    assert more.weight == pytest.approx(CONFIG.style_weight * found.value.item() / 1e-3)
    assert torch.equal(found.value, more.value)  # what is told is the distance


def test_what_can_not_be_trained() -> None:
    with pytest.raises(ValueError, match="can't be learned from nothing"):
        trainer(replace(CONFIG, styles_alone=True))
    with pytest.raises(ValueError, match="1 paintings for a network of 2 styles"):
        CanvasTrainer([noise(10)], PHOTOGRAPHS, CONFIG, start=canvas_network(styles=2))
    with pytest.raises(ValueError, match="must be a multiple of 16"):
        trainer(replace(CONFIG, crop=72))


def test_another_start_is_another_run(tmp_path: Path) -> None:
    trainer().save(tmp_path / "checkpoint")
    other = CanvasTrainer([noise(10)], PHOTOGRAPHS, CONFIG, start=canvas_network())
    with pytest.raises(TrainingError, match="other settings, paintings, photographs or start"):
        other.restore(tmp_path / "checkpoint")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("steps", 0), ("batch_size", 0), ("held_out", 0), ("crop", 63), ("style_size", 5000)),
        *(("style_goal", 0.0), ("style_goal", float("nan"))),
        *(("seed", -1), ("seed", 2**63), ("style_weight", float("inf")), ("colour_weight", float("nan"))),
        *(("learning_rate", -1.0), ("consistency_weight", -1.0), ("redrawn", 1.1)),
    ],
)
def test_settings_out_of_their_range(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"{name} .*out of range"):
        replace(CONFIG, **{name: value})  # type: ignore[arg-type]


def test_all_styles_get_their_turn() -> None:
    run = trainer(replace(CONFIG, batch_size=2), styles=4)
    turns = []
    for step in range(4):
        turns += run.styles_of(step).tolist()
    assert sorted(turns) == [0, 0, 1, 1, 2, 2, 3, 3]


def test_the_learning_rate_rises_and_falls() -> None:
    config = CanvasTrainingConfig(steps=1000, learning_rate=1.0)
    run = trainer(config)
    rates = [run.learning_rate(step) for step in range(1000)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == pytest.approx(1.0)
    assert rates[-1] < 0.011


@pytest.mark.parametrize(("weight", "name"), [("weave_weight", "weave"), ("bare_weight", "bare canvas")])
def test_a_loss_is_looked_at_where_it_is_asked_for(weight: str, name: str) -> None:
    config = replace(CONFIG, **{weight: 1.0})
    assert name in next(trainer(config).run()).losses
    assert name not in next(trainer().run()).losses
