"""Style on windows: no part of a picture may stay bare."""

from __future__ import annotations

import pytest
import torch

from stylize_video.models.feed_forward.training.canvas_objectives import style_distance_in_windows
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
    assert style_distance_in_windows(found, targets(found)) < 1e-9


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
    assert float(style_distance_in_windows(found, wanted)) == pytest.approx(total / 1.35, rel=1e-4)


def test_a_bare_corner_costs_more_than_the_whole_picture_sees() -> None:
    found = features()
    wanted = targets(found)
    bare = {layer: value.clone() for layer, value in found.items()}
    for value in bare.values():
        value[..., :8, :8] = 0
    assert style_distance_in_windows(bare, wanted) > 1.5 * losses.style_distance(bare, wanted)


def test_rows_that_make_no_window_are_left_out() -> None:
    found = {layer: torch.rand(1, 6, 19, 18) for layer in losses.STYLE_LAYERS}
    assert torch.isfinite(style_distance_in_windows(found, targets(found)))
