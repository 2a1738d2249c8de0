"""The training of the whitening and colouring transform: reproducible, and it goes on where it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from stylize_video.errors import TrainingError, UsageError
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.shape import WctConfig
from stylize_video.models.wct.training import objectives as wct_objectives
from stylize_video.models.wct.training.config import WCT, WctTrainingConfig
from stylize_video.models.wct.training.trainer import WctTrainer, learning_rate
from stylize_video.pictures.pictures import Picture, to_tensor
from tests.networks import noise, thin

CONFIG = WctTrainingConfig(reconstruction_steps=2, stylisation_steps=2, batch_size=1, crop=64, second_crop=64)
SHAPE = WctConfig((8, 8, 8, 8, 8))  # with fewer, some are 0 from the beginning
PHOTOGRAPHS = PhotographSet([noise(2), noise(3)], [noise(4)])


@pytest.fixture(autouse=True)
def thin_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps by VGG-16 as it is take a second each; `test_cli_train_wct.py` makes some."""
    monkeypatch.setattr(wct_objectives, "load_features", thin)
    monkeypatch.setattr(wct_objectives, "_CHANNELS", (8,) * 5)


def trainer(
    config: WctTrainingConfig = CONFIG,
    *,
    paintings: Sequence[Picture] = (noise(1),),
    photographs: PhotographSet = PHOTOGRAPHS,
    shape: WctConfig = SHAPE,
    start: WctNetwork | None = None,
) -> WctTrainer:
    """A small run."""
    return WctTrainer(paintings, photographs, config, shape=shape, start=start)


def weights_of(run: WctTrainer) -> dict[str, torch.Tensor]:
    """A copy of the weights, their running mean and the embeddings."""
    mean = {f"mean of {name}": value for name, value in run.average.items()}
    found = {**run.network.state_dict(), **run.embeddings.state_dict(), **mean}
    return {name: value.clone() for name, value in found.items()}


def same(first: WctTrainer, second: WctTrainer) -> bool:
    """Whether two runs have the same weights, to the last bit."""
    a, b = weights_of(first), weights_of(second)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_the_same_seed_gives_the_same_weights_and_another_does_not() -> None:
    first, second, other = trainer(), trainer(), trainer(replace(CONFIG, seed=1))
    torch.manual_seed(99)  # nothing may hang on the global generator
    progress = [list(run.run()) for run in (first, second, other)]
    assert progress[0] == progress[1]
    assert [entry.step for entry in progress[0]] == [1, 2, 3, 4]
    assert same(first, second)
    assert not same(first, other)


def test_a_run_from_networks_begins_as_they_are_with_maps_that_fit_them() -> None:
    torch.manual_seed(5)
    start = WctNetwork(WctConfig((8, 12, 8, 8, 8)))
    run = trainer(start=start)
    assert run.network.config == start.config
    assert all(
        torch.equal(value, run.network.state_dict()[name]) for name, value in start.state_dict().items()
    )
    fitted, config = (
        run.advance().losses["embedding"],
        replace(CONFIG, embedding_weight=0.0, pixel_weight=0.0),
    )
    fresh = trainer(config, start=start)
    torch.nn.init.normal_(fresh.embeddings["relu3_1"].weight, std=0.1)
    assert fitted < fresh.advance().losses["embedding"]
    assert not same(run, trainer(shape=start.config))


def test_another_start_is_another_run(tmp_path: Path) -> None:
    begun, path = trainer(), tmp_path / "checkpoint"
    next(begun.run())
    begun.save(path)
    with pytest.raises(TrainingError, match="other settings, paintings, photographs or start"):
        trainer(start=begun.result()).restore(path)


def test_a_run_that_goes_on_makes_the_same_steps_as_an_uninterrupted_one(tmp_path: Path) -> None:
    """Stopped in either phase, and between them."""
    whole, path = trainer(), tmp_path / "checkpoint"
    steps, kept = [], []
    for step in whole.run():
        steps.append(step)
        whole.save(path)
        kept.append(path.read_bytes())
    wanted = whole.result().state_dict()
    for stopped in (1, 2, 3):
        path.write_bytes(kept[stopped - 1])
        resumed = trainer()
        resumed.restore(path)
        assert resumed.step == stopped
        assert list(resumed.run()) == steps[stopped:]
        assert same(whole, resumed)
        result = resumed.result().state_dict()
        assert all(torch.equal(result[name], wanted[name]) for name in wanted)
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint"]


@pytest.mark.parametrize(
    ("level", "beyond"),
    [(2, set()), (5, {f"encoder.convolutions.{name}." for name in ("4_2", "4_3", "5_1")})],
)
def test_one_level_alone_leaves_all_others_as_they_are(level: int, beyond: set[str]) -> None:
    start = trainer().result()
    run = trainer(CONFIG.of_level(level), start=start)
    assert len(list(run.run())) == CONFIG.steps
    found, before = run.result().state_dict(), start.state_dict()
    changed = {name for name, value in found.items() if not torch.equal(value, before[name])}
    own = {f"decoders.{level}.", *beyond}
    assert changed
    assert all(name.startswith(tuple(own)) for name in changed)
    assert all(any(name.startswith(part) for name in changed) for part in own)


