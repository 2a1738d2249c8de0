"""Style on windows: no part of a picture may stay bare. Structure: in whatever contrast."""

from __future__ import annotations

import pytest
import torch

from stylize_video.models.feed_forward.training.canvas_objectives import (
    CONTENT_LAYERS,
    lost_structure,
    pressure,
    style_distance_in_windows,
)
from stylize_video.models.perceptual import losses


def features(seed: int = 0, *, side: int = 16) -> dict[str, torch.Tensor]:
    """Of two pictures that look the same all over: each window of 4 px repeats."""
    generator = torch.Generator().manual_seed(seed)
    tile = torch.rand(2, 6, 4, 4, generator=generator)
    return {layer: tile.repeat(1, 1, side // 4, side // 4) for layer in losses.STYLE_LAYERS}


def targets(found: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """What makes them perfect."""
    return {layer: losses.gram_matrix(value) for layer, value in found.items()}


def test_a_picture_painted_alike_everywhere_is_perfect() -> None:
    found = features()
    assert style_distance_in_windows(found, targets(found), 0.35) < 1e-9


def test_it_is_the_mean_of_the_whole_and_its_quarters() -> None:
    found, wanted = {k: torch.rand_like(v) for k, v in features().items()}, targets(features())
    parts = {1: 1.0, 2: 0.35}
    total = 0.0
    for a_side, weight in parts.items():
        side = 16 // a_side
        windows = [
            {k: found[k][..., y : y + side, x : x + side] for k in losses.STYLE_LAYERS}
            for y in range(0, 16, side)
            for x in range(0, 16, side)
        ]
        each = [losses.style_distance(w, {k: wanted[k] for k in losses.STYLE_LAYERS}) for w in windows]
        total += weight * float(torch.stack(each).mean())
    assert float(style_distance_in_windows(found, wanted, 0.35)) == pytest.approx(total / 1.35, rel=1e-4)


def test_without_quarters_it_is_that_of_the_whole() -> None:
    found, wanted = {k: torch.rand_like(v) for k, v in features().items()}, targets(features())
    assert torch.equal(style_distance_in_windows(found, wanted, 0), losses.style_distance(found, wanted))


def test_a_bare_corner_costs_more_than_the_whole_picture_sees() -> None:
    found = features()
    wanted = targets(found)
    bare = {layer: value.clone() for layer, value in found.items()}
    for value in bare.values():
        value[..., :8, :8] = 0
    assert style_distance_in_windows(bare, wanted, 0.35) > 1.5 * losses.style_distance(bare, wanted)


def test_rows_that_make_no_window_are_left_out() -> None:
    found = {layer: torch.rand(1, 6, 19, 18) for layer in losses.STYLE_LAYERS}
    assert torch.isfinite(style_distance_in_windows(found, targets(found), 0.35))


def photograph_features(seed: int = 3) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {layer: torch.rand(1, 6, 16, 16, generator=generator) for layer in CONTENT_LAYERS}


def test_no_structure_is_lost_in_other_contrast_and_brightness() -> None:
    photo = photograph_features()
    painted = {layer: 0.2 * value + 0.5 for layer, value in photo.items()}
    assert lost_structure(painted, photo) == pytest.approx(0, abs=1e-5)


def test_a_grey_picture_has_lost_all_of_it() -> None:
    photo = photograph_features()
    grey = {layer: torch.full_like(value, 0.5) for layer, value in photo.items()}
    assert lost_structure(grey, photo) == pytest.approx(1, abs=1e-5)
    assert torch.isfinite(lost_structure(photo, grey))


def test_noise_of_a_flat_photograph_is_no_structure() -> None:
    flat = {layer: 1 + 0.001 * value for layer, value in photograph_features().items()}
    assert lost_structure(flat, flat) > 0.99


@pytest.mark.parametrize(
    ("distance", "goal", "times"),
    [(0.1, 0.2, 1.0), (0.2, 0.2, 1.0), (0.5, 0.2, 2.5), (9.0, None, 1.0)],
)
def test_a_distance_presses_harder_the_farther_it_is_beyond_its_goal(
    distance: float, goal: float | None, times: float
) -> None:
    assert pressure(torch.tensor(distance), goal) == pytest.approx(times)
