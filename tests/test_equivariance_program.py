"""The program that measures whether strokes move with the things."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from stylize_video.pictures.pictures import write_picture
from tests.networks import canvas_network, noise


def test_each_style_has_its_row_and_the_grids_own_multiples_are_exact(
    benchmark: Callable[[str], Any], tmp_path: Path
) -> None:
    program = benchmark("equivariance")
    for seed in range(3):
        write_picture(tmp_path / f"{seed}.png", noise(seed))
    given = program.material(tmp_path, count=2, size=64, translations=1)
    painter = program.Painter(canvas_network(styles=2), ("one", "other"))
    found = program.of_styles(painter, painter.styles, given, None)

    assert list(found) == ["one", "other"]
    for figures in found.values():
        assert figures.eq_t_of_16_db > 90 > 60 > max(figures.eq_t_db, figures.eq_t_integer_db)
        assert figures.style_distance is figures.bare_canvas is None
    mean = (found["one"].eq_t_db + found["other"].eq_t_db) / 2
    assert program.means(found).eq_t_db == pytest.approx(mean)


def test_translations_are_drawn_by_kind_within_an_eighth(
    benchmark: Callable[[str], Any], tmp_path: Path
) -> None:
    write_picture(tmp_path / "a.png", noise(0))
    shifts = benchmark("equivariance").material(tmp_path, count=1, size=128, translations=20).shifts

    assert all(abs(side) <= 16 for some in shifts.values() for shift in some for side in shift)
    assert all(side == round(side) for shift in shifts["integer"] for side in shift)
    assert all(side % 16 == 0 and side for shift in shifts["of_16"] for side in shift)
    assert any(abs(side - round(side)) > 0.2 for shift in shifts["fractional"] for side in shift)


def test_a_method_without_weights_asks_for_them(benchmark: Callable[[str], Any]) -> None:
    with pytest.raises(SystemExit, match="--weights"):
        benchmark("equivariance").load("alias-free", None)
