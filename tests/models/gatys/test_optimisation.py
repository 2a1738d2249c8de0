"""Pictures painted by optimisation: small ones, by a thin VGG where nothing of VGG's own matters."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from stylize_video.errors import InputError
from stylize_video.models.float_pictures import FloatPicture
from stylize_video.models.gatys import optimisation as gatys
from stylize_video.models.gatys.config import GatysConfig
from stylize_video.models.gatys.optimisation import Anchor, GatysArtist, Step
from stylize_video.models.gatys.semantic_masks import Regions
from stylize_video.models.perceptual.vgg import FeatureNetwork
from stylize_video.pictures.pictures import Picture, resize_longer_side, write_picture
from tests.networks import noise, thin

CPU = torch.device("cpu")
SHORT = GatysConfig(iterations=6)


@pytest.fixture
def thin_vgg(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few channels, random weights."""

    def load(name: str, *, pooling: str) -> FeatureNetwork:
        assert pooling == "mean"
        return thin(name)

    monkeypatch.setattr(gatys, "load_features", load)


def scene(height: int = 40, width: int = 56) -> Picture:
    """Smooth, so that noise as style changes it."""
    y, x = np.mgrid[:height, :width]
    planes = [x * 255 // width, y * 255 // height, (x + y) * 255 // (height + width)]
    return np.stack(planes, -1).astype(np.uint8)


def artist(config: GatysConfig = SHORT, *style: Picture, **more: Any) -> GatysArtist:
    return GatysArtist(style or [noise(1)], config, CPU, **more)


def check(painting: FloatPicture, original: Picture) -> None:
    assert painting.shape == original.shape
    assert painting.dtype == np.float32
    assert np.isfinite(painting).all()
    assert painting.min() >= 0
    assert painting.max() <= 1


# -- with VGG itself --


def test_the_painting_comes_nearer_to_the_style_and_stays_with_the_content() -> None:
    from stylize_video.models.perceptual.frame_distances import Judge

    style = resize_longer_side(noise(4, 6, 8), 96)  # large, coloured spots
    original = scene(48, 64)
    steps: list[Step] = []
    painted = artist(GatysConfig(iterations=25), style, on_step=steps.append).paint(original)
    check(painted, original)
    assert steps[-1].loss < 0.35 * steps[0].loss
    judge = Judge(style, size=64)
    picture = np.rint(painted * 255).astype(np.uint8)
    before, after = (judge.measure([(original, p)]) for p in (original, picture))
    assert before.style_distance is not None
    assert after.style_distance is not None
    assert after.style_distance < 0.5 * before.style_distance
    true = artist(GatysConfig(iterations=25, content_weight=50), style).paint(original)
    faithful = judge.measure([(original, np.rint(true * 255).astype(np.uint8))])
    assert faithful.content_distance < 0.7 * after.content_distance


# -- whatever looks at it --


@pytest.mark.usefixtures("thin_vgg")
class TestStarts:
    """`init` and `start`."""

    def test_every_start_is_where_it_begins(self, tmp_path: Path) -> None:
        """With hardly any style and no content, nothing moves: what comes out is what it began with."""
        mine = noise(3, 40, 56)
        write_picture(tmp_path / "mine.png", mine)
        style = noise(1, 40, 56)
        still = replace(SHORT, iterations=1, content_weight=0, style_weight=1e-9, tv_weight=0)
        found = {
            init: artist(replace(still, init=init), style).paint(scene())
            for init in ("content", "style", "noise", str(tmp_path / "mine.png"))
        }
        assert found["content"] == pytest.approx(scene() / 255, abs=1e-5)
        assert found["style"] == pytest.approx(style / 255, abs=1e-5)
        assert found[str(tmp_path / "mine.png")] == pytest.approx(mine / 255, abs=1e-5)
        assert 0.2 < found["noise"].std() < 0.4

    def test_another_size_is_fitted(self, tmp_path: Path) -> None:
        write_picture(tmp_path / "mine.png", noise(3, 17, 90))
        for init in ("style", str(tmp_path / "mine.png")):
            check(artist(replace(SHORT, init=init)).paint(scene()), scene())

    def test_a_picture_that_is_missing(self, tmp_path: Path) -> None:
        with pytest.raises(InputError, match=r"missing\.png"):
            artist(replace(SHORT, init=str(tmp_path / "missing.png")))

    def test_a_start_comes_before_init_and_is_painted_in_full_size_only(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gatys, "_COARSEST", 16)
        start = noise(5, 40, 56).astype(np.float32) / 255
        steps: list[Step] = []
        still = GatysConfig(iterations=8, content_weight=0, style_weight=1e-9, tv_weight=0, init="noise")
        found = artist(still, on_step=steps.append).paint(scene(), start=start)
        assert found == pytest.approx(start, abs=1e-4)
        assert steps[-1].of == math.ceil(gatys.stages(56, 8)[-1][1] / 2)


@pytest.mark.usefixtures("thin_vgg")
class TestPaintings:
    """What comes out."""

    @pytest.mark.parametrize("init", ["content", "noise"])
    @pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
    def test_the_same_again(self, init: str, optimizer: str) -> None:
        config = replace(SHORT, init=init, optimizer=optimizer)
        one, same, twice = artist(config), artist(config), artist(config)
        first = one.paint(scene())
        assert np.array_equal(first, same.paint(scene()))
        twice.paint(scene(30, 30))
        assert np.array_equal(first, twice.paint(scene()))

    def test_the_seed_decides_the_noise(self) -> None:
        found = [artist(replace(SHORT, init="noise", seed=seed)).paint(scene()) for seed in (0, 1)]
        assert np.abs(found[0] - found[1]).mean() > 0.1

    @pytest.mark.parametrize("original", ["black", "white", "grey", "tiny", "sliver", "dot", "noise"])
    @pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
    def test_finite(self, original: str, optimizer: str) -> None:
        picture = {
            "black": np.zeros((24, 32, 3), np.uint8),
            "white": np.full((24, 32, 3), 255, np.uint8),
            "grey": np.full((24, 32, 3), 128, np.uint8),
            "tiny": scene(16, 16),
            "sliver": scene(3, 70),
            "dot": scene(1, 1),
            "noise": noise(7, 24, 32),
        }[original]
        check(artist(replace(SHORT, optimizer=optimizer)).paint(picture), picture)

    @pytest.mark.parametrize("style", ["black", "grey", "dot", "sliver", "large"])
    def test_strange_paintings(self, style: str) -> None:
        painting = {
            "black": np.zeros((24, 32, 3), np.uint8),
            "grey": np.full((24, 32, 3), 128, np.uint8),
            "dot": scene(1, 1),
            "sliver": scene(2, 90),
            "large": scene(300, 200),
        }[style]
        check(artist(SHORT, painting).paint(scene()), scene())

    def test_steps_are_told_over_all_sizes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gatys, "_COARSEST", 16)
        steps: list[Step] = []
        artist(GatysConfig(iterations=9), on_step=steps.append).paint(scene())
        assert [step.of for step in steps] == [9] * len(steps)
        numbers = [step.number for step in steps]
        assert numbers == sorted(numbers)
        assert (numbers[0], numbers[-1]) == (1, 9)

    def test_terms_are_made_for_each_size_and_obeyed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gatys, "_COARSEST", 16)
        seen: list[tuple[int, ...]] = []

        def terms(picture: Picture) -> list[gatys.Term]:
            seen.append(picture.shape)
            return [lambda image: 1e6 * (image - 0.25).pow(2).mean()]

        found = artist(GatysConfig(iterations=20), terms=terms).paint(scene())
        assert seen == [(20, 28, 3), (40, 56, 3)]
        assert found == pytest.approx(np.full_like(found, 0.25), abs=0.02)

    def test_anchors_hold_where_they_are_trusted(self) -> None:
        held = np.full((40, 56, 3), 0.75, np.float32)
        weights = np.zeros((40, 56), np.float32)
        weights[:, :28] = 1
        config = GatysConfig(iterations=15, temporal_weight=1e4)
        found = artist(config).paint(scene(), start=held, anchors=[Anchor(held, weights)])
        free = artist(config).paint(scene(), start=held)
        assert np.abs(found - held)[:, :24].mean() < 0.02
        assert np.abs(found - held)[:, 32:].mean() > 0.5 * np.abs(free - held)[:, 32:].mean() > 0.02

    def test_the_farther_anchor_counts_only_where_the_nearer_does_not(self) -> None:
        near, far = (np.full((40, 56, 3), value, np.float32) for value in (0.3, 0.8))
        half = np.zeros((40, 56), np.float32)
        half[:, :28] = 1
        anchors = [Anchor(near, half), Anchor(far, np.ones((40, 56), np.float32))]
        found = artist(GatysConfig(iterations=25, temporal_weight=1e4)).paint(scene(), anchors=anchors)
        assert found[:, :24].mean() == pytest.approx(0.3, abs=0.02)
        assert found[:, 32:].mean() == pytest.approx(0.8, abs=0.02)

    def test_anchors_of_a_picture_that_is_painted_in_several_sizes(self, monkeypatch: Any) -> None:
        monkeypatch.setattr(gatys, "_COARSEST", 16)
        anchor = Anchor(np.full((40, 57, 3), 0.5, np.float32), np.ones((40, 57), np.float32))
        check(artist().paint(scene(40, 57), anchors=[anchor]), scene(40, 57))

    def test_a_mixture_lies_between(self) -> None:
        styles = [noise(1), scene()]
        found = {
            share: artist(SHORT, *styles, weights=[share, 1 - share]).paint(scene()) for share in (0, 0.5, 1)
        }
        for share, style in ((1, styles[0]), (0, styles[1])):
            assert found[share] == pytest.approx(artist(SHORT, style).paint(scene()), abs=1e-3)
        assert not np.allclose(found[0.5], found[0], atol=1e-2)
        assert not np.allclose(found[0.5], found[1], atol=1e-2)

    def test_strokes_of_another_size(self) -> None:
        found = [artist(SHORT, scene(90, 120), stroke_size=s).paint(noise(2, 40, 56)) for s in (0.5, 1, 2)]
        assert not np.allclose(found[0], found[1], atol=1e-3)
        assert not np.allclose(found[1], found[2], atol=1e-3)

    def test_regions(self) -> None:
        labels = np.zeros((40, 56), np.int32)
        labels[:, 28:] = 1
        style = np.zeros((40, 56, 3), np.uint8)
        style[:, 28:] = noise(1, 40, 28)
        regions = Regions(labels, labels, ((0, 0, 0), (255, 255, 255)))
        grey = np.full((40, 56, 3), 128, np.uint8)
        config = GatysConfig(iterations=25, content_weight=0, style_weight=1)
        found = artist(config, style, regions=regions).paint(grey)
        assert found[:, 34:].std() > 1.5 * found[:, :22].std()
        with pytest.raises(ValueError, match="2 paintings"):
            artist(SHORT, style, style, regions=regions)


def test_no_style() -> None:
    with pytest.raises(ValueError, match="at least one picture"):
        GatysArtist([], SHORT, CPU)


@pytest.mark.parametrize(
    ("size", "iterations", "sizes"),
    [
        (320, 200, [320]),
        (511, 200, [511]),
        (512, 200, [256, 512]),
        (1920, 200, [480, 960, 1920]),
        (16, 1, [16]),
    ],
)
def test_stages(size: int, iterations: int, sizes: list[int]) -> None:
    found = gatys.stages(size, iterations)
    assert [side for side, _ in found] == sizes
    steps = [count for _, count in found]
    assert sum(steps) == iterations
    assert steps == sorted(steps, reverse=True)


def test_the_full_size_is_painted_even_with_one_step() -> None:
    assert gatys.stages(2048, 1)[-1] == (2048, 1)
