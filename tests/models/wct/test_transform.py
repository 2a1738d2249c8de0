"""The algebra of the whitening and colouring transform, against NumPy and on features of every kind."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
import torch
from torch import Tensor

from stylize_video.models.perceptual.vgg import load_features
from stylize_video.models.training.photographs import to_tensor
from stylize_video.models.wct import moments
from stylize_video.models.wct import transform as wct
from stylize_video.models.wct.moments import Affine, Moments
from tests.networks import noise


def relative(found: Tensor, wanted: Tensor) -> float:
    """Relative error in the Frobenius norm."""
    return float((found.double() - wanted.double()).norm() / wanted.double().norm())


def random_features(channels: int, seed: int, side: int = 48) -> Tensor:
    """(1, C, side, side), correlated, of very different variances, and not centred."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, channels, side * side, generator=generator)
    mix = torch.eye(channels) + 0.5 * torch.randn(channels, channels, generator=generator) / channels**0.5
    scale = torch.logspace(-1, 1, channels).unsqueeze(1)
    return (scale * (mix @ x) + 3).view(1, channels, side, side)


VGG_LAYERS = ("relu1_1", "relu2_1", "relu3_1", "relu4_1")


@cache
def vgg_features(seed: int) -> dict[str, Tensor]:
    """Of a smooth picture with all colours: a covariance of full rank, but for dead channels."""
    picture = np.ascontiguousarray(noise(seed))
    image = torch.nn.functional.interpolate(to_tensor([picture]), (256, 256), mode="bicubic").clamp(0, 1)
    with torch.no_grad():
        return load_features("vgg16")(image, VGG_LAYERS)


@pytest.mark.parametrize("channels", [64, 128, 256, 512])
def test_whitening_makes_random_features_white(channels: int) -> None:
    features = random_features(channels, 1)
    found = wct.moments(features)
    whiten = moments.roots(found.covariance).inverse
    assert relative(whiten @ found.covariance @ whiten, torch.eye(channels)[None]) <= 1e-3
    mapped = wct.apply(features, Affine(whiten, torch.zeros(1, channels)))
    assert relative(wct.moments(mapped).covariance, torch.eye(channels)[None]) <= 1e-3


@pytest.mark.parametrize("channels", [64, 128, 256, 512])
def test_the_transform_gives_mean_and_covariance_of_the_style(channels: int) -> None:
    content, style = random_features(channels, 1), random_features(channels, 2)
    wanted = wct.moments(style)
    mapped = wct.apply(content, moments.transform(wct.moments(content), wanted))
    assert relative(wct.moments(mapped).mean, wanted.mean) <= 1e-3
    assert relative(wct.moments(mapped).covariance, wanted.covariance) <= 1e-3


@pytest.mark.parametrize("layer", VGG_LAYERS)
def test_the_same_with_features_of_vgg(layer: str) -> None:
    """On the channels that live: what is always 0 can't be whitened, and stays at the style's mean."""
    content, style = vgg_features(1)[layer], vgg_features(2)[layer]
    live = (wct.moments(content).covariance[0].diagonal() > 1e-3) & (
        wct.moments(style).covariance[0].diagonal() > 1e-3
    )
    content, style = content[:, live], style[:, live]
    found, wanted = wct.moments(content), wct.moments(style)
    # Some directions vary a millionth of what others do; to whiten those, the floor has to be lower still.
    whiten = moments.roots(found.covariance, epsilon=1e-9).inverse
    white = wct.moments(wct.apply(content.double(), Affine(whiten, torch.zeros(1, len(whiten[0])))))
    assert relative(white.covariance, torch.eye(len(whiten[0]))[None]) <= 1e-3
    mapped = wct.apply(content.double(), moments.transform(found, wanted, epsilon=1e-9))
    assert relative(wct.moments(mapped).covariance, wanted.covariance) <= 1e-3


def test_against_the_equations_in_numpy() -> None:
    content, style = (random_features(8, seed, 12).double() for seed in (1, 2))
    fc, fs = (f[0].flatten(1).numpy() for f in (content, style))
    mc, ms = fc.mean(1, keepdims=True), fs.mean(1, keepdims=True)
    dc, ec = np.linalg.eigh((fc - mc) @ (fc - mc).T)
    ds, es = np.linalg.eigh((fs - ms) @ (fs - ms).T)
    white = ec @ np.diag(dc**-0.5) @ ec.T @ (fc - mc)
    color = es @ np.diag(ds**0.5) @ es.T
    left, _, right = np.linalg.svd(color @ ec @ np.diag(dc**0.5) @ ec.T)  # orthogonal Procrustes
    wanted = 0.6 * (color @ left @ right @ white + ms) + 0.4 * fc
    made = moments.transform(wct.moments(content), wct.moments(style), alpha=0.6, epsilon=0)
    assert np.allclose(wct.apply(content, made)[0].flatten(1).numpy(), wanted, rtol=1e-4, atol=1e-4)


