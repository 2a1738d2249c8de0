"""The loss of rims sees a halo, and nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stylize_video.models.feed_forward.training.rim_loss import rim_loss

SIZE = 192


def tower() -> Tensor:
    """Dark before a light ground."""
    picture = torch.full((1, 3, SIZE, SIZE), 0.7)
    picture[..., 60:, 70:120] = 0.1
    return picture


def haloed(pixels: int) -> Tensor:
    """The tower with a pale rim."""
    picture = tower()
    picture[..., 60 - pixels :, 70 - pixels : 120 + pixels] = 0.95
    return torch.where(tower() < 0.5, tower(), picture)


def test_a_halo_is_seen_and_a_thin_line_too() -> None:
    assert rim_loss(tower(), tower()).item() == 0
    assert rim_loss(haloed(9), tower()) > 2
    assert rim_loss(haloed(3), tower()) > 0.5


def test_a_rim_of_the_photographs_own_is_none_of_the_painters() -> None:
    assert rim_loss(haloed(9), haloed(9)).item() == 0
    assert rim_loss(1 - haloed(9), haloed(9)).item() == pytest.approx(0, abs=1)


@pytest.mark.parametrize("level", [0.0, 0.4, 1.0])
def test_where_there_is_nothing_dark_before_a_ground_nothing_is_asked(level: float) -> None:
    blank = torch.full((2, 3, SIZE, SIZE), level)
    painted = torch.rand(2, 3, SIZE, SIZE, requires_grad=True)
    assert rim_loss(painted, blank).item() == 0


def test_it_has_a_gradient_that_takes_the_halo_away() -> None:
    painted = haloed(9).requires_grad_()
    rim_loss(painted, tower()).backward()  # type: ignore[no-untyped-call]
    assert painted.grad is not None
    assert torch.isfinite(painted.grad).all()
    with torch.no_grad():
        assert rim_loss(painted - 0.05 * painted.grad.sign(), tower()) < rim_loss(painted, tower())
