"""Views of one photograph: the flow between them is exact, and the random numbers alone decide."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from stylize_video.models.training import views
from stylize_video.models.training.views import MARGIN, Views, random_views, sample

SIZE = 48
OUTER = SIZE + 2 * MARGIN


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Views that differ by nothing but pan and zoom."""
    for name in ("_NOISE", "_GAIN", "_OFFSET"):
        monkeypatch.setattr(views, name, 0.0)


def photographs(count: int = 4, seed: int = 0) -> Tensor:
    """Noise, in which no pixel equals another."""
    return torch.rand(count, 3, OUTER, OUTER, generator=torch.Generator().manual_seed(seed))


def smooth(count: int = 4) -> Tensor:
    """Slow waves, which bicubic interpolation follows closely."""
    y, x = torch.meshgrid(torch.arange(OUTER), torch.arange(OUTER), indexing="ij")
    waves = [0.5 + 0.4 * torch.sin(x / 9 + i) * torch.cos(y / 11 - i) for i in range(3 * count)]
    return torch.stack(waves).view(count, 3, OUTER, OUTER)


def pans_px(seen: Views, other: int = 0) -> Tensor:
    """(N, 2) how far right and down the middle of another view lies, in px of the first."""
    middle = seen.flows[other, :, SIZE // 2 - 1 : SIZE // 2 + 1, SIZE // 2 - 1 : SIZE // 2 + 1]
    return -middle.mean((1, 2)) * SIZE / 2 * zooms(seen, other)[:, None]


def zooms(seen: Views, other: int = 0) -> Tensor:
    """(N,) how much more of the scene another view shows."""
    flow = seen.flows[other]
    return (SIZE - 1) / ((flow[:, 0, -1, 0] - flow[:, 0, 0, 0]) * SIZE / 2)


def test_the_first_view_is_the_middle_of_the_photograph(plain: None) -> None:
    given = photographs()
    seen = random_views(given, np.random.default_rng(0))
    assert torch.equal(seen.first, given[..., MARGIN:-MARGIN, MARGIN:-MARGIN])
    assert torch.equal(seen.clean, seen.first)
    assert seen.others.shape == (1, *seen.first.shape) == (1, 4, 3, SIZE, SIZE)
    assert seen.flows.shape == (1, 4, SIZE, SIZE, 2)


def test_half_of_the_pans_are_whole_pixels_without_a_zoom_and_exact(plain: None) -> None:
    given = photographs(64)
    seen = random_views(given, np.random.default_rng(0))
    pan, zoom = pans_px(seen), zooms(seen)
    whole = (zoom - 1).abs() < 1e-5
    assert 20 < whole.sum() < 44
    shifts = pan[whole].round().long()
    torch.testing.assert_close(pan[whole], shifts.float(), rtol=0, atol=1e-4)
    assert len({tuple(shift) for shift in shifts.tolist()}) > 15  # not always the same one
    for photograph, second, (right, down) in zip(
        given[whole], seen.others[0][whole], shifts.tolist(), strict=True
    ):
        top, left = MARGIN + down, MARGIN + right
        wanted = photograph[:, top : top + SIZE, left : left + SIZE]
        torch.testing.assert_close(second, wanted, rtol=0, atol=1e-4)


def test_each_other_view_sampled_along_its_flow_is_the_first(plain: None) -> None:
    seen = random_views(photographs(64), np.random.default_rng(1), count=4)
    assert seen.others.shape == (3, 64, 3, SIZE, SIZE)
    for other in range(3):
        whole = (zooms(seen, other) - 1).abs() < 1e-5
        visible = seen.visible()[other]
        off = (sample(seen.others[other], seen.flows[other]) - seen.first).abs() * visible
        assert off[whole].max() < 1e-4
        assert (visible[whole].mean((1, 2, 3)) > (1 - 8 / SIZE) ** 2 - 1e-6).all()
    assert not torch.equal(seen.flows[0], seen.flows[1])


def test_one_view_alone_is_refused() -> None:
    with pytest.raises(ValueError, match="count = 1 must be at least 2"):
        random_views(photographs(), np.random.default_rng(0), count=1)


def test_a_zoom_is_followed_within_the_interpolation(plain: None) -> None:
    seen = random_views(smooth(32), np.random.default_rng(2))
    assert (zooms(seen) - 1).abs().max() > 0.02
    assert (zooms(seen) - 1).abs().max() < 0.0501
    off = (sample(seen.others[0], seen.flows[0]) - seen.first).abs() * seen.visible()[0]
    assert off[..., 2:-2, 2:-2].mean() < 3e-4  # interpolated twice
    # At the other view's edge the cubic kernel meets repeated pixels.
    assert off.max() < 0.02
    unwarped = (seen.first - seen.others[0]).abs().mean()
    assert unwarped > 0.01


def test_the_flow_moves_no_further_than_the_margin(plain: None) -> None:
    seen = random_views(photographs(64), np.random.default_rng(3))
    reach = seen.flows.abs().amax() * SIZE / 2 - (SIZE - 1) / 2
    assert reach < MARGIN
    assert pans_px(seen).abs().max() <= 8 + 1e-4


class Farthest:
    """In place of a generator: the widest pan and zoom, and no noise."""

    def random(self, n: int) -> np.ndarray:
        return np.ones(n)  # not by whole pixels

    def uniform(self, _: float, high: float, shape: object) -> np.ndarray:
        return np.full(shape, high)

    def standard_normal(self, shape: object, _: object) -> np.ndarray:
        return np.zeros(shape, np.float32)


def test_views_as_large_as_the_margin_allows_and_no_larger() -> None:
    largest = 320
    outer = largest + 2 * MARGIN
    seen = random_views(torch.zeros(1, 3, outer, outer), Farthest())
    corner = seen.flows[0, 0, -1, -1, 0] * largest / 2  # of the first view, in the other, px from its middle
    zoom = 1 + views._ZOOM
    reach = (largest - 1) / 2 * zoom + views._PAN  # of the other, in the first
    torch.testing.assert_close(corner * zoom + views._PAN, torch.tensor((largest - 1) / 2))
    assert outer / 2 - 1 < reach <= outer / 2
    with pytest.raises(ValueError, match="views of 321 px show more than the margin of 16 px"):
        random_views(torch.zeros(1, 3, outer + 1, outer + 1), np.random.default_rng(0))


def test_the_clean_view_is_the_first_without_its_noise() -> None:
    given = photographs(16)
    seen = random_views(given, np.random.default_rng(9))
    assert torch.equal(seen.clean, given[..., MARGIN:-MARGIN, MARGIN:-MARGIN])
    noise = seen.first - seen.clean
    assert noise.flatten(1).std(1).max() > 0.005
    assert noise.mean().abs() < 1e-3


def test_visible_is_what_lies_in_the_first_view_by_hand() -> None:
    blank = torch.zeros(1, 3, 2, 2)
    places = torch.tensor([[[0.0, 0.0], [1.0, -1.0]], [[1.01, 0.0], [0.0, -1.01]]]).unsqueeze(0)
    seen = Views(blank, blank, blank[None], places[None], places[None])
    assert torch.equal(seen.visible(), torch.tensor([[[[[1.0, 1.0], [0.0, 0.0]]]]]))


def test_visible_counts_the_pixels_of_a_pan(plain: None) -> None:
    seen = random_views(photographs(64), np.random.default_rng(4))
    whole = (zooms(seen) - 1).abs() < 1e-5
    for shown, (right, down) in zip(
        seen.visible()[0][whole], pans_px(seen)[whole].abs().round(), strict=True
    ):
        assert shown.sum() == (SIZE - right) * (SIZE - down)


def test_the_generator_decides_everything() -> None:
    given = photographs()
    first, again, other = (random_views(given, np.random.default_rng(seed)) for seed in (5, 5, 6))
    for name in ("first", "others", "flows"):
        assert torch.equal(getattr(first, name), getattr(again, name))
        assert not torch.equal(getattr(first, name), getattr(other, name))


def test_neither_torchs_nor_numpys_own_generator_is_used() -> None:
    numpy_state, torch_state = np.random.get_state()[1].copy(), torch.get_rng_state()
    random_views(photographs(), np.random.default_rng(0))
    assert np.array_equal(np.random.get_state()[1], numpy_state)
    assert torch.equal(torch.get_rng_state(), torch_state)


@pytest.mark.parametrize("value", [0.0, 1.0, None])
def test_views_stay_in_range(value: float | None) -> None:
    given = photographs(16).round() if value is None else torch.full((16, 3, OUTER, OUTER), value)
    seen = random_views(given, np.random.default_rng(7))
    for view in (seen.first, seen.others):
        assert view.dtype == torch.float32
        assert view.min() >= 0
        assert view.max() <= 1


def test_the_second_view_has_a_light_and_a_noise_of_its_own() -> None:
    seen = random_views(torch.full((64, 3, OUTER, OUTER), 0.5), np.random.default_rng(8))
    light = (seen.others[0] - seen.first).mean((1, 2, 3))
    assert 0.008 < light.abs().max() < 0.5 * 0.03 + 0.01 + 1e-3
    assert light.min() < 0 < light.max()
    noise = torch.stack([seen.first - 0.5, seen.others[0] - 0.5 - light.view(-1, 1, 1, 1)])
    levels = noise.flatten(2).std(2)
    assert levels.max() < 0.021
    torch.testing.assert_close(levels[0], levels[1], rtol=0.1, atol=1e-4)  # as one camera has it
    together = (noise[0] * noise[1]).flatten(1).mean(1) / (levels[0] * levels[1]).clamp_min(1e-6)
    assert together.abs().max() < 0.1  # but not the same
