"""A curve on twice the samples whose phases stay channels: the same numbers as on the grid laid out."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch

from stylize_video.models.alias_free.activation import Filtered
from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.network import END
from stylize_video.models.alias_free.phases import FilteredInPhases
from stylize_video.models.perceptual.equivariance import circular


@pytest.mark.parametrize("design", [END, LowPass(0.45, 0.4, 6), LowPass(0.3, 0.3, 14)])
@pytest.mark.parametrize("round_about", [False, True])
def test_it_is_what_filtered_computes(design: LowPass, round_about: bool) -> None:
    laid_out = Filtered(3, torch.sigmoid, design, large=True)
    in_phases = FilteredInPhases(3, torch.sigmoid, design)
    pictures = 3 * torch.randn(2, 3, 24, 40, generator=torch.manual_seed(0))

    with circular(laid_out) if round_about else nullcontext():
        wanted = laid_out(pictures)
    with circular(in_phases) if round_about else nullcontext():
        torch.testing.assert_close(in_phases(pictures), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("design", [LowPass(0.45, 0.4, 12), LowPass(0.25, 0.4, 14, rate=4)])
def test_a_filter_of_other_phases_is_refused(design: LowPass) -> None:
    with pytest.raises(ValueError, match="rate 2, and 2, 6, 10"):
        FilteredInPhases(3, torch.sigmoid, design)
