"""The benchmarks' own arithmetic; what they measure with is tested where it lives."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import pytest

FOLDER = Path(__file__).parents[1] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], ModuleType]:
    """Load one of them as Python does when it is run, without running it."""
    monkeypatch.syspath_prepend(FOLDER)

    def load(name: str) -> Any:
        spec = importlib.util.spec_from_file_location(f"benchmark_{name}", FOLDER / f"{name}.py")
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, spec.name, module)  # dataclasses look there
        monkeypatch.setitem(sys.modules, "common", None)  # and take it out again afterwards
        del sys.modules["common"]
        spec.loader.exec_module(module)
        return module

    return load


def noise(seed: int) -> Any:
    """A picture that has something to follow."""
    small = np.random.default_rng(seed).integers(0, 256, (16, 24, 3), np.uint8)
    return cv2.resize(small, (96, 64), interpolation=cv2.INTER_CUBIC)


@pytest.mark.parametrize("style", ["great-wave", "f.safetensors#great-wave", "x/great-wave.safetensors"])
def test_a_styles_painting_is_found_by_its_name(
    benchmark: Callable[[str], Any], style: str, tmp_path: Path
) -> None:
    quality = benchmark("quality")
    for number, name in enumerate(("great-wave-2.png", "great-wave.PNG", "wave.png"), 1):
        cv2.imwrite(str(tmp_path / name), np.full((4, 5, 3), number, np.uint8))
    (tmp_path / "great-wave.md").write_text("about it")
    assert (quality._painting(tmp_path, style) == 2).all()
    with pytest.raises(SystemExit, match="no picture called udnie"):
        quality._painting(tmp_path, "udnie")


def test_the_mean_of_pairs(benchmark: Callable[[str], Any]) -> None:
    assert benchmark("quality")._mean([(1.0, 4.0), (3.0, 0.0)]) == (2.0, 2.0)


def test_the_second_painters_style(benchmark: Callable[[str], Any]) -> None:
    second_spec, against = benchmark("flicker").second_spec, Path("b.safetensors")
    assert second_spec(against, "udnie") == "b.safetensors#udnie"
    assert second_spec(against, "a.safetensors#udnie") == "b.safetensors#udnie"
    assert second_spec(against, "a.safetensors") == "b.safetensors"
    for mixture in ("udnie:0.5,kandinsky:0.5", "udnie,kandinsky", "a.safetensors:2"):
        with pytest.raises(ValueError, match="is a mixture"):
            second_spec(against, mixture)


def test_a_steady_film_has_no_warping_error_and_a_grey_one_no_detail(benchmark: Callable[[str], Any]) -> None:
    flicker = benchmark("flicker")
    frames = [noise(1)] * 3
    clip = flicker.Clip("still", frames, [flicker._motion(*frames[:2])] * 2)
    assert clip.visible_share > 0.9
    steady, grey = clip.measure(frames), clip.measure([np.full_like(frames[0], 99)] * 3)
    assert steady.warping_error < 1e-6
    assert steady.detail > 0.01
    assert (grey.warping_error, grey.detail) == (0.0, 0.0)
    flickering = clip.measure([frames[0] // 2, frames[0], frames[0] // 2])
    assert flickering.warping_error > 0.01


def test_a_cut_is_not_measured_and_a_film_of_cuts_is_refused(benchmark: Callable[[str], Any]) -> None:
    flicker = benchmark("flicker")
    frames = [noise(1), noise(1), noise(2)]
    flow, seen = flicker._motion(*frames[:2])
    nothing = (flow, np.zeros_like(seen))
    cut = flicker.Clip("cut", frames, [(flow, seen), nothing])
    assert cut.measure(frames).warping_error < 1e-6
    with pytest.raises(ValueError, match="cuts: nothing stays visible from frame to frame"):
        flicker.Clip("cuts", frames, [nothing, nothing]).measure(frames)


def test_means_over_clips_and_styles(benchmark: Callable[[str], Any]) -> None:
    flicker = benchmark("flicker")
    frames = [noise(1), noise(1)]
    clip = flicker.Clip("clip", frames, [flicker._motion(*frames)])
    source = flicker.Figures(0.5, 0.5)
    rows = [
        flicker.Row(clip, style, source, flicker.Figures(error, 0.2), flicker.Figures(0.4, 0.1))
        for style, error in (("a", 0.1), ("a", 0.3), ("b", 0.8))
    ]
    assert [row.values["error_ratio"] for row in rows] == pytest.approx([0.25, 0.75, 2.0])
    assert rows[0].values["detail_ratio"] == pytest.approx(2.0)
    assert flicker._mean(rows)["error_ratio"] == pytest.approx(1.0)
    by_style = flicker._by_style(rows)
    assert list(by_style) == ["a", "b"]
    assert by_style["a"]["warping_error"] == pytest.approx(0.2)
    assert "error_ratio" not in flicker.Row(clip, "a", source, source, None).values
    nothing = flicker.Row(clip, "a", source, source, flicker.Figures(0.0, 0.0))
    assert np.isnan(nothing.values["error_ratio"])


def test_goals_are_met_on_the_right_side_of_their_limits(benchmark: Callable[[str], Any]) -> None:
    goal = benchmark("flicker").Goal
    assert goal("ratio", 0.6, 0.6).met
    assert not goal("ratio", 0.61, 0.6).met
    assert goal("detail", 0.85, 0.85, at_least=True).met
    assert not goal("detail", 0.84, 0.85, at_least=True).met
    assert not goal("ratio", float("nan"), 0.6).met
