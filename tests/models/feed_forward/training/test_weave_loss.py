"""The loss of a weave sees a lattice, and nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from stylize_video.models.feed_forward.training.weave_loss import weave_loss

SIZE = 96


def noise() -> Tensor:
    """Two pictures without a lattice."""
    return 0.5 + 0.1 * torch.randn(2, 3, SIZE, SIZE, generator=torch.Generator().manual_seed(1))


def lattice(period: int) -> Tensor:
    """Every so many columns are lighter."""
    return 0.2 * (torch.arange(SIZE) % period == 0).float()


@pytest.mark.parametrize("period", [2, 4, 8])
def test_a_lattice_at_a_networks_period_is_seen(period: int) -> None:
    pictures = noise()
    assert weave_loss(pictures + lattice(period)) > weave_loss(pictures) + 0.1
    turned = (pictures + lattice(period)).transpose(2, 3)
    assert torch.isclose(weave_loss(turned), weave_loss(pictures + lattice(period)), atol=1e-3)


def test_other_periods_are_strokes() -> None:
    pictures = noise()
    assert weave_loss(pictures + lattice(3)) < weave_loss(pictures) + 0.02


def test_a_blank_picture_has_none_and_a_gradient() -> None:
    blank = torch.full((1, 3, SIZE, SIZE), 0.5, requires_grad=True)
    weave_loss(blank).backward()  # type: ignore[no-untyped-call]
    assert weave_loss(blank).item() == pytest.approx(0, abs=1e-3)
    assert blank.grad is not None
    assert torch.isfinite(blank.grad).all()
