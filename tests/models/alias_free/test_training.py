"""The trainers of the plain painter train the alias-free one."""

from __future__ import annotations

import pytest
import torch

from stylize_video.models.alias_free.network import AliasFreeNet
from stylize_video.models.alias_free.start import from_plain
from stylize_video.models.feed_forward.training import canvas_training
from stylize_video.models.feed_forward.training.canvas_training import CanvasTrainer
from stylize_video.models.feed_forward.training.config import CanvasTrainingConfig
from stylize_video.models.feed_forward.training.distillation import DistillingTrainer
from stylize_video.models.training.photographs import PhotographSet
from tests.networks import ALIAS_FREE_SHAPE, canvas_network, noise, thin

CONFIG = CanvasTrainingConfig(steps=16, batch_size=1, crop=64, style_size=64, learning_rate=1e-2)
PHOTOGRAPHS = PhotographSet([noise(2), noise(3)], [noise(4)])
PAINTINGS = [noise(10), noise(11)]


@pytest.fixture(autouse=True)
def thin_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is tested here needs no more."""
    monkeypatch.setattr(canvas_training, "load_features", thin)


def test_it_learns_what_a_plain_painter_paints() -> None:
    teacher = canvas_network(1, styles=2)
    trainer = DistillingTrainer(
        PAINTINGS, PHOTOGRAPHS, CONFIG, teacher=teacher, start=from_plain(teacher, ALIAS_FREE_SHAPE)
    )
    differences = [progress.losses["difference"] for progress in trainer.run()]

    assert sum(differences[-4:]) < 0.9 * sum(differences[:4])
    assert isinstance(trainer.result(), AliasFreeNet)


def test_it_is_trained_by_perceptual_losses() -> None:
    start = from_plain(canvas_network(1, styles=2), ALIAS_FREE_SHAPE)
    trainer = CanvasTrainer(PAINTINGS, PHOTOGRAPHS, CONFIG, start=start)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    losses = trainer.advance().losses

    changed = {name for name, value in trainer.network.state_dict().items() if not value.equal(before[name])}
    assert {"enter.convolution.weight", "deep.0.conv1.weight", "last.bias"} < changed
    assert all(torch.isfinite(torch.tensor(value)) for value in losses.values())
