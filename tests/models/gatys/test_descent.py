"""Both ways down, on losses whose least value is known."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from stylize_video.models.gatys.descent import minimise

GOAL = torch.linspace(0.1, 0.9, 48).view(1, 3, 4, 4)


def bowl(picture: Tensor) -> Tensor:
    """Narrow across, wide along: a hundred times as steep in one half."""
    steep = torch.ones_like(picture)
    steep[..., :2] = 100
    return (steep * (picture - GOAL).pow(2)).mean()


@pytest.mark.parametrize(("optimizer", "evaluations", "near"), [("lbfgs", 30, 1e-4), ("adam", 200, 0.02)])
def test_both_arrive(optimizer: str, evaluations: int, near: float) -> None:
    start = torch.full_like(GOAL, 0.5)
    found = minimise(bowl, start, optimizer=optimizer, evaluations=evaluations)
    assert (found - GOAL).abs().max().item() < near
    assert (start == 0.5).all()
    assert not found.requires_grad


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
@pytest.mark.parametrize("evaluations", [1, 2, 7])
def test_each_evaluation_is_told(optimizer: str, evaluations: int) -> None:
    told: list[tuple[int, float]] = []
    start = torch.zeros_like(GOAL)
    minimise(bowl, start, optimizer=optimizer, evaluations=evaluations, on_loss=lambda *x: told.append(x))
    numbers = [number for number, _ in told]
    assert numbers[0] == 1
    assert numbers[-1] == evaluations
    assert numbers == sorted(numbers)
    assert told[0][1] == pytest.approx(bowl(start).item())


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_the_best_is_returned_and_never_a_worse_one(optimizer: str) -> None:
    told = []
    start = GOAL + 0.01
    found = minimise(
        bowl, start, optimizer=optimizer, evaluations=12, on_loss=lambda _, loss: told.append(loss)
    )
    assert bowl(found).item() == pytest.approx(min(told))
    assert bowl(found) <= bowl(start)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_where_there_is_nothing_to_do(optimizer: str) -> None:
    found = minimise(lambda picture: 0 * picture.sum(), GOAL, optimizer=optimizer, evaluations=5)
    assert torch.allclose(found, GOAL)


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_a_loss_that_is_no_number_is_never_returned(optimizer: str) -> None:
    def cliff(picture: Tensor) -> Tensor:
        beyond = picture.detach().mean().item() > 0.6
        return (1 - picture).pow(2).mean() * (math.nan if beyond else 1.0)

    found = minimise(cliff, torch.full_like(GOAL, 0.5), optimizer=optimizer, evaluations=20)
    assert torch.isfinite(found).all()
    assert found.mean() <= 0.6


@pytest.mark.parametrize("weight", [1e-6, 1.0, 1e9])
def test_lbfgs_however_steep_the_loss(weight: float) -> None:
    """Where it was very steep, and the picture large, its line search overflowed and all steps were NaN."""
    told = []
    start = torch.zeros(1, 3, 256, 384)
    goal = torch.linspace(0.1, 0.9, start.numel()).view(start.shape)
    minimise(
        lambda picture: weight * (picture - goal).abs().pow(3).mean(),
        start,
        optimizer="lbfgs",
        evaluations=40,
        on_loss=lambda _, loss: told.append(loss / weight),
    )
    assert all(math.isfinite(loss) for loss in told)
    assert min(told) < 1e-3 * told[0]
