"""Training is reproducible, can be interrupted, and says what is wrong with its checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stylize_video.errors import TrainingError
from stylize_video.models import training
from stylize_video.models.photographs import PhotographSet, Picture
from stylize_video.models.training import StyleTarget, Trainer, TrainingConfig, learning_rate
from stylize_video.models.transform_net import TransformNet, TransformNetConfig
from stylize_video.models.vgg import Vgg16

CONFIG = TrainingConfig(steps=3, batch_size=1, crop=64, style_size=64)
SHAPE = TransformNetConfig(quarter_channels=4, eighth_channels=6, half_channels=4, blocks=1)


def noise(seed: int, height: int = 72, width: int = 80) -> Picture:
    """A picture of noise."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def trainer(config: TrainingConfig = CONFIG) -> Trainer:
    """A small run."""
    return Trainer(noise(1), PhotographSet([noise(2), noise(3)], [noise(4)]), config, shape=SHAPE)


def weights_of(run: Trainer) -> dict[str, torch.Tensor]:
    """The weights and their running mean."""
    mean = {f"mean of {name}": value for name, value in run.average.items()}
    return {**run.network.state_dict(), **mean}


def same(first: Trainer, second: Trainer) -> bool:
    """Whether two runs have the same weights, to the last bit."""
    a, b = weights_of(first), weights_of(second)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_same_seed_gives_the_same_weights_and_another_does_not() -> None:
    first, second, other = trainer(), trainer(), trainer(replace(CONFIG, seed=1))
    progress = [list(run.run()) for run in (first, second, other)]
    assert progress[0] == progress[1]
    assert [entry.step for entry in progress[0]] == [1, 2, 3]
    assert same(first, second)
    assert not same(first, other)


def test_a_run_that_goes_on_makes_the_same_steps_as_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, begun, resumed = trainer(), trainer(), trainer()
    steps = list(whole.run())
    next(begun.run())
    begun.save(tmp_path / "checkpoint")
    torch.manual_seed(99)  # nothing may hang on the global generator
    resumed.restore(tmp_path / "checkpoint")
    assert resumed.step == 1
    assert list(resumed.run()) == steps[1:]
    assert same(whole, resumed)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


def test_training_changes_the_painter_but_not_the_features() -> None:
    run = trainer()
    before = {name: value.clone() for name, value in weights_of(run).items()}
    features = {name: value.clone() for name, value in run.features.state_dict().items()}
    progress = next(run.run())
    assert min(progress.content, progress.style, progress.total_variation) > 0
    after = weights_of(run)
    assert not any(torch.equal(before[name], after[name]) for name in before if "conv" in name)
    assert all(torch.equal(v, run.features.state_dict()[name]) for name, v in features.items())


def test_the_result_is_the_running_mean_and_ready_to_paint() -> None:
    run = trainer()
    list(run.run())
    result = run.result()
    assert not result.training
    assert all(torch.equal(v, run.average[name]) for name, v in result.named_parameters())
    assert not all(torch.equal(v, run.average[n]) for n, v in run.network.named_parameters())


def test_held_out_photographs_are_never_trained_on() -> None:
    one, two = (
        Trainer(noise(1), PhotographSet([noise(2)], [noise(seed)]), CONFIG, shape=SHAPE) for seed in (3, 4)
    )
    assert next(one.run()) == next(two.run())
    assert same(one, two)


def cut(data: bytes) -> bytes:
    """The first half."""
    return data[: len(data) // 2]


@pytest.mark.parametrize(
    "damage",
    [cut, lambda _: b"", lambda _: b"no checkpoint", lambda data: data[:200] + data[260:]],
    ids=["cut off", "empty", "text", "a hole"],
)
def test_a_damaged_checkpoint_is_an_error(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path, run = tmp_path / "checkpoint", trainer()
    run.save(path)
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(TrainingError, match="checkpoint: damaged"):
        run.restore(path)


@pytest.mark.parametrize("content", [[1, 2], torch.ones(2), {"step": 3}], ids=str)
def test_a_file_of_something_else_is_an_error(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "checkpoint")
    with pytest.raises(TrainingError, match="checkpoint: damaged"):
        trainer().restore(tmp_path / "checkpoint")


@pytest.mark.parametrize("missing", ["network", "average", "optimizer", "step"])
def test_a_checkpoint_that_lacks_something_is_an_error(missing: str, tmp_path: Path) -> None:
    path, run = tmp_path / "checkpoint", trainer()
    run.save(path)
    state = torch.load(path, weights_only=True)
    del state[missing]
    torch.save(state, path)
    with pytest.raises(TrainingError, match="checkpoint: damaged"):
        run.restore(path)


def test_a_checkpoint_of_other_settings_is_an_error(tmp_path: Path) -> None:
    trainer().save(tmp_path / "checkpoint")
    with pytest.raises(TrainingError, match="other settings"):
        trainer(replace(CONFIG, style_weight=9.0)).restore(tmp_path / "checkpoint")


def test_the_learning_rate_warms_up_and_falls() -> None:
    config = TrainingConfig(steps=100, learning_rate=1.0)
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[100] == pytest.approx(0.01)


def test_a_run_of_one_step_has_a_learning_rate() -> None:
    assert learning_rate(0, TrainingConfig(steps=1, learning_rate=1.0)) == 1.0


def test_a_painting_too_small_is_an_error() -> None:
    with pytest.raises(TrainingError, match="80x63 px"):
        StyleTarget(noise(1, 63, 80), 64, Vgg16())


def test_a_painting_that_is_measured_against_itself_is_at_no_distance(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(training, "MEASURED_SIZE", 96)
    copyist: Any = lambda photo, _: photo  # noqa: E731
    painting = noise(1, 64, 96)
    assert training.measure(copyist, painting, [painting]) == pytest.approx((0, 0), abs=1e-9)
    style, content = training.measure(copyist, painting, [painting, painting // 4])
    assert style > 0.01
    assert content == 0


def test_measuring_takes_the_mean_over_photographs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(training, "MEASURED_SIZE", 96)
    network = TransformNet(SHAPE).eval()
    photographs = [noise(2, 64, 96), noise(3, 64, 96) // 3]
    each = [training.measure(network, noise(1), [photo]) for photo in photographs]
    both = training.measure(network, noise(1), photographs)
    assert both == pytest.approx(np.mean(each, axis=0), rel=1e-5)


@pytest.mark.parametrize(("name", "value"), [("steps", 0), ("batch_size", 0), ("crop", 63)])
def test_settings_that_make_no_sense_are_refused(name: str, value: int) -> None:
    with pytest.raises(ValueError, match=f"{name} {value}"):
        TrainingConfig(**{name: value})
