"""How much of a photograph the networks give back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.shape import WctConfig
from stylize_video.models.wct.training.reconstruction import mean_psnr, psnr, psnr_of_each
from tests.networks import noise

LEVELS = (1, 2, 3, 4, 5)


@pytest.fixture
def network() -> WctNetwork:
    with torch.random.fork_rng():
        torch.manual_seed(3)
        return WctNetwork(WctConfig((4, 4, 6, 6, 6))).eval()


def test_psnr_is_of_a_peak_of_one() -> None:
    black = torch.zeros(1, 3, 4, 4)
    assert psnr(black, black + 0.1) == pytest.approx(20, abs=1e-4)
    assert psnr(black, black + 1) == pytest.approx(0)
    assert psnr(black, black) == pytest.approx(100)


def test_each_photograph_is_looked_at_in_whole_strides(
    network: WctNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, ...]] = []
    features = network.encoder.features

    def watched(photo: Tensor, level: int) -> Any:
        seen.append(tuple(photo.shape))
        return features(photo, level)

    monkeypatch.setattr(network.encoder, "features", watched)
    found = psnr_of_each(network, [noise(1, 72, 80), noise(2, 100, 60)], size=100)
    assert seen == [(1, 3, 80, 96), (1, 3, 96, 48)]
    assert [tuple(each) for each in found] == [LEVELS, LEVELS]
    assert mean_psnr(network, [noise(1, 72, 80), noise(2, 100, 60)], size=100) == pytest.approx(
        {level: np.mean([each[level] for each in found]) for level in LEVELS}
    )


def test_pictures_are_clipped_before_they_are_compared(
    network: WctNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    white = np.full((64, 64, 3), 255, np.uint8)
    monkeypatch.setattr(network, "decode", lambda _, level: torch.full((1, 3, 64, 64), 1.0 + level))
    assert mean_psnr(network, [white], size=64) == pytest.approx(dict.fromkeys(LEVELS, 100.0))
