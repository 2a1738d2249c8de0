"""Losses against numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch

from stylize_video.models.perceptual import losses


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


SHAPES = [(1, 1, 1, 1), (1, 5, 3, 2), (2, 8, 7, 9), (3, 16, 1, 4), (2, 3, 40, 50)]


def naive_gram(features: torch.Tensor) -> torch.Tensor:
    """Johnson et al. 2016, equation 3, written out."""
    return torch.einsum("nchw,ndhw->ncd", features, features) / features[0].numel()


def layouts(features: torch.Tensor) -> list[torch.Tensor]:
    """The same values as they may lie in memory."""
    spread = torch.empty(*features.shape[:-1], 2 * features.shape[-1])[..., ::2].copy_(features)
    return [features, features.contiguous(memory_format=torch.channels_last), spread]


@pytest.mark.parametrize("shape", SHAPES)
def test_gram_matrix_is_the_papers(shape: tuple[int, ...]) -> None:
    features = torch.randn(shape)
    wanted = naive_gram(features.double()).float()
    for laid_out in layouts(features):
        found = losses.gram_matrix(laid_out)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("symmetric", [True, False])
def test_the_gradient_of_a_gram_matrix_is_autograds(shape: tuple[int, ...], symmetric: bool) -> None:
    values = torch.randn(shape)
    gradient = torch.randn(shape[0], shape[1], shape[1])
    if symmetric:
        gradient = gradient + gradient.transpose(1, 2)
    exact = values.double().requires_grad_()
    (wanted,) = torch.autograd.grad(naive_gram(exact), exact, gradient.double())
    for laid_out in layouts(values):
        features = laid_out.detach().requires_grad_()
        (found,) = torch.autograd.grad(losses.gram_matrix(features), features, gradient)
        assert found.dtype == torch.float32
        torch.testing.assert_close(found, wanted.float(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("autocast", [False, True])
def test_bfloat16_features_get_a_bfloat16_gradient_computed_in_float32(autocast: bool) -> None:
    features = torch.randn(2, 6, 9, 11).bfloat16().requires_grad_()
    gradient = torch.randn(2, 6, 6)
    exact = features.detach().double().requires_grad_()
    (wanted,) = torch.autograd.grad(naive_gram(exact), exact, gradient.double())
    with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
        gram = losses.gram_matrix(features)
    torch.testing.assert_close(gram.double(), naive_gram(exact.detach()), rtol=1e-5, atol=1e-6)
    (found,) = torch.autograd.grad(gram, features, gradient)
    assert found.dtype == torch.bfloat16
    # Off by the last rounding to 8 bits of mantissa alone.
    torch.testing.assert_close(found.double(), wanted, rtol=2**-8, atol=1e-7)


def test_the_gradient_flows_through_what_came_before() -> None:
    weights = torch.randn(4, 3, 3, 3)
    images = torch.rand(2, 3, 8, 10)
    found, wanted = weights.clone().requires_grad_(), weights.clone().requires_grad_()
    features = torch.nn.functional.conv2d(images, found)
    naive = naive_gram(torch.nn.functional.conv2d(images, wanted))
    losses.gram_matrix(features).pow(2).sum().backward()
    naive.pow(2).sum().backward()
    torch.testing.assert_close(found.grad, wanted.grad, rtol=1e-4, atol=1e-5)


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


def test_consistency_is_none_for_a_painting_that_moves_along() -> None:
    wide = torch.rand(2, 3, 24, 28, generator=torch.Generator().manual_seed(0))
    seen, moved, everywhere = wide[..., :20, :20], wide[..., 3:23, 5:25], torch.ones(2, 1, 17, 15)
    one = torch.ones(2)
    assert losses.consistency(seen[..., 3:, 5:], moved[..., :17, :15], everywhere, one) == 0
    assert losses.consistency(seen[..., 3:, 4:-1], moved[..., :17, :15], everywhere, one) > 0.05
    everywhere = torch.ones(2, 1, 20, 20)
    assert losses.consistency(seen, seen + 0.5, everywhere, one) == pytest.approx(0.25)
    rough = torch.tensor([0.5, 2.0])
    assert losses.consistency(seen, seen + 0.5, everywhere, rough) == pytest.approx(0.25 * (2 + 0.5) / 2)
    assert losses.consistency(seen, seen, everywhere, torch.zeros(2)) == 0  # of a painting of one colour


def test_consistency_is_the_mean_over_what_is_visible_by_hand() -> None:
    painted, again = torch.zeros(2, 3, 1, 2), torch.zeros(2, 3, 1, 2)
    again[0, :, 0, 0] = torch.tensor([0.3, 0.6, 0.0])  # mean square 0.15
    again[0, :, 0, 1] = 100.0  # out of sight
    visible = torch.tensor([[[[1.0, 0.0]]], [[[1.0, 1.0]]]])
    assert losses.consistency(painted, again, visible, torch.ones(2)).item() == pytest.approx(0.15 / 3)


def test_consistency_of_views_that_share_nothing_is_nothing() -> None:
    painted, again = torch.rand(1, 3, 4, 4, requires_grad=True), torch.rand(1, 3, 4, 4)
    found = losses.consistency(painted, again, torch.zeros(1, 1, 4, 4), torch.ones(1))
    assert found.item() == 0
    found.backward()
    assert painted.grad is not None
    assert not painted.grad.any()
