"""The papers' losses against float64 NumPy written from the papers, by hand, and by finite differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from stylize_video.models.gatys import losses as gatys_losses
from stylize_video.models.gatys.config import GatysConfig
from stylize_video.models.gatys.losses import GramStyle, Objective, mean_grams
from tests.networks import thin

CONFIG = GatysConfig()


def values(seed: int, *shape: int) -> NDArray[np.float64]:
    return np.random.default_rng(seed).uniform(0, 2, shape)


def tensor(array: NDArray[Any]) -> Tensor:
    return torch.from_numpy(np.asarray(array, np.float32))


def test_content_loss() -> None:
    found, wanted = values(1, 5, 4, 3), values(2, 5, 4, 3)
    expected = 0.0
    for f, p in zip(found.ravel(), wanted.ravel(), strict=True):
        expected += 0.5 * (f - p) ** 2
    assert gatys_losses.content_loss(tensor(found), tensor(wanted)).item() == pytest.approx(
        expected, rel=1e-5
    )


def test_gram_matrix_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]], [[0.0, 1.0], [0.0, -1.0]]]])
    assert gatys_losses.gram_matrix(features).tolist() == [[30.0, -2.0], [-2.0, 2.0]]


def naive_gram(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """(C, H, W): the sum written out."""
    flat = features.reshape(len(features), -1)
    gram = np.zeros((len(flat), len(flat)))
    for i in range(len(flat)):
        for j in range(len(flat)):
            gram[i, j] = sum(flat[i, k] * flat[j, k] for k in range(flat.shape[1]))
    return gram


def naive_layer(features: NDArray[np.float64], painting: NDArray[np.float64]) -> float:
    """Equation 4 for two pictures of one size."""
    n, m = len(features), features[0].size
    return float(((naive_gram(features) - naive_gram(painting)) ** 2).sum() / (4 * n**2 * m**2))


def test_style_layer_loss() -> None:
    found, wanted = values(3, 4, 5, 3), values(4, 4, 5, 3)
    grams = [gatys_losses.gram_matrix(tensor(x)[None]) for x in (found, wanted)]
    loss = gatys_losses.style_layer_loss(*grams, positions=15)
    assert loss.item() == pytest.approx(naive_layer(found, wanted), rel=1e-4)


def test_temporal_loss() -> None:
    picture, warped, trusted = values(5, 3, 4, 6), values(6, 3, 4, 6), values(7, 4, 6) / 2
    expected = sum(
        trusted[y, x] * (picture[c, y, x] - warped[c, y, x]) ** 2
        for c in range(3)
        for y in range(4)
        for x in range(6)
    ) / (3 * 4 * 6)
    given = (tensor(picture)[None], tensor(warped)[None], tensor(trusted)[None, None])
    assert gatys_losses.temporal_loss(*given).item() == pytest.approx(expected, rel=1e-5)


def test_long_term_weights_by_hand() -> None:
    nearest = np.array([[1.0, 0.0, 0.5, 0.0]], np.float32)
    next_one = np.array([[1.0, 1.0, 0.75, 0.25]], np.float32)
    farthest = np.array([[1.0, 1.0, 1.0, 1.0]], np.float32)
    found = gatys_losses.long_term_weights([nearest, next_one, farthest])
    assert [weights.tolist() for weights in found] == [
        [[1.0, 0.0, 0.5, 0.0]],
        [[0.0, 1.0, 0.25, 0.25]],
        [[0.0, 0.0, 0.0, 0.75]],
    ]
    assert gatys_losses.long_term_weights([]) == []


def test_relative_style_is_0_for_the_painting_and_1_for_nothing() -> None:
    painting = {"relu1_1": tensor(values(8, 1, 4, 6, 5)), "relu2_1": tensor(values(9, 1, 8, 3, 3))}
    style = GramStyle(mean_grams([painting], [1.0]))
    assert style(painting).item() == pytest.approx(0, abs=1e-10)
    assert style({name: torch.zeros_like(f) for name, f in painting.items()}).item() == pytest.approx(1)


def test_a_painting_of_another_size_counts_by_position() -> None:
    small = tensor(values(10, 1, 4, 6, 5))
    tiled = small.repeat(1, 1, 2, 3)  # the same statistics at six times as many positions
    style = GramStyle(mean_grams([{"relu1_1": tiled}], [1.0]))
    assert style({"relu1_1": small}).item() == pytest.approx(0, abs=1e-10)


def test_relative_style_is_the_papers_loss_over_that_of_nothing() -> None:
    found, wanted = values(11, 4, 5, 3), values(12, 4, 5, 3)
    style = GramStyle(mean_grams([{"relu1_1": tensor(wanted)[None]}], [1.0]))
    expected = naive_layer(found, wanted) / naive_layer(np.zeros_like(wanted), wanted)
    assert style({"relu1_1": tensor(found)[None]}).item() == pytest.approx(expected, rel=1e-4)


def test_several_paintings_are_mixed_by_their_shares() -> None:
    one, other = values(13, 2, 3, 3), values(14, 2, 4, 5)
    mixed = mean_grams([{"relu1_1": tensor(x)[None]} for x in (one, other)], [0.25, 0.75])
    expected = 0.25 * naive_gram(one) / 9 + 0.75 * naive_gram(other) / 20
    assert mixed["relu1_1"].numpy() == pytest.approx(expected, rel=1e-5)


# -- the sum --


def objective(config: GatysConfig, **more: Any) -> tuple[Objective, Tensor]:
    """Of random pictures, in float64, and a picture to evaluate it at."""
    features = thin("vgg16").double()
    content, painting, picture = (torch.from_numpy(values(seed, 1, 3, 20, 18) / 2) for seed in (20, 21, 22))
    wanted = features(content, config.content_layers)
    grams = mean_grams([features(painting, config.style_layers)], [1.0])
    return Objective(features, config, content=wanted, style=GramStyle(grams), **more), picture


def by_numpy(features: Mapping[str, Tensor]) -> dict[str, NDArray[np.float64]]:
    return {name: found[0].numpy() for name, found in features.items()}


def test_total_loss_against_numpy() -> None:
    config = replace(CONFIG, content_weight=0.7, style_weight=11.0, tv_weight=3.0, temporal_weight=5.0)
    warped, trusted = (torch.from_numpy(values(s, 1, c, 20, 18) / 2) for s, c in ((23, 3), (24, 1)))
    total, picture = objective(config, anchors=[(warped, trusted)], terms=[lambda image: 0.125 * image.sum()])
    network = thin("vgg16").double()
    content, painting = (torch.from_numpy(values(seed, 1, 3, 20, 18) / 2) for seed in (20, 21))
    layers = (*config.style_layers, *config.content_layers)
    found, before, wanted = (by_numpy(network(image, layers)) for image in (picture, content, painting))
    p, f = before["relu4_2"], found["relu4_2"]
    expected = 0.7 * ((f - p) ** 2).sum() / (p**2).sum()
    for layer in config.style_layers:
        gram, target = naive_gram(found[layer]), naive_gram(wanted[layer])
        expected += 11.0 / 5 * ((gram - target) ** 2).sum() / (target**2).sum()
    x = picture[0].numpy()
    expected += 3.0 * (np.square(np.diff(x, axis=1)).mean() + np.square(np.diff(x, axis=2)).mean())
    expected += 5.0 * (trusted[0].numpy() * (x - warped[0].numpy()) ** 2).mean() + 0.125 * x.sum()
    assert total(picture).item() == pytest.approx(expected, rel=1e-9)


def test_what_leaves_the_range_costs() -> None:
    total, picture = objective(replace(CONFIG, content_weight=0.0, style_weight=1e-9, tv_weight=0.0))
    assert total(torch.full_like(picture, 1.25)).item() == pytest.approx(10 * 0.25**2, rel=1e-6)
    assert total(torch.full_like(picture, -0.5)).item() == pytest.approx(10 * 0.5**2, rel=1e-6)


def test_gradient_by_finite_differences() -> None:
    warped, trusted = (torch.from_numpy(values(s, 1, c, 20, 18) / 2) for s, c in ((23, 3), (24, 1)))
    total, picture = objective(CONFIG, anchors=[(warped, trusted)])
    point = picture.clone().requires_grad_()
    total(point).backward()
    assert point.grad is not None
    rng = np.random.default_rng(5)
    for _ in range(5):
        way = torch.from_numpy(rng.standard_normal(picture.shape))
        step = 1e-6 * way / way.norm()
        slope = (total(picture + step) - total(picture - step)).item() / (2 * step.norm().item())
        assert (point.grad * way / way.norm()).sum().item() == pytest.approx(slope, rel=1e-4, abs=1e-9)
