"""The loss of bare canvas sees what the measure sees."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from stylize_video.models.feed_forward.training.bare_loss import bare_loss, energies, least_energies
from stylize_video.models.perceptual import brushwork
from stylize_video.pictures.pictures import to_tensor
from tests.networks import noise


def test_its_energies_are_those_of_the_measure() -> None:
    picture = brushwork.looked_at(noise(1))
    mine = energies(to_tensor([picture]))[0].numpy()
    for octave, windows in zip(mine, brushwork.energies(picture), strict=True):
        np.testing.assert_allclose(octave, windows, rtol=0.02, atol=0.02)


def test_blank_windows_lack_everything_and_fuller_ones_nothing() -> None:
    picture = brushwork.looked_at(noise(1))
    least = least_energies([picture], brushwork.SIZE)
    painted = to_tensor([picture])
    assert bare_loss(0.2 * painted + 0.4, least) > 0.5
    assert bare_loss(painted, least / 2) == 0
    half = painted.clone()
    half[..., : half.shape[-1] // 2] = 0.5
    assert 0.3 < bare_loss(half, least / 2) < 0.6


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_blank_picture_has_a_gradient(level: float) -> None:
    blank = torch.full((1, 3, 64, 96), level, requires_grad=True)
    loss = bare_loss(blank, torch.ones(1, len(brushwork.OCTAVES)))
    loss.backward()  # type: ignore[no-untyped-call]
    assert loss.item() == pytest.approx(1, abs=0.01)
    assert blank.grad is not None
    assert torch.isfinite(blank.grad).all()
