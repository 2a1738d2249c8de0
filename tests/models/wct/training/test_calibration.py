"""Ranges for multiplying bytes: found of each channel, used by each section, and painting stays as it is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.models.runtimes.program import ChannelRanges
from stylize_video.models.wct import weights_file
from stylize_video.models.wct.levels import DEFAULT_LEVELS
from stylize_video.models.wct.painter import WctPainter, WctStyle
from stylize_video.models.wct.program import program
from stylize_video.models.wct.training import calibration
from stylize_video.models.wct.weights_file import WctWeights
from stylize_video.pictures.pictures import Picture
from tests.networks import noise


def smooth(seed: int, height: int, width: int) -> Picture:
    """Colours without the finest noise, as photographs have them."""
    coarse = torch.from_numpy(noise(seed, 12, 16)).permute(2, 0, 1)[None].float()
    wide = torch.nn.functional.interpolate(coarse, (height, width), mode="bicubic")
    return np.ascontiguousarray(wide[0].permute(1, 2, 0).clamp(0, 255).byte().numpy())


@pytest.fixture(scope="module")
def bundled() -> WctWeights:
    """The bundled networks, with ranges of their own; torch's threads are left behind."""
    found = weights_file.open_bundled()
    two = [found.paintings[name] for name in list(found.paintings)[:2]]
    ranges = calibration.find_ranges(found.network, [smooth(1, 96, 128)], two)
    return replace(found, parameters=replace(found.parameters, ranges=ranges))


def test_each_channel_has_a_range(bundled: WctWeights) -> None:
    ranges = bundled.parameters.ranges
    assert ranges.keys() == set(bundled.network.multiplying())
    low, high = ranges["decoders.3.steps.5"]
    assert low == 0  # after a ReLU
    assert isinstance(high, tuple)
    assert len(high) == 32
    assert len(set(high)) > 16
    low, _ = ranges["decoders.2.steps.0"]  # of features that were mapped
    assert isinstance(low, tuple)
    assert min(low) < 0


def test_each_section_has_the_ranges_of_its_own_convolutions(bundled: WctWeights) -> None:
    ranges = program(bundled.parameters, DEFAULT_LEVELS).ranges
    assert set(ranges["bytes"]) == {"decoders.1.steps.0"}
    assert set(ranges["recode21"]) == {f"decoders.2.steps.{n}" for n in (0, 3, 5)}
    assert "encoder.convolutions.2_1" in ranges["recode32"]
    assert "encoder.convolutions.2_2" not in ranges["recode32"]


def _painted(weights: WctWeights, ranges: ChannelRanges, picture: Picture) -> Picture:
    made = program(replace(weights.parameters, ranges=ranges), DEFAULT_LEVELS)
    painter = WctPainter(OpenVinoRuntime(made, exact=False, int8=True, threads=1))
    style = WctStyle(weights.paintings["kandinsky"])
    found: Picture = painter.paint(picture[None], [painter.new_canvas(*picture.shape[:2])], style)[0]
    return found


def test_bytes_paint_nearly_as_floats_do(bundled: WctWeights) -> None:
    """On a picture that the ranges were not found on. Where the processor has no bytes they are emulated."""
    picture = smooth(2, 96, 128)
    error = np.subtract(
        *(_painted(bundled, r, picture) for r in (bundled.parameters.ranges, {})), dtype=float
    )
    assert 30 < 10 * np.log10(255**2 / np.square(error).mean()) < 60