def test_no_other_way_to_that_covariance_changes_features_less() -> None:
    content, style = random_features(8, 1), random_features(8, 2)
    found, wanted = wct.moments(content), wct.moments(style)
    usual = wct.fast_transform(found, wanted, epsilon=0, turned=False)
    turned = wct.fast_transform(found, wanted, epsilon=0)
    least = moments.transform(found, wanted, epsilon=0)
    for way in (usual, turned, least):
        assert relative(wct.moments(wct.apply(content, way)).covariance, wanted.covariance) <= 1e-2
    assert relative(turned.matrix, least.matrix) <= 1e-2
    assert relative(wct.apply(content, least), content) < 0.97 * relative(wct.apply(content, usual), content)


def test_alpha_of_nothing_changes_nothing() -> None:
    content, style = random_features(16, 1), random_features(16, 2)
    made = moments.transform(wct.moments(content), wct.moments(style), alpha=0)
    assert torch.allclose(wct.apply(content, made), content)


@pytest.mark.parametrize(
    "content",
    [
        torch.full((1, 32, 16, 16), 0.5),
        torch.zeros(1, 32, 16, 16),
        random_features(32, 1, 1),
        random_features(32, 1, 3),
        torch.cat([random_features(16, 1), torch.zeros(1, 16, 48, 48)], 1),
    ],
    ids=["flat", "black", "a pixel", "fewer pixels than channels", "dead channels"],
)
@pytest.mark.parametrize("style", [random_features(32, 2), torch.zeros(1, 32, 4, 4)], ids=["style", "black"])
def test_what_has_no_inverse_gives_finite_features(content: Tensor, style: Tensor) -> None:
    for make, dtype in ((moments.transform, torch.float64), (wct.fast_transform, torch.float32)):
        found, wanted = (Moments(*(m.to(dtype) for m in wct.moments(x))) for x in (content, style))
        mapped = wct.apply(content, make(found, wanted, epsilon=1e-2))
        assert mapped.isfinite().all()
        assert mapped.abs().max() < 1e3


def test_a_flat_picture_becomes_the_styles_mean() -> None:
    style = wct.moments(random_features(32, 2))
    flat = torch.full((1, 32, 16, 16), 0.5)
    mapped = wct.apply(flat, moments.transform(wct.moments(flat), style, epsilon=1e-2))
    assert torch.allclose(mapped.mean((2, 3)).double(), style.mean, atol=1e-3)
    assert mapped.std((2, 3)).max() < 1e-2


@pytest.mark.parametrize("channels", [16, 128])
def test_newton_schulz_finds_what_eigh_finds(channels: int) -> None:
    found = wct.moments(random_features(channels, 3))
    narrow = found.covariance.float()
    found_roots = wct.newton_schulz(narrow, 1e-3)
    regular = narrow + 1e-3 * narrow[0].diagonal().mean() * torch.eye(channels)
    wanted = moments.roots(regular, 0)
    assert relative(found_roots.root, wanted.root) <= 1e-3
    assert relative(found_roots.inverse, wanted.inverse) <= 1e-2


def test_weights_choose_the_pixels_that_count() -> None:
    features = random_features(8, 1, 16)
    weights = torch.zeros(1, 1, 16, 16)
    weights[..., :5] = 1
    some, wanted = wct.moments(features, weights), wct.moments(features[..., :5])
    assert relative(some.mean, wanted.mean) < 1e-5
    assert relative(some.covariance, wanted.covariance) < 1e-5
    nothing = wct.moments(features, torch.zeros(1, 1, 16, 16))
    assert relative(nothing.covariance, wct.moments(features).covariance) < 1e-5


def test_arrays_have_the_moments_of_tensors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(moments, "BLOCK", 100)
    features = torch.cat([random_features(8, seed, 16) for seed in (1, 2)])
    found, wanted = moments.of_features(features.permute(0, 2, 3, 1).numpy()), wct.moments(features)
    for one, other in zip(found, wanted, strict=True):
        torch.testing.assert_close(torch.from_numpy(one), other, rtol=1e-6, atol=1e-6)
    made, same = (
        moments.transform(each, Moments(each.mean[:1], each.covariance[:1])) for each in (found, wanted)
    )
    torch.testing.assert_close(
        torch.from_numpy(moments.packed(made)), moments.packed(same), rtol=1e-4, atol=1e-4
    )


def test_a_mixture_of_one_is_that_one() -> None:
    a, b = (wct.moments(random_features(8, seed)) for seed in (1, 2))
    assert relative(moments.mean_of((a, b), (1.0, 0.0)).covariance, a.covariance) < 1e-9
    half = moments.mean_of((a, b), (0.5, 0.5))
    assert relative(half.mean, (a.mean + b.mean) / 2) < 1e-9
