"""Painting by an alias-free network: which files and names it paints, and whole jobs by it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from stylize_video.errors import UsageError, WeightsError
from stylize_video.models import methods, styles, weights
from stylize_video.models.alias_free.filters import LowPass
from stylize_video.models.alias_free.method import BUNDLED, AliasFree, AliasFreeOptions
from stylize_video.models.alias_free.network import FEATURES, PICTURE, AliasFreeNet
from stylize_video.models.alias_free.resampling import Downsample, Upsample
from stylize_video.models.feed_forward import gallery, weights_file
from stylize_video.models.feed_forward.network import StyledNet
from stylize_video.models.feed_forward.parameters import CanvasParameters
from stylize_video.models.style_spec import parse
from stylize_video.pictures.pictures import read_picture, write_picture
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.request import PaintRequest
from tests import media
from tests.networks import alias_free_network, canvas_network, noise

NAMES = ("red", "blue")


def written(path: Path, made: StyledNet) -> Path:
    weights_file.save(path, made, NAMES, {})
    return path


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two bundled styles by plain networks, of which an alias-free one knows both; files beside them."""
    told = {}
    kinds = {
        "plain": (canvas_network(styles=2), "canvas-net"),
        "free": (alias_free_network(), styles.ALIAS_FREE),
    }
    for name, (made, kind) in kinds.items():
        data = written(tmp_path / f"{name}.safetensors", made).read_bytes()
        known = {"style_distance": None, "content_distance": None, "painting": "", "painter": ""}
        entries = [{"name": style, "year": "", "licence": "", **known} for style in NAMES]
        sha256 = hashlib.sha256(data).hexdigest()
        told[name] = {"file": f"{name}.safetensors", "sha256": sha256, "kind": kind, "styles": entries}
    (tmp_path / "manifest.json").write_text(json.dumps({"weights": told}), "utf-8")
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    weights.manifest.cache_clear()
    yield tmp_path
    weights.manifest.cache_clear()


def test_names_are_the_bundled_alias_free_networks(studio: Path) -> None:
    assert list(styles.available()) == list(styles.available(styles.ALIAS_FREE)) == list(NAMES)
    assert styles.available(styles.ALIAS_FREE)["red"].weights == "free"

    AliasFree().check(parse("red:0.5,blue:0.5"), AliasFreeOptions())
    found = gallery.load(parse("red:0.25,blue:0.75"), BUNDLED)

    stored = CanvasParameters.of(weights_file.as_stored(alias_free_network()))
    np.testing.assert_allclose(found.style, stored.mixed((0.25, 0.75)), rtol=1e-6)
    assert found.parameters.convolutions == stored.convolutions
    assert isinstance(found.parameters.network(), AliasFreeNet)


def test_without_bundled_networks_one_line_says_so(studio: Path) -> None:
    told = json.loads((studio / "manifest.json").read_text())
    del told["weights"]["free"]
    (studio / "manifest.json").write_text(json.dumps(told), "utf-8")
    weights.manifest.cache_clear()

    with pytest.raises(UsageError, match="red: no alias-free-net is bundled for it; leave `method` out"):
        AliasFree().check(parse("red"), AliasFreeOptions())


def test_a_file_is_painted_by_the_method_of_its_network(studio: Path) -> None:
    free, plain = (str(studio / f"{name}.safetensors#red") for name in ("free", "plain"))

    assert methods.choose(parse(free)).name == AliasFree.name
    assert methods.choose(parse(plain)).name == methods.METHODS[0].name
    assert methods.choose(parse(f"{free}:0.5,blue:0.5")).name == AliasFree.name
    for spec, method in ((plain, AliasFree.name), (free, methods.METHODS[0].name)):
        with pytest.raises(UsageError, match="its network is painted by another method; leave `method` out"):
            methods.choose(parse(spec), method)
    with pytest.raises(UsageError, match="no method paints both"):
        methods.choose(parse(f"{free},{plain}"))
    with pytest.raises(WeightsError, match="this version reads 'stylize-video alias-free 1'"):
        gallery.load(parse(plain), BUNDLED)


def test_a_film_in_a_mixture_of_both_steadied_or_not(studio: Path) -> None:
    film = media.film(studio / "film.mp4", media.Video(times=media.steady(4), size=(98, 66))).path
    options = {"device": "cpu", "method": AliasFree.name, "style": "red:0.4,blue:0.6", "strength": 0.8}

    for stabilize in (True, False):
        target = film.with_name(f"painted_{stabilize}.mkv")
        found = job.paint(PaintRequest.of(film, target, stabilize=stabilize, preserve_color=True, **options))
        assert (found.frames, "stabilizer" in found.profile.times) == (4, stabilize)


def test_a_seed_is_a_painting(studio: Path) -> None:
    source = studio / "picture.png"
    write_picture(source, noise(0, 50, 70))
    style = f"{studio / 'free.safetensors'}#red"  # by the file alone, whoever paints it

    paintings = [
        read_picture(
            job.paint(PaintRequest.of(source, source.with_name(f"{n}.png"), style=style, seed=seed)).output
        )
        for n, seed in enumerate((0, 0, 1))
    ]

    assert np.array_equal(paintings[0], paintings[1])
    assert not np.array_equal(paintings[0], paintings[2])
    assert paintings[0].shape == (50, 70, 3)


@pytest.mark.parametrize("design", [FEATURES, PICTURE])
def test_filters_make_no_number_larger_than_the_bounds_take_them_to(design: LowPass) -> None:
    up, down = Upsample(1, design), Downsample(1, design)
    across = [float(kernel.abs().sum()) for kernel in (up.across, down.across)]

    assert (across[0] * across[1]) ** 2 < 16  # an upsampling and a downsampling, across and down
    assert CanvasParameters.of(alias_free_network()).surely_finite
