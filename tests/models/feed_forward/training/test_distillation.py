"""A small painter learns what another one paints."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.training import canvas_training
from stylize_video.models.feed_forward.training.config import CanvasTrainingConfig
from stylize_video.models.feed_forward.training.distillation import DistillingTrainer
from stylize_video.models.training.photographs import PhotographSet
from tests.networks import CANVAS_SHAPE, canvas_network, noise, thin

CONFIG = CanvasTrainingConfig(steps=30, batch_size=1, crop=64, style_size=64, learning_rate=1e-2)
PHOTOGRAPHS = PhotographSet([noise(2), noise(3)], [noise(4)])


@pytest.fixture(autouse=True)
def thin_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Styles are not looked at by this training, but their targets are made."""
    monkeypatch.setattr(canvas_training, "load_features", thin)


def trainer(teacher: CanvasNet) -> DistillingTrainer:
    """A small run with two styles."""
    shape = replace(CANVAS_SHAPE, eighth_channels=4)
    return DistillingTrainer([noise(10), noise(11)], PHOTOGRAPHS, CONFIG, teacher=teacher, shape=shape)


def test_it_comes_nearer_and_the_teacher_stays_as_it_is() -> None:
    teacher = canvas_network(1, styles=2)
    before = {name: value.clone() for name, value in teacher.state_dict().items()}
    differences = [progress.losses["difference"] for progress in trainer(teacher).run()]
    assert sum(differences[-6:]) < 0.8 * sum(differences[:6])
    assert all(torch.equal(before[name], value) for name, value in teacher.state_dict().items())


def test_a_teacher_of_other_styles_is_refused() -> None:
    with pytest.raises(ValueError, match="3 styles for 2"):
        trainer(canvas_network(1, styles=3))
