"""What a job's painter is by default."""

from __future__ import annotations

from pathlib import Path

import pytest

from stylize_video.models import styles
from stylize_video.pipeline import painters
from stylize_video.pipeline.options import PaintOptions, Region


def _stability(**options: object) -> float:
    return painters.stability(PaintOptions(**options))  # type: ignore[arg-type]


def test_each_bundled_style_has_its_own_stability() -> None:
    for name, style in styles.available().items():
        assert _stability(style=name) == style.stability
        assert 0 < style.stability <= 1
    assert _stability(style="matisse") == styles.USUAL_STABILITY
    assert _stability(style="the-scream") < styles.USUAL_STABILITY


def test_what_is_asked_for_counts() -> None:
    assert _stability(style="the-scream", stability=0.9) == 0.9


def test_a_mixture_has_the_mean(tmp_path: Path) -> None:
    known = styles.available()
    expected = 0.25 * known["kandinsky"].stability + 0.75 * known["the-scream"].stability
    assert _stability(style="kandinsky:0.25,the-scream:0.75") == pytest.approx(expected)


def test_regions_have_the_least_of_theirs() -> None:
    regions = (Region(Path("left.png"), "the-scream"), Region(Path("right.png"), "udnie"))
    assert (
        _stability(regions=regions)
        == styles.available()["the-scream"].stability
        < styles.available()["udnie"].stability
    )


def test_a_file_of_ones_own_has_the_usual(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    path.touch()
    assert _stability(style=str(path)) == styles.USUAL_STABILITY
    half = 0.5 * (styles.USUAL_STABILITY + styles.available()["the-scream"].stability)
    assert _stability(style=f"{path}:0.5,the-scream:0.5") == pytest.approx(half)


def test_the_transform_keeps_more() -> None:
    assert _stability(method="wct", style="the-scream") > styles.USUAL_STABILITY
