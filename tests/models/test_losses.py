"""Losses against numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch

from stylize_video.models import losses


def test_gram_matrix_of_two_channels_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])  # (1, 2, 1, 2)
    wanted = torch.tensor([[[5.0, 1.0], [1.0, 10.0]]]) / 4  # inner products over C*H*W = 4
    assert torch.equal(losses.gram_matrix(features), wanted)


def test_gram_matrix_is_float32_inside_autocast_and_of_half_features() -> None:
    features = torch.full((1, 2, 64, 64), 300.0, dtype=torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        gram = losses.gram_matrix(features)
    assert gram.dtype == torch.float32
    torch.testing.assert_close(gram, torch.full((1, 2, 2), 45000.0), rtol=1e-2, atol=0)


def test_gram_matrix_does_not_depend_on_positions_or_size() -> None:
    features = torch.rand(1, 3, 4, 4)
    shuffled = features.flatten(2)[..., torch.randperm(16)].reshape(1, 3, 4, 4)
    torch.testing.assert_close(losses.gram_matrix(shuffled), losses.gram_matrix(features))
    tiled = features.repeat(1, 1, 2, 3)
    torch.testing.assert_close(losses.gram_matrix(tiled), losses.gram_matrix(features))


def test_relative_squared_distance_is_the_mean_over_the_batch() -> None:
    value = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
    target = torch.tensor([[2.0, 0.0], [3.0, 4.0]])
    # (1 + 4) / 4 for the first entry, 0 for the second
    assert losses.relative_squared_distance(value, target).item() == pytest.approx(0.625)


def test_relative_squared_distance_serves_a_batch_with_one_target() -> None:
    value = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    target = torch.tensor([[2.0, 0.0]])
    assert losses.relative_squared_distance(value, target).item() == pytest.approx(1.0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_relative_squared_distance_has_no_unit(scale: float) -> None:
    value, target = torch.rand(2, 3, 4, 4), torch.rand(2, 3, 4, 4)
    wanted = losses.relative_squared_distance(value, target)
    scaled = losses.relative_squared_distance(value * scale, target * scale)
    torch.testing.assert_close(scaled, wanted)


def test_distance_to_black_is_finite_and_to_itself_nothing() -> None:
    black = torch.zeros(1, 3, 2, 2)
    assert torch.isfinite(losses.relative_squared_distance(torch.ones(1, 3, 2, 2), black))
    assert losses.relative_squared_distance(black, black).item() == 0


def test_content_distance_by_hand() -> None:
    target = torch.full((1, 1, 2, 2), 2.0)
    assert losses.content_distance(target + 1, target).item() == pytest.approx(0.25)


def test_style_distance_is_the_mean_of_its_layers() -> None:
    features = {"a": torch.ones(1, 1, 1, 2), "b": torch.full((1, 1, 1, 2), 2.0)}  # Grams 1 and 4
    targets = {"a": torch.tensor([[[2.0]]]), "b": torch.tensor([[[4.0]]])}
    each = losses.style_distances(features, targets)
    assert {layer: value.item() for layer, value in each.items()} == {"a": 0.25, "b": 0.0}
    assert losses.style_distance(features, targets).item() == pytest.approx(0.125)


def test_style_distance_is_nothing_for_the_painting_itself() -> None:
    features = {"a": torch.rand(2, 4, 5, 5)}
    targets = {"a": losses.gram_matrix(features["a"])}
    assert losses.style_distance(features, targets).item() == 0


def test_total_variation_by_hand() -> None:
    images = torch.tensor([[0.0, 1.0], [0.0, 0.5]]).expand(1, 3, 2, 2)
    # right: (1 + 0.25) / 2, down: (0 + 0.25) / 2
    assert losses.total_variation(images).item() == pytest.approx(0.625 + 0.125)


def test_total_variation_of_a_flat_picture_is_nothing() -> None:
    assert losses.total_variation(torch.full((2, 3, 5, 7), 0.3)).item() == 0


def test_shift_inconsistency_is_none_for_a_painting_that_moves_along() -> None:
    wide = torch.rand(2, 3, 24, 28, generator=torch.Generator().manual_seed(0))
    seen, moved = wide[..., :20, :20], wide[..., 3:23, 5:25]
    assert losses.shift_inconsistency(seen, moved, across=5, down=3) == 0
    assert losses.shift_inconsistency(seen, moved, across=4, down=3) > 0.05
    assert losses.shift_inconsistency(seen, seen + 0.5, across=0, down=0) == pytest.approx(0.25)
