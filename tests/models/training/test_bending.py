"""Bent views: the way back leads where one came from, and what is seen along it is the first view."""

from __future__ import annotations

import numpy as np
import torch
from torch.nn import functional as F

from stylize_video.models.training import bending
from stylize_video.models.training.views import MARGIN, random_views, sample

SIZE = 96


def test_there_and_back_again() -> None:
    zoomed = torch.tensor([[[1.03, 0, 0.05], [0, 1.03, -0.02]]])
    straight = F.affine_grid(zoomed, [1, 1, SIZE, SIZE], align_corners=False)[0]
    moved, back = bending.bent(straight, bending.bends(SIZE, np.random.default_rng(0)))
    assert (moved - straight).abs().max() > 1 / SIZE
    inside = (back.abs() < 1 - 1 / SIZE).all(-1)
    again = F.grid_sample(moved.permute(2, 0, 1)[None], back[None], align_corners=False)[0]
    pixels = F.affine_grid(torch.eye(2, 3)[None], [1, 1, SIZE, SIZE], align_corners=False)[0]
    off = (again.permute(1, 2, 0) - pixels)[inside].abs() * SIZE / 2
    assert off.max() < 0.05


def test_bends_are_small_and_differ() -> None:
    one, other = (bending.bends(SIZE, np.random.default_rng(seed)) for seed in (1, 2))
    assert 0.1 < np.sqrt(np.square(one).sum(-1).mean()) < 2
    assert np.abs(one).max() <= 6
    assert not np.array_equal(one, other)


def test_bent_views_show_the_first_one_along_their_flow() -> None:
    outer = SIZE + 2 * MARGIN
    y, x = torch.meshgrid(torch.arange(outer), torch.arange(outer), indexing="ij")
    waves = torch.stack([0.5 + 0.4 * torch.sin(x / 9 + i) * torch.cos(y / 11 - i) for i in range(3)])
    seen = random_views(waves[None].repeat(8, 1, 1, 1), np.random.default_rng(0), bent=1.0)
    visible = seen.visible()[0]
    off = (sample(seen.others[0], seen.flows[0]) - seen.first).abs() * visible
    assert (off.sum() / visible.sum() / 3) < 0.03  # light and noise differ
    assert visible.mean() > 0.8


def test_without_bends_views_are_what_they_were() -> None:
    given = torch.rand(2, 3, SIZE + 2 * MARGIN, SIZE + 2 * MARGIN)
    one, other = (random_views(given, np.random.default_rng(3), **more) for more in ({}, {"bent": 0.0}))
    assert torch.equal(one.others, other.others)