def test_the_deepest_level_alone_begins_as_the_level_before() -> None:
    """Pooled once more; what the random state was doesn't matter."""
    start, photo = trainer().result(), noise(2)
    torch.manual_seed(1)
    first = trainer(CONFIG.of_level(5), start=start)
    torch.manual_seed(2)
    assert same(first, trainer(CONFIG.of_level(5), start=start))
    x = to_tensor([photo])[..., :64, :64]
    with torch.no_grad():
        pooled = F.max_pool2d(start.encoder(x, 4), 2)
        wanted = start.decode(F.interpolate(pooled, scale_factor=2.0), 4)
        found = first.network.decode(first.network.encoder(x, 5), 5)
    torch.testing.assert_close(found, wanted)
    assert not torch.equal(wanted, start.decode(start.encoder(x, 5), 5))


@pytest.mark.parametrize("level", [1, 2, 4])
def test_another_level_alone_goes_on_as_it_is(level: int) -> None:
    start = trainer().result()
    run = trainer(CONFIG.of_level(level), start=start)
    known = start.state_dict()
    assert all(torch.equal(value, known[name]) for name, value in run.result().state_dict().items())


def test_what_has_many_inputs_learns_more_slowly() -> None:
    run = trainer(shape=WctConfig((16, 16, 16, 64, 16)))
    next(run.run())
    rates = {id(value): group["lr"] for group in run.optimizer.param_groups for value in group["params"]}
    full = learning_rate(0, CONFIG)
    convolutions = run.network.encoder.convolutions
    assert rates[id(convolutions["3_1"].weight)] == full
    assert rates[id(convolutions["4_2"].weight)] == pytest.approx(full * 288 / (64 * 9))
    assert rates[id(convolutions["4_2"].bias)] == full


def test_errors_of_colour_weigh_more_than_those_of_lightness() -> None:
    photo = torch.full((1, 3, 4, 4), 0.5)
    grey, colour = torch.tensor([0.1, 0.1, 0.1]), torch.tensor([0.1, -0.1, 0.0])
    lighter, redder = (
        wct_objectives._weighted_error(photo + error[:, None, None], photo) for error in (grey, colour)
    )
    assert lighter.item() == pytest.approx(0.01, rel=1e-4)
    assert redder.item() == pytest.approx(4 * 0.02 / 3, rel=1e-4)


def test_revived_channels_make_no_larger_steps_than_others() -> None:
    """Long without a gradient, they would make six times as large ones."""
    run = trainer(replace(CONFIG, reconstruction_steps=1000, averaging=0.0))
    for _ in range(20):
        run.advance()
    convolution = run.network.encoder.convolutions["2_1"]
    for state in run.optimizer.state.values():
        state["step"].fill_(1000.0)
    for parameter in (convolution.weight, convolution.bias):
        for moment in ("exp_avg", "exp_avg_sq"):
            run.optimizer.state[parameter][moment][0] = 0.0
    with torch.no_grad():
        convolution.bias[0] = -1e3
    run.step = 200
    largest = 0.0
    for step in range(200, 212):
        revived = convolution.weight.detach()[0].clone()
        run.advance()
        if step > 200:  # in the first, it is begun anew
            moved = (convolution.weight.detach()[0] - revived).abs().max().item()
            largest = max(largest, moved / learning_rate(step, run.config))
    assert 0 < largest < 2.5


def test_the_first_phase_teaches_the_encoder_and_the_second_leaves_it_alone() -> None:
    run = trainer()
    features = {name: value.clone() for name, value in run.objectives.features.state_dict().items()}
    known = [weights_of(run)]
    for progress in run.run():
        known.append(weights_of(run))
        first = progress.step <= 2
        assert progress.losses["reconstruction"] > 0
        assert ("embedding" in progress.losses) == first
        assert ("content" in progress.losses) == ("style" in progress.losses) == (not first)
        changed = {name for name, value in known[-1].items() if not torch.equal(value, known[-2][name])}
        changed = {name for name in changed if "mean of" not in name}
        taught = {
            name for name in known[-1] if name.startswith("encoder") or name in run.embeddings.state_dict()
        }
        assert taught <= changed if first else not taught & changed
        assert any(name.startswith("decoders") for name in changed)
    assert all(
        torch.equal(value, run.objectives.features.state_dict()[name]) for name, value in features.items()
    )


def test_the_result_is_the_running_mean() -> None:
    run = trainer(replace(CONFIG, stylisation_steps=0))
    assert len(list(run.run())) == 2
    result = run.result()
    assert not result.training
    assert all(torch.equal(value, run.average[name]) for name, value in result.named_parameters())
    assert not all(torch.equal(value, run.average[n]) for n, value in run.network.named_parameters())


