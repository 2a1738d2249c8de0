"""Measuring whether a painter's strokes move with the things, and the command that does so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from stylize_video.models.alias_free import measuring
from stylize_video.models.alias_free.measuring import Painter
from stylize_video.models.feed_forward import weights_file
from stylize_video.pictures.pictures import write_picture
from tests.commands import refused, run
from tests.networks import ALIAS_FREE_SHAPE, canvas_network, noise


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder of two."""
    folder = tmp_path / "photographs"
    folder.mkdir()
    for seed in range(2):
        write_picture(folder / f"{seed}.png", noise(seed))
    return folder


def test_each_style_has_its_row_and_the_grids_own_multiples_are_exact(photographs: Path) -> None:
    given = measuring.material(photographs, count=2, size=64, translations=1)
    painter = Painter(canvas_network(styles=2), ("one", "other"))
    found = measuring.of_styles(painter, painter.styles, given, {})

    assert list(found) == ["one", "other"]
    for figures in found.values():
        assert figures.eq_t_of_16_db > 90 > 60 > max(figures.eq_t_db, figures.eq_t_integer_db)
        assert figures.style_distance is figures.bare_canvas is None
    mean = (found["one"].eq_t_db + found["other"].eq_t_db) / 2
    assert measuring.means(found).eq_t_db == pytest.approx(mean)


def test_translations_are_drawn_by_kind_within_an_eighth(photographs: Path) -> None:
    shifts = measuring.material(photographs, count=1, size=128, translations=20).shifts

    assert all(abs(side) <= 16 for some in shifts.values() for shift in some for side in shift)
    assert all(side == round(side) for shift in shifts["integer"] for side in shift)
    assert all(side % 16 == 0 and side for shift in shifts["of_16"] for side in shift)
    assert any(abs(side - round(side)) > 0.2 for shift in shifts["fractional"] for side in shift)


def test_the_command_tells_a_row_a_style(
    photographs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    material = measuring.material
    monkeypatch.setattr(
        measuring, "material", lambda folder: material(folder, count=1, size=128, translations=1)
    )
    file = tmp_path / "painter.safetensors"
    with torch.random.fork_rng(devices=[]):
        weights_file.save(file, ALIAS_FREE_SHAPE.network(), ["a", "b"], {})
    asked = ("score", "--equivariance", "--photographs", photographs)

    result = run(*asked, "--style", file, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert list(told["styles"]) == ["a", "b"]
    assert told["mean_eq_t_db"] == told["mean"]["eq_t_db"] > 30
    assert told["styles"]["a"]["bare_canvas"] is None
    shown = run(*asked, "--style", f"{file}#b", "--method", "alias-free")
    assert shown.exit_code == 0, shown.output
    assert [line.split()[0] for line in shown.stdout.splitlines()[-3:]] == ["b", "mean", "mean"]


def test_what_the_command_refuses(photographs: Path, tmp_path: Path) -> None:
    asked = ("score", "--equivariance")
    refused(2, "give a folder with --photographs", *asked)
    refused(1, "nowhere: no such folder", *asked, "--photographs", tmp_path / "nowhere")
    refused(2, "did you mean 'kandinsky'", *asked, "--photographs", photographs, "--style", "kandinski")
    refused(2, "not by a network trained on it", *asked, "--photographs", photographs, "--method", "wct")
    refused(2, "leave films and --html out", *asked, "film.mp4", "painted.mp4", "--photographs", photographs)
    refused(2, "are for --equivariance; add it", "score", "film.mp4", "painted.mp4", "--method", "wct")
