"""Training is reproducible, can be interrupted, and says what is wrong with its checkpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stylize_video.errors import TrainingError, UsageError
from stylize_video.models.feed_forward.training import transform_training as training
from stylize_video.models.feed_forward.training.transform_training import Trainer, learning_rate
from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.style_targets import style_target
from stylize_video.models.training import views
from stylize_video.models.training.config import FIT, FULL, TrainingConfig
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.transform_net.transform_net import TransformNet
from stylize_video.pictures.pictures import Picture
from tests.networks import SHAPE, network, noise, thin

FIT_TINY = TrainingConfig(steps=3, batch_size=1, crop=64, style_size=64)
CONFIG = replace(FIT_TINY, full=True)


@pytest.fixture(autouse=True)
def thin_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train by a feature network that costs next to nothing."""

    monkeypatch.setattr(training, "load_features", thin)


PHOTOGRAPHS = PhotographSet([noise(2), noise(3)], [noise(4)])


def trainer(
    config: TrainingConfig = CONFIG,
    *,
    paintings: Sequence[Picture] = (noise(1),),
    photographs: PhotographSet = PHOTOGRAPHS,
    start: TransformNet | None = None,
) -> Trainer:
    """A small run."""
    return Trainer(paintings, photographs, config, start=start, shape=SHAPE)


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
    run = trainer(paintings=[noise(1), noise(5)])
    before = {name: value.clone() for name, value in weights_of(run).items()}
    features = {name: value.clone() for name, value in run.features.state_dict().items()}
    progress = next(run.run())
    assert min(progress.content, progress.style, progress.total_variation, progress.consistency) > 0
    after = weights_of(run)
    assert not any(torch.equal(before[name], after[name]) for name in before if "norm" not in name)
    assert all(torch.equal(v, run.features.state_dict()[name]) for name, v in features.items())


def test_the_result_is_the_running_mean_and_ready_to_paint() -> None:
    run = trainer()
    list(run.run())
    result = run.result()
    assert not result.training
    assert all(torch.equal(v, run.average[name]) for name, v in result.named_parameters())
    assert not all(torch.equal(v, run.average[n]) for n, v in run.network.named_parameters())


def test_held_out_photographs_are_never_trained_on() -> None:
    one, two = (trainer(photographs=PhotographSet([noise(2)], [noise(seed)])) for seed in (3, 4))
    assert next(one.run()) == next(two.run())
    assert same(one, two)