def test_a_photograph_is_learned() -> None:
    config = replace(CONFIG, reconstruction_steps=40, stylisation_steps=0)
    flat = np.full((72, 80, 3), (200, 90, 30), np.uint8)
    run = trainer(config, photographs=PhotographSet([flat], [flat]))
    progress = list(run.run())
    losses = [step.losses["reconstruction"] for step in progress]
    assert np.mean(losses[-5:]) < 0.5 * np.mean(losses[:5])


def test_without_paintings_photographs_are_the_styles() -> None:
    run = trainer(paintings=())
    assert len(list(run.run())) == 4


def test_held_out_photographs_are_never_trained_on() -> None:
    one, two = (trainer(photographs=PhotographSet([noise(2)], [noise(seed)])) for seed in (3, 4))
    assert list(one.run()) == list(two.run())
    assert same(one, two)


# -- checkpoints that are none --


@pytest.mark.parametrize(
    "other",
    [
        {"config": replace(CONFIG, seed=1)},
        {"config": replace(CONFIG, stylisation_steps=3)},
        {"config": replace(CONFIG, style_weight=9.0)},
        {"shape": WctConfig((8, 8, 8, 8, 9))},
        {"paintings": [noise(5)]},
        {"paintings": []},
        {"photographs": PhotographSet([noise(3), noise(2)], [noise(4)])},
    ],
    ids=["seed", "steps", "weight", "shape", "painting", "no painting", "photographs in another order"],
)
def test_a_checkpoint_of_another_run_is_an_error(other: dict[str, Any], tmp_path: Path) -> None:
    trainer().save(tmp_path / "checkpoint")
    run = trainer(**other)
    before = weights_of(run)
    with pytest.raises(TrainingError, match="other settings, paintings, photographs or start; delete it"):
        run.restore(tmp_path / "checkpoint")
    assert run.step == 0
    assert all(torch.equal(value, before[name]) for name, value in weights_of(run).items())


def test_a_damaged_checkpoint_is_an_error(tmp_path: Path) -> None:
    path, run = tmp_path / "checkpoint", trainer()
    run.save(path)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(TrainingError, match="checkpoint: damaged checkpoint; delete it"):
        run.restore(path)


# -- steps that fail --


@pytest.mark.parametrize("step", [1, 3])
def test_a_loss_that_is_not_finite_ends_the_run_before_the_step(
    step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trainer()
    for _ in range(20):  # until the first step finds nothing dead, which it would change
        run.prepare_step()
    going = run.run()
    for _ in range(step - 1):
        next(going)
    before = weights_of(run)
    monkeypatch.setattr(
        wct_objectives, "_weighted_error", lambda *_: torch.tensor(float("nan"), requires_grad=True)
    )
    with pytest.raises(TrainingError, match=f"diverged at step {step}; lower `learning_rate`"):
        next(going)
    assert run.step == step - 1
    assert run.whole
    assert all(torch.equal(value, before[name]) for name, value in weights_of(run).items())


# -- small parts --


def test_the_learning_rate_warms_up_and_falls_in_each_phase() -> None:
    config = replace(WCT, reconstruction_steps=100, stylisation_steps=200, learning_rate=1.0)
    rates = [learning_rate(step, config) for step in range(300)]
    first, second = rates[:100], rates[100:]
    assert first[:3] == pytest.approx([0.5, 1.0, 1.0])
    assert second[:5] == pytest.approx([0.25 * share for share in (0.25, 0.5, 0.75, 1.0, 1.0)])
    for rates, warm_up, peak in ((first, 2, 1.0), (second, 4, 0.25)):
        assert rates[warm_up:] == sorted(rates[warm_up:], reverse=True)
        assert rates[-1] == pytest.approx(0.01 * peak, rel=0.1)


@pytest.mark.parametrize(
    ("steps", "phases"), [(WCT.steps, (5000, 5000)), (50, (25, 25)), (3, (2, 1)), (2, (1, 1)), (1, (1, 0))]
)
def test_steps_are_split_as_the_defaults_are(steps: int, phases: tuple[int, int]) -> None:
    found = WCT.with_steps(steps)
    assert (found.reconstruction_steps, found.stylisation_steps) == phases
    assert found.steps == steps


def test_no_steps_are_refused() -> None:
    with pytest.raises(UsageError, match="steps 0 is out of range"):
        WCT.with_steps(0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("batch_size", 0),
        ("held_out", 0),
        ("crop", 63),
        ("seed", -1),
        ("seed", 2**63),
        ("learning_rate", float("nan")),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"{name} {value}"):
        WctTrainingConfig(**{name: value})


def test_what_all_trainings_share_has_one_default() -> None:
    assert WctTrainingConfig() == WCT
