"""What a job's painter is by default."""

from __future__ import annotations

from pathlib import Path

from stylize_video.models import styles
from stylize_video.models.steadying_options import USUAL_STABILITY
from stylize_video.pipeline.jobs.request import PaintRequest


def _stability(**options: object) -> float:
    found = PaintRequest.of("film.mp4", **options).stability
    assert found is not None
    return found


def test_all_styles_have_one_stability(tmp_path: Path) -> None:
    path = tmp_path / "mine.safetensors"
    path.touch()
    for style in (*styles.available(), "starry-night:0.25,the-scream:0.75", str(path)):
        assert _stability(style=style) == USUAL_STABILITY


def test_what_is_asked_for_counts() -> None:
    assert _stability(style="starry-night", stability=0.9) == 0.9


def test_the_transform_keeps_more() -> None:
    assert _stability(method="wct", style="the-scream") > USUAL_STABILITY
