"""Two views of a scene and its canvas: both move alike."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from stylize_video.models import canvas
from stylize_video.models.canvas import Field
from stylize_video.models.feed_forward.training import canvas_scenes as scenes
from stylize_video.models.training import views

SIZE = 96
OUTER = SIZE + 2 * views.MARGIN


@pytest.fixture(scope="module")
def field() -> Field:
    """The one of seed 0."""
    return Field.draw(0)


def photographs(count: int = 6) -> torch.Tensor:
    """Noise."""
    return torch.rand(count, 3, OUTER, OUTER, generator=torch.Generator().manual_seed(0))


def test_the_canvas_moves_as_the_scene_does(field: Field) -> None:
    seen = scenes.random_scenes(photographs(), field, np.random.default_rng(1))
    assert seen.canvas_of_first.shape == (6, canvas.CHANNELS, SIZE // 4, SIZE // 4)
    # The flow of the cells is that of their pixels; the coarse octaves can be looked up along it.
    cells = F.avg_pool2d(seen.flow.permute(0, 3, 1, 2), canvas.CELL).permute(0, 2, 3, 1)
    carried = views.sample(seen.canvas_of_second, cells)[:, 2:]
    inside = ((cells.abs() < 0.9).all(-1).unsqueeze(1)).expand_as(carried)
    error = (carried - seen.canvas_of_first[:, 2:])[inside].pow(2).mean()
    assert error < 0.02  # of a variance of 1; without the motion it is 0.3 and more
    still = (seen.canvas_of_second - seen.canvas_of_first)[:, 2:][inside].pow(2).mean()
    assert still > 5 * error


def test_a_part_of_the_pairs_differs_by_noise_alone(field: Field) -> None:
    seen = scenes.random_scenes(photographs(40), field, np.random.default_rng(1))
    rests = [torch.equal(a, b) for a, b in zip(seen.canvas_of_first, seen.canvas_of_second, strict=True)]
    assert 8 <= sum(rests) <= 20
    assert not any(torch.equal(a, b) for a, b in zip(seen.first, seen.second, strict=True))


def test_some_photographs_get_a_part_that_shows_next_to_nothing(field: Field) -> None:
    seen = scenes.random_scenes(photographs(40), field, np.random.default_rng(1))
    windows = F.unfold(seen.clean.mean(1, keepdim=True), 16, stride=16).std(1)
    flat = (windows < 0.02).float().mean(1)
    assert 8 <= int((flat > 0.15).sum()) <= 24


def test_the_random_numbers_alone_decide(field: Field) -> None:
    first, again = (scenes.random_scenes(photographs(), field, np.random.default_rng(4)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(vars(first).values(), vars(again).values(), strict=True))


def test_canvases_are_drawn_anew_in_patches_where_a_picture_shows_something(
    field: Field, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scenes, "_FLAT", 0.0)  # its edges are something
    shown = photographs()
    shown[..., : OUTER // 2] = 0.5  # the left half is flat
    carried, redrawn = (
        scenes.random_scenes(shown, field, np.random.default_rng(2), redrawn=share) for share in (0.0, 1.0)
    )
    assert torch.equal(carried.canvas_of_first, redrawn.canvas_of_first)
    changed = (carried.canvas_of_second != redrawn.canvas_of_second).any(1).float()  # (N, 24, 24)
    assert changed[..., :7].max() == 0  # the second view may have moved by 8 px, and windows see 10
    assert 0.1 < changed[..., -8:].mean() < 0.8


def test_filmed_pairs_are_blurred_and_compressed_each_in_its_own_way(field: Field) -> None:
    plain, filmed = (
        scenes.random_scenes(photographs(), field, np.random.default_rng(5), filmed=share)
        for share in (0.0, 1.0)
    )
    assert torch.equal(plain.clean, filmed.clean)
    assert torch.equal(plain.canvas_of_second, filmed.canvas_of_second)
    for before, after in ((plain.first, filmed.first), (plain.second, filmed.second)):
        assert not any(torch.equal(a, b) for a, b in zip(before, after, strict=True))
        assert after.min() >= 0
        assert after.max() <= 1
        assert after.std() < before.std()  # of noise little is left
    assert (filmed.first - filmed.second).abs().mean() > 0.01


def test_the_canvas_of_a_bent_view_is_bent_with_it(field: Field) -> None:
    plain, bent = (
        scenes.random_scenes(photographs(), field, np.random.default_rng(1), bent=share)
        for share in (0.0, 1.0)
    )
    assert not torch.equal(plain.flow, bent.flow)
    cells = F.avg_pool2d(bent.flow.permute(0, 3, 1, 2), canvas.CELL).permute(0, 2, 3, 1)
    carried = views.sample(bent.canvas_of_second, cells)[:, 2:]
    inside = ((cells.abs() < 0.9).all(-1).unsqueeze(1)).expand_as(carried)
    assert (carried - bent.canvas_of_first[:, 2:])[inside].pow(2).mean() < 0.03
