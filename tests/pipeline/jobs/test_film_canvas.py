"""The whole job by a painter with a canvas, given as a weights file: pictures and films."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from stylize_video.errors import UsageError, WeightsError
from stylize_video.models.feed_forward import weights_file
from stylize_video.models.look import Look
from stylize_video.models.style_spec import parse
from stylize_video.pictures.pictures import read_picture, write_picture
from stylize_video.pipeline.jobs import early_checks
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.painted import Painted
from stylize_video.pipeline.jobs.request import PaintRequest
from tests import media
from tests.networks import canvas_network, noise


@pytest.fixture
def style(tmp_path: Path) -> str:
    """A style of a painter that has learned nothing."""
    path = tmp_path / "canvas.safetensors"
    weights_file.save(path, canvas_network(styles=2), ["a", "b"], {})
    return f"{path}#b"


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """Five frames."""
    return media.film(tmp_path / "film.mp4", media.Video(times=media.steady(5), size=(98, 66))).path


def paint(source: Path, name: str, **options: Any) -> Painted:
    return job.paint(PaintRequest.of(source, source.with_name(name), device="cpu", **options))


def test_a_film_is_painted_and_steadied(film: Path, style: str) -> None:
    found = paint(film, "painted.mkv", style=style)
    assert found.frames == 5
    assert found.verified is not None
    assert list(found.profile.times) == ["reader", "motion", "painter", "stabilizer", "encoder"]


def test_its_motion_is_found_without_the_stabiliser_too(film: Path, style: str) -> None:
    found = paint(film, "painted.mkv", style=style, stabilize=False, stroke_size=1.5, batch_size=2)
    assert list(found.profile.times) == ["reader", "motion", "painter", "encoder"]
    transformed = paint(film, "transformed.mkv", stabilize=False, method="wct")
    assert list(transformed.profile.times) == ["reader", "motion", "painter", "encoder"]


def test_a_seed_is_a_painting(style: str, tmp_path: Path) -> None:
    source = tmp_path / "picture.png"
    write_picture(source, noise(0, 50, 70))

    def painted(name: str, **options: Any) -> NDArray[np.uint8]:
        return read_picture(paint(source, name, style=style, **options).output)

    usual = painted("usual.png")
    assert np.array_equal(usual, painted("again.png", seed=0))
    assert not np.array_equal(usual, read_picture(source))
    other = painted("other.png", seed=1)
    assert np.abs(other.astype(int) - usual).mean() > 1
    assert np.array_equal(other, painted("other_again.png", seed="1"))


def test_painted_frames_have_the_strokes_that_they_have(film: Path, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()
    request = PaintRequest.of(film, guide=tmp_path / "frames", seed=1)
    with pytest.raises(UsageError, match="`seed` is not for"):
        early_checks.check(request)


def test_two_styles_in_their_regions_share_the_canvas(film: Path, style: str) -> None:
    masks = [film.with_name(f"{side}.png") for side in ("left", "right")]
    for mask, white in zip(masks, (0, 1), strict=True):
        columns = (np.arange(98) < 49) == (white == 0)
        write_picture(mask, np.tile(255 * columns[:, None].astype(np.uint8), (66, 1, 3)))
    other = style.replace("#b", "#a")
    found = paint(film, "painted.mkv", region=[f"{masks[0]}={style}", f"{masks[1]}={other}"])
    assert (found.frames, list(found.profile.times)[:3]) == (5, ["reader", "motion", "painter"])


def test_a_draft_is_painted_along_coarser_motion_and_encoded_sooner(film: Path, style: str) -> None:
    usual, draft = (PaintRequest.of(film, "painted.mp4", style=style, quality=q) for q in ("full", "draft"))
    assert (usual.is_draft, draft.is_draft) == (False, True)
    assert PaintRequest.from_json(draft.to_json()) == draft
    assert not replace(draft, look=Look(parse("a.jpg"))).is_draft  # another method paints it
    found = [paint(film, f"{q}.mp4", style=style, quality=q) for q in ("full", "draft")]
    settings = [_x264_settings(one.output) for one in found]
    assert ["trellis=1" in told for told in settings] == [True, False]
    assert [one.frames for one in found] == [5, 5]


def _x264_settings(film: Path) -> str:
    """What x264 writes into the film of how it was coded."""
    found = re.search(rb"x264 - core[^\0]*", film.read_bytes())
    assert found is not None
    return found[0].decode("ascii", "replace")


def test_a_file_of_the_painter_before_is_refused_in_one_line(film: Path) -> None:
    old = film.with_name("old.safetensors")
    save_file({"a": torch.ones(1)}, old, {"format": "stylize-video transform-net 1"})
    with pytest.raises(WeightsError) as caught:
        paint(film, "painted.mkv", style=str(old))
    assert "made for 'stylize-video transform-net 1'" in str(caught.value)
    assert str(caught.value).endswith("train again")
    assert "\n" not in str(caught.value)
    assert list(film.parent.glob("painted*")) == []
