"""What a job's painter is by default."""

from __future__ import annotations

from pathlib import Path

import pytest

from stylize_video.models import styles
from stylize_video.models.steadying_options import USUAL_SHARPENING, USUAL_STABILITY, Steadying
from stylize_video.pipeline.jobs.request import PaintRequest


def _steadying(**options: object) -> Steadying:
    found = PaintRequest.of("film.mp4", **options).steadied
    assert found is not None
    return found


def _stability(**options: object) -> float:
    return _steadying(**options).stability


def test_each_bundled_style_has_its_own_stability() -> None:
    for name, style in styles.available().items():
        assert _stability(style=name) == style.stability
        assert 0 < style.stability <= 1
        assert _steadying(style=name).sharpening == style.sharpening
    assert _stability(style="udnie") > USUAL_STABILITY
    assert _stability(style="the-scream") < USUAL_STABILITY


def test_what_is_asked_for_counts() -> None:
    usual = _steadying(style="starry-night")
    asked = _steadying(style="starry-night", stability=0.9)
    assert asked == (0.9, usual.sharpening)


def test_a_mixture_has_the_mean(tmp_path: Path) -> None:
    known = styles.available()
    first, second = known["starry-night"].steadying, known["the-scream"].steadying
    expected = [0.25 * a + 0.75 * b for a, b in zip(first, second, strict=True)]
    assert _steadying(style="starry-night:0.25,the-scream:0.75") == pytest.approx(expected)
    assert first.sharpening != second.sharpening


def test_regions_have_the_least_stability_of_theirs() -> None:
    regions = ("left.png=the-scream", "right.png=udnie")
    assert (
        _stability(region=regions)
        == styles.available()["the-scream"].stability
        < styles.available()["udnie"].stability
    )


def test_regions_are_sharpened_as_the_one_that_needs_it_most() -> None:
    regions = ("left.png=starry-night", "right.png=the-scream")
    sharpenings = [styles.available()[name].sharpening for name in ("starry-night", "the-scream")]
    assert _steadying(region=regions).sharpening == max(sharpenings) > min(sharpenings)


def test_a_file_of_ones_own_has_the_usual(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    path.touch()
    assert _steadying(style=str(path)) == (USUAL_STABILITY, USUAL_SHARPENING)
    half = 0.5 * (USUAL_STABILITY + styles.available()["the-scream"].stability)
    assert _stability(style=f"{path}:0.5,the-scream:0.5") == pytest.approx(half)


def test_the_transform_keeps_more() -> None:
    assert _stability(method="wct", style="the-scream") > USUAL_STABILITY