def cut(data: bytes) -> bytes:
    """The first half."""
    return data[: len(data) // 2]


def flipped(data: bytes) -> bytes:
    """One byte in the middle is another, which neither zip nor torch would notice."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


@pytest.mark.parametrize(
    "damage",
    [
        cut,
        lambda _: b"",
        lambda _: b"no checkpoint",
        lambda data: data[:200] + data[260:],
        flipped,
        lambda data: data[32:],
    ],
    ids=["cut off", "empty", "text", "a hole", "a byte in the middle", "without its checksum"],
)
def test_a_damaged_checkpoint_is_an_error(damage: Callable[[bytes], bytes], tmp_path: Path) -> None:
    path, run = tmp_path / "checkpoint", trainer()
    run.save(path)
    path.write_bytes(damage(path.read_bytes()))
    before = {name: value.clone() for name, value in weights_of(run).items()}
    with pytest.raises(TrainingError, match="checkpoint: damaged checkpoint; delete it"):
        run.restore(path)
    assert all(torch.equal(value, before[name]) for name, value in weights_of(run).items())


@pytest.mark.parametrize("content", [[1, 2], torch.ones(2), {"step": 3}], ids=str)
def test_a_file_of_something_else_is_an_error(content: Any, tmp_path: Path) -> None:
    torch.save(content, tmp_path / "checkpoint")
    with pytest.raises(TrainingError, match="checkpoint: damaged"):
        trainer().restore(tmp_path / "checkpoint")


def test_a_checkpoint_that_cannot_be_read_is_not_called_damaged(tmp_path: Path) -> None:
    (tmp_path / "checkpoint").mkdir()
    with pytest.raises(TrainingError) as caught:
        trainer().restore(tmp_path / "checkpoint")
    assert str(caught.value) == f"{tmp_path / 'checkpoint'}: can't be read (Is a directory)"


def refused(run: Trainer, path: Path) -> None:
    """The run must not go on from that checkpoint, nor be changed by it."""
    before = {name: value.clone() for name, value in weights_of(run).items()}
    with pytest.raises(TrainingError, match="other settings, paintings, photographs or start; delete it"):
        run.restore(path)
    assert run.step == 0
    assert all(torch.equal(value, before[name]) for name, value in weights_of(run).items())


@pytest.mark.parametrize(
    "change", [{"style_weight": 9.0}, {"seed": 1}, {"steps": 4}, {"crop": 72}, {"full": False}], ids=str
)
def test_a_checkpoint_of_other_settings_is_an_error(change: dict[str, Any], tmp_path: Path) -> None:
    start = network()
    run = trainer(start=start)
    next(run.run())
    run.save(tmp_path / "checkpoint")
    refused(trainer(replace(CONFIG, **change), start=start), tmp_path / "checkpoint")


@pytest.mark.parametrize(
    "other",
    [
        {"paintings": [noise(5)]},
        {"paintings": [noise(1, 72, 81)]},
        {"paintings": [noise(1).reshape(80, 72, 3)]},
        {"paintings": [noise(1), noise(1)]},
        {"photographs": PhotographSet([noise(2), noise(3, 72, 81)], [noise(4)])},
        {"photographs": PhotographSet([noise(2), noise(5)], [noise(4)])},
        {"photographs": PhotographSet([noise(3), noise(2)], [noise(4)])},
        {"photographs": PhotographSet([noise(2)], [noise(4)])},
        {"start": network(1)},
    ],
    ids=[
        "painting",
        "painting of another size",
        "painting turned",
        "two paintings",
        "photograph of another size",
        "photograph of the same size",
        "photographs in another order",
        "fewer photographs",
        "start",
    ],
)
def test_a_checkpoint_of_other_inputs_is_an_error(other: dict[str, Any], tmp_path: Path) -> None:
    run = trainer()
    next(run.run())
    run.save(tmp_path / "checkpoint")
    refused(trainer(**other), tmp_path / "checkpoint")


def test_a_checkpoint_of_another_order_of_paintings_is_an_error(tmp_path: Path) -> None:
    trainer(paintings=[noise(1), noise(5)]).save(tmp_path / "checkpoint")
    refused(trainer(paintings=[noise(5), noise(1)]), tmp_path / "checkpoint")


def test_a_missing_checkpoint_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no such checkpoint"):
        trainer().restore(tmp_path / "checkpoint")


def test_a_failed_save_leaves_the_old_checkpoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, run = tmp_path / "checkpoint", trainer()
    run.save(path)

    def full_disk(_: Path, *__: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", full_disk)
        with pytest.raises(TrainingError, match=r"can't write the checkpoint \(No space left"):
            run.save(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["checkpoint"]
    trainer().restore(path)


# -- steps that fail --


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("loss", ["style_distance", "content_distance", "total_variation", "consistency"])
def test_a_loss_that_is_not_finite_ends_the_run_before_the_step(
    loss: str, value: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trainer()
    going = run.run()
    next(going)
    before = {name: tensor.clone() for name, tensor in weights_of(run).items()}
    monkeypatch.setattr(losses, loss, lambda *_: torch.tensor(value, requires_grad=True))
    with pytest.raises(TrainingError, match="diverged at step 2; lower `learning_rate` or the weights"):
        next(going)
    assert run.step == 1
    assert run.whole
    assert all(torch.equal(tensor, before[name]) for name, tensor in weights_of(run).items())


def test_a_run_knows_when_it_is_in_the_middle_of_a_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    for owner, step, whole in (
        (losses, "style_distance", True),
        (torch.optim.Adam, "step", False),
        (Trainer, "_average_weights", False),
    ):
        run = trainer()
        with monkeypatch.context() as patch:
            patch.setattr(owner, step, interrupted)
            with pytest.raises(KeyboardInterrupt):
                next(run.run())
        assert run.whole is whole, step
    run = trainer()
    next(run.run())
    assert run.whole


# -- only the scales and shifts --


def test_a_fit_changes_scales_and_shifts_and_nothing_else() -> None:
    start = network(styles=2)
    before = {name: value.clone() for name, value in start.state_dict().items()}
    run = trainer(replace(FIT_TINY, batch_size=2), paintings=[noise(1), noise(5)], start=start)
    list(run.run())
    own = set(start.style_parameters())
    for state in (run.network.state_dict(), run.result().state_dict()):
        changed = {name for name, value in state.items() if not torch.equal(value, before[name])}
        assert changed == own
    assert set(run.average) == own
    assert all(torch.equal(value, before[name]) for name, value in start.state_dict().items())


def test_the_first_step_moves_the_style_painted_and_no_other() -> None:
    start = network(styles=3)
    run = trainer(replace(FIT_TINY, steps=1), paintings=[noise(1), noise(5), noise(6)], start=start)
    (painted,) = run._styles_of_the_step().tolist()
    next(run.run())
    for name, value in run.network.style_parameters().items():
        moved = (value != start.state_dict()[name]).any(1).tolist()
        assert moved == [style == painted for style in range(3)], name


def test_a_fit_that_goes_on_makes_the_same_steps_as_an_uninterrupted_one(tmp_path: Path) -> None:
    start, config = network(styles=2), replace(FIT_TINY, steps=4)
    whole, begun, resumed = (trainer(config, paintings=[noise(1), noise(5)], start=start) for _ in range(3))
    steps = list(whole.run())
    going = begun.run()
    for _ in range(3):
        next(going)
    begun.save(tmp_path / "checkpoint")
    torch.manual_seed(99)
    resumed.restore(tmp_path / "checkpoint")
    assert list(resumed.run()) == steps[3:]
    assert same(whole, resumed)
    result, wanted = resumed.result().state_dict(), whole.result().state_dict()
    assert all(torch.equal(result[name], wanted[name]) for name in wanted)


def test_a_fit_brings_the_painter_nearer() -> None:
    config = replace(FIT_TINY, steps=60, learning_rate=0.05, consistency_weight=0.0)
    progress = [step.style for step in trainer(config, start=network()).run()]
    assert np.mean(progress[-10:]) < 0.8 * np.mean(progress[:10])


def test_a_fit_needs_a_start() -> None:
    with pytest.raises(ValueError, match="from nothing"):
        trainer(FIT_TINY)


def test_a_full_run_may_go_on_from_a_network() -> None:
    start = network()
    run = trainer(start=start)
    assert all(torch.equal(value, start.state_dict()[n]) for n, value in run.network.state_dict().items())
    next(run.run())
    assert not any(
        torch.equal(value, start.state_dict()[name]) for name, value in run.network.named_parameters()
    )


# -- several styles --


@pytest.mark.parametrize(("styles", "batch_size"), [(1, 1), (3, 2), (8, 2), (2, 8), (5, 5)])
def test_each_style_is_painted_equally_often(styles: int, batch_size: int) -> None:
    config = replace(CONFIG, batch_size=batch_size)
    run = trainer(config, paintings=[noise(1)] * styles)
    drawn: list[int] = []
    for step in range(2 * styles):
        run.step = step
        drawn += run._styles_of_the_step().tolist()
        counts = Counter(drawn)
        assert max(counts.values()) - min(counts[style] for style in range(styles)) <= 1
    assert set(Counter(drawn).values()) == {2 * batch_size}
    if styles > 2:
        rounds = {tuple(drawn[i : i + styles]) for i in range(0, len(drawn), styles)}
        assert len(rounds) > 1  # shuffled


def test_each_photograph_is_compared_with_its_styles_painting(monkeypatch: pytest.MonkeyPatch) -> None:
    paintings = [noise(1), noise(5) // 2, noise(6) // 4]
    run = trainer(replace(CONFIG, batch_size=4), paintings=paintings)
    chosen = torch.tensor([2, 0, 0, 1])
    monkeypatch.setattr(run, "_styles_of_the_step", lambda: chosen)
    seen: list[Any] = []
    monkeypatch.setattr(losses, "style_distance", lambda _, grams: seen.append(grams) or torch.zeros(()))
    styles: list[torch.Tensor] = []
    run.network.register_forward_pre_hook(lambda _, given: styles.append(given[1]))
    next(run.run())
    for layer, gram in seen[0].items():
        wanted = [style_target(paintings[i], 64, run.features)[layer] for i in chosen]
        torch.testing.assert_close(gram, torch.cat(wanted))
    # All views of a photograph are painted in one style.
    assert torch.equal(styles[0], torch.eye(3)[chosen.repeat(run.config.views)])


def test_the_photograph_to_keep_is_the_view_without_noise(monkeypatch: pytest.MonkeyPatch) -> None:
    run = trainer()
    cuts: list[views.Views] = []
    cut_views = views.random_views
    monkeypatch.setattr(
        views, "random_views", lambda *given, **named: cuts.append(cut_views(*given, **named)) or cuts[-1]
    )
    looked_at: list[tuple[torch.Tensor, dict[str, torch.Tensor]]] = []
    run.features.register_forward_hook(lambda _, given, found: looked_at.append((given[0], found)))
    painted: list[torch.Tensor] = []
    run.network.register_forward_pre_hook(lambda _, given: painted.append(given[0]))
    kept: list[tuple[torch.Tensor, torch.Tensor]] = []
    distance = losses.content_distance
    monkeypatch.setattr(losses, "content_distance", lambda *given: kept.append(given) or distance(*given))
    next(run.run())
    (seen,) = cuts
    assert len(seen.others) == run.config.views - 1
    assert not torch.equal(seen.clean, seen.first)
    assert torch.equal(looked_at[0][0], seen.clean)
    assert torch.equal(painted[0], torch.cat([seen.first, *seen.others]))
    assert kept[0][1] is looked_at[0][1][losses.CONTENT_LAYER]


def test_what_is_judged_is_the_mean_of_the_views_carried_back_to_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run = trainer(replace(CONFIG, views=3))
    seen: list[views.Views] = []
    cut_views = views.random_views
    monkeypatch.setattr(
        views, "random_views", lambda *given, **named: seen.append(cut_views(*given, **named)) or seen[-1]
    )
    painted: list[torch.Tensor] = []
    run.network.register_forward_hook(lambda _, __, found: painted.append(found.detach()))
    judged: list[torch.Tensor] = []
    run.features.register_forward_hook(lambda _, given, __: judged.append(given[0].detach()))
    next(run.run())
    count = run.config.batch_size
    first, *others = painted[0].float().split(count)
    total = first.clone()
    for other, flow, visible in zip(others, seen[0].flows, seen[0].visible(), strict=True):
        carried = torch.nn.functional.grid_sample(
            other, flow, mode="bicubic", padding_mode="border", align_corners=False
        )
        total += visible * carried + (1 - visible) * first  # what another view doesn't show is the first's
    torch.testing.assert_close(judged[-1], total / 3, rtol=1e-4, atol=1e-5)
    assert (judged[-1] - first).abs().max() > 1e-3


@pytest.mark.parametrize(("paintings", "styles"), [(2, 1), (1, 2), (3, 8)])
def test_a_network_of_other_styles_than_paintings_is_refused(paintings: int, styles: int) -> None:
    with pytest.raises(ValueError, match=f"{paintings} paintings for a network of {styles} styles"):
        trainer(FIT_TINY, paintings=[noise(1)] * paintings, start=network(styles=styles))


def test_a_run_from_nothing_has_a_style_for_each_painting() -> None:
    assert trainer(paintings=[noise(1)] * 3).result().config == replace(SHAPE, styles=3)


# -- small parts --


def test_the_learning_rate_warms_up_and_falls() -> None:
    config = TrainingConfig(steps=100, learning_rate=1.0)
    rates = [learning_rate(step, config) for step in range(101)]
    assert rates[:6] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0])
    assert rates[5:] == sorted(rates[5:], reverse=True)
    assert rates[100] == pytest.approx(0.01)


def test_a_run_of_one_step_has_a_learning_rate() -> None:
    assert learning_rate(0, TrainingConfig(steps=1, learning_rate=1.0)) == 1.0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("steps", 0),
        ("batch_size", 0),
        ("held_out", 0),
        ("views", 1),
        ("crop", 63),
        ("style_size", 63),
        ("style_size", 4097),
        ("crop", 100_000),
        ("seed", -1),
        ("seed", 2**63),
        ("learning_rate", -1.0),
        ("learning_rate", float("inf")),
        ("style_weight", float("nan")),
        ("style_weight", float("inf")),
        ("consistency_weight", -0.1),
    ],
)
def test_settings_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=f"{name} {value}"):
        TrainingConfig(**{name: value})


def test_the_largest_seed_can_be_trained_with() -> None:
    assert next(trainer(replace(CONFIG, seed=2**63 - 1)).run()).step == 1


def test_no_such_features() -> None:
    with pytest.raises(UsageError, match="'vgg11'; there are: vgg16, vgg19"):
        TrainingConfig(features="vgg11")


def test_a_fit_is_the_default_and_a_full_run_is_longer() -> None:
    assert TrainingConfig() == FIT
    assert not FIT.full
    assert FULL.full
    assert FULL.steps > FIT.steps
