"""Low-pass filters: what they keep and stop, by scipy's own design and response."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import signal

from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.network import FEATURES, PICTURE

DESIGNS = (FEATURES, PICTURE, LowPass(0.3, 0.3, 12), LowPass(0.25, 0.4, 24, rate=4))


@pytest.mark.parametrize("design", DESIGNS)
def test_it_stops_what_it_is_designed_to(design: LowPass) -> None:
    w, response = signal.freqz(design.kernel, worN=8192, fs=design.rate)
    stopped = -20 * np.log10(np.abs(response[w >= design.stops]).max())

    assert design.measured_attenuation_db() == pytest.approx(stopped, abs=0.1)
    assert stopped > design.designed_attenuation_db - 3


@pytest.mark.parametrize("design", DESIGNS)
def test_half_of_the_amplitude_is_left_at_the_cutoff(design: LowPass) -> None:
    w, response = signal.freqz(design.kernel, worN=8192, fs=design.rate)

    assert np.interp(design.cutoff, w, np.abs(response)) == pytest.approx(0.5, abs=0.02)
    assert design.measured_cutoff() == pytest.approx(design.cutoff, abs=0.01)


@pytest.mark.parametrize("design", DESIGNS)
def test_what_is_below_the_transition_is_kept(design: LowPass) -> None:
    assert np.abs(design.gain_db(np.linspace(0, design.passes, 100))).max() < 0.3


@pytest.mark.parametrize("design", DESIGNS)
def test_the_kernel_is_scipys(design: LowPass) -> None:
    beta = signal.kaiser_beta(design.designed_attenuation_db)
    theirs = signal.firwin(design.taps, design.cutoff, window=("kaiser", beta), fs=design.rate)

    np.testing.assert_allclose(design.kernel, theirs, atol=1e-9)


@pytest.mark.parametrize("wanted", [30.0, 40.0, 60.0, 80.0])
def test_the_shortest_that_stops_so_much(wanted: float) -> None:
    found = LowPass.reaching(wanted, cutoff=0.4, transition=0.2)
    shorter = LowPass(0.4, 0.2, found.taps - 2)

    assert shorter.designed_attenuation_db < wanted <= found.designed_attenuation_db
    assert found.measured_attenuation_db() > wanted - 3


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"taps": 11}, "taps"),
        ({"taps": 0}, "taps"),
        ({"cutoff": 1.0}, "cutoff"),
        ({"cutoff": 0.0}, "cutoff"),
        ({"transition": 0.0}, "transition"),
        ({"transition": 0.9}, "transition"),
        ({"rate": 0}, "rate"),
    ],
)
def test_what_no_filter_can_be_is_refused(changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        LowPass(**{"cutoff": 0.4, "transition": 0.2, "taps": 12, **changed})
