"""A curve on twice the samples, in phases that are maps or channels: the numbers of the grid laid out."""

from __future__ import annotations

from contextlib import nullcontext

import pytest
import torch
from torch.nn import functional as F

from stylize_video.models.alias_free.activation import AGAIN, Filtered
from stylize_video.models.alias_free.apart import FilteredApart
from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.network import END, SHALLOW
from stylize_video.models.alias_free.phases import FilteredInPhases
from stylize_video.models.perceptual.equivariance import circular

FAR = 30  # samples, farther than any filter here sees


@pytest.mark.parametrize("kind", [FilteredApart, FilteredInPhases])
@pytest.mark.parametrize("design", [END, SHALLOW, AGAIN, LowPass(0.45, 0.4, 6), LowPass(0.3, 0.3, 14)])
@pytest.mark.parametrize("round_about", [False, True])
def test_it_is_what_filtered_computes(
    kind: type[FilteredApart | FilteredInPhases], design: LowPass, round_about: bool
) -> None:
    laid_out, in_phases = Filtered(3, torch.sigmoid, design), kind(3, torch.sigmoid, design)
    pictures = 3 * torch.randn(2, 3, 32, 40, generator=torch.manual_seed(0))

    # The border that goes on beyond the edge is bent as well.
    wide = F.pad(pictures, (FAR,) * 4, mode="circular" if round_about else "replicate")
    wanted = laid_out(wide)[..., FAR:-FAR, FAR:-FAR]
    with circular(in_phases) if round_about else nullcontext():
        torch.testing.assert_close(in_phases(pictures), wanted, atol=1e-5, rtol=0)


@pytest.mark.parametrize("kind", [FilteredApart, FilteredInPhases])
@pytest.mark.parametrize("design", [LowPass(0.45, 0.4, 12), LowPass(0.25, 0.4, 14, rate=4)])
def test_a_filter_of_other_phases_is_refused(
    kind: type[FilteredApart | FilteredInPhases], design: LowPass
) -> None:
    with pytest.raises(ValueError, match="rate 2, and 2, 6, 10"):
        kind(3, torch.sigmoid, design)
