"""A curve on twice the samples, in phases that are maps or channels: the numbers of the grid laid out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.nn import functional as F

from stylize_video.models.alias_free.activation import AGAIN
from stylize_video.models.alias_free.filtered import Filtered
from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.network import END, FEATURES
from stylize_video.models.alias_free.phases import FilteredInPhases
from stylize_video.models.alias_free.resampling import Downsample, Upsample
from stylize_video.models.perceptual.equivariance import circular

FAR = 30  # samples, farther than any filter here sees

designs = pytest.mark.parametrize(
    "design", [END, FEATURES, AGAIN, LowPass(0.45, 0.4, 6), LowPass(0.3, 0.3, 14)]
)


def _laid_out(x: Tensor, design: LowPass) -> Tensor:
    """What is to be computed, on the finer grid itself."""
    bent: Tensor = Downsample(3, design)(torch.sigmoid(Upsample(3, design)(x)))
    return bent


def _without_anything_beyond(x: Tensor, design: LowPass) -> Tensor:
    """The same, but a filter down sees what is there alone, by its weights."""
    bent = torch.sigmoid(Upsample(3, design)(x))
    down = Downsample(3, design)
    down.padding_mode = "constant"
    zeros_seen: Tensor = down(bent)
    return zeros_seen / down(torch.ones_like(bent))


def _pictures() -> Tensor:
    return 3 * torch.randn(2, 3, 32, 40, generator=torch.manual_seed(0))


@designs
def test_a_curve_in_maps_is_what_the_finer_grid_gives(design: LowPass) -> None:
    found = Filtered(3, torch.sigmoid, design)(_pictures())

    torch.testing.assert_close(found, _without_anything_beyond(_pictures(), design), atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [(1, 1), (2, 3), (16, 2)])
def test_a_map_smaller_than_the_filter_is_bent_as_well(size: tuple[int, int]) -> None:
    small = _pictures()[..., : size[0], : size[1]]

    found = Filtered(3, torch.sigmoid, FEATURES)(small)

    torch.testing.assert_close(found, _without_anything_beyond(small, FEATURES), atol=1e-5, rtol=0)


@designs
def test_what_is_even_stays_even_to_the_edge(design: LowPass) -> None:
    even = torch.full((1, 3, 20, 24), 0.7)

    found = Filtered(3, torch.sigmoid, design)(even)

    torch.testing.assert_close(found, torch.sigmoid(even), atol=1e-5, rtol=0)


@designs
def test_a_curve_in_maps_goes_round(design: LowPass) -> None:
    wide = F.pad(_pictures(), (FAR,) * 4, mode="circular")
    layer = Filtered(3, torch.sigmoid, design)

    with circular(layer):
        found = layer(_pictures())

    torch.testing.assert_close(found, _laid_out(wide, design)[..., FAR:-FAR, FAR:-FAR], atol=1e-5, rtol=0)


@designs
@pytest.mark.parametrize("round_about", [False, True])
def test_a_curve_in_channels_is_what_the_finer_grid_gives(design: LowPass, *, round_about: bool) -> None:
    # The border that goes on beyond the edge is bent as well.
    wide = F.pad(_pictures(), (FAR,) * 4, mode="circular" if round_about else "replicate")
    layer = FilteredInPhases(3, torch.sigmoid, design)

    with circular(layer) if round_about else nullcontext():
        found = layer(_pictures())

    torch.testing.assert_close(found, _laid_out(wide, design)[..., FAR:-FAR, FAR:-FAR], atol=1e-5, rtol=0)


@contextmanager
def _autocast_on_a_gpu(half: torch.dtype) -> Iterator[None]:
    """As `torch.autocast`, which does nothing where there is none."""
    before = torch.get_autocast_dtype("cuda")
    torch.set_autocast_dtype("cuda", half)
    torch.set_autocast_enabled("cuda", True)
    try:
        yield
    finally:
        torch.set_autocast_enabled("cuda", False)
        torch.set_autocast_dtype("cuda", before)


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_half_precision_stays_half_on_a_gpu(half: torch.dtype) -> None:
    with FakeTensorMode(), _autocast_on_a_gpu(half):
        layer = Filtered(3, F.gelu, FEATURES).to("cuda")
        found = layer(torch.empty(1, 3, 20, 24, dtype=half, device="cuda"))

    assert found.dtype == half
    assert found.shape == (1, 3, 20, 24)


@pytest.mark.parametrize("kind", [Filtered, FilteredInPhases])
@pytest.mark.parametrize("design", [LowPass(0.45, 0.4, 12), LowPass(0.25, 0.4, 14, rate=4)])
def test_a_filter_of_other_phases_is_refused(
    kind: type[Filtered | FilteredInPhases], design: LowPass
) -> None:
    with pytest.raises(ValueError, match="rate 2, and 2, 6, 10"):
        kind(3, torch.sigmoid, design)
