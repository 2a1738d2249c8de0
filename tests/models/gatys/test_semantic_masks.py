"""Regions of drawn masks, and their style losses against the definition written out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from stylize_video.errors import InputError
from stylize_video.models.gatys.config import GatysConfig
from stylize_video.models.gatys.optimisation import GatysArtist
from stylize_video.models.gatys.semantic_masks import (
    MOST_REGIONS,
    Regions,
    RegionStyle,
    masks_at,
    read_regions,
    region_grams,
)
from stylize_video.models.perceptual import losses

RED, BLUE, GREEN, GREY = (255, 0, 0), (0, 0, 255), (0, 255, 0), (128, 128, 128)


def halves(left: Any, right: Any, size: tuple[int, int] = (60, 84)) -> Any:
    """(H, W, 3) uint8, of two colours."""
    mask = np.empty((*size, 3), np.uint8)
    mask[:, : size[1] // 2], mask[:, size[1] // 2 :] = left, right
    return mask


def save(path: Path, mask: Any, *quality: int) -> Path:
    cv2.imwrite(str(path), np.ascontiguousarray(mask[..., ::-1]), quality)
    return path


@pytest.fixture
def regions_of(tmp_path: Path) -> Any:
    """Reads two masks, written as PNG."""

    def read(content: Any, style: Any) -> Regions:
        return read_regions(save(tmp_path / "content.png", content), save(tmp_path / "style.png", style))

    return read


def test_the_same_colour_is_the_same_region(regions_of: Any) -> None:
    found = regions_of(halves(RED, BLUE), halves(BLUE, RED, (40, 30)))
    assert found.count == 2
    assert set(found.colours) == {RED, BLUE}
    assert found.content.shape == (60, 84)
    assert found.style.shape == (40, 30)
    assert found.content[0, 0] == found.content[59, 41] == found.style[0, 15] == found.colours.index(RED)
    assert found.content[0, 42] == found.style[39, 14] == found.colours.index(BLUE)


def test_grey_levels_are_regions_too_and_so_are_numbers_of_classes(regions_of: Any) -> None:
    classes = halves((1, 1, 1), (2, 2, 2))
    classes[:20] = 0
    found = regions_of(classes, np.rot90(classes))
    assert found.count == 3
    for number, colour in enumerate(found.colours):
        assert ((found.content == number) == (classes == colour).all(-1)).all()
        assert ((found.style == number) == (np.rot90(classes) == colour).all(-1)).all()


def test_one_region_is_the_whole_picture(regions_of: Any) -> None:
    found = regions_of(halves(GREY, GREY), halves(GREY, GREY, (16, 16)))
    assert found.count == 1
    assert not found.content.any()
    assert not found.style.any()


def shapes(size: int = 160) -> tuple[Any, Any]:
    """A mask of three colours, and which pixels are well inside of each."""
    labels = np.zeros((size, size), np.uint8)
    cv2.circle(labels, (50, 60), 33, 1, cv2.FILLED)
    cv2.fillPoly(labels, [np.array([(150, 20), (150, 150), (60, 140)])], 2)
    return np.array([RED, GREEN, (40, 60, 200)], np.uint8)[labels], labels


@pytest.mark.parametrize("quality", [95, 75, 40])
@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_the_noise_of_codecs_is_no_region(tmp_path: Path, suffix: str, quality: int) -> None:
    mask, labels = shapes()
    option = cv2.IMWRITE_JPEG_QUALITY if suffix == ".jpg" else cv2.IMWRITE_WEBP_QUALITY
    content = save(tmp_path / f"content{suffix}", mask, option, quality)
    found = read_regions(content, save(tmp_path / "style.png", mask))
    assert found.count == 3
    assert (found.content == found.style).mean() > 0.97  # chroma has half the pixels
    by_number = [int(np.bincount(labels[found.style == n]).argmax()) for n in range(3)]
    assert (np.array(by_number)[found.style] == labels).all()


def test_a_jpeg_that_became_a_png_and_soft_edges(regions_of: Any) -> None:
    mask, _ = shapes()
    noisy = cv2.imdecode(cv2.imencode(".jpg", mask, (cv2.IMWRITE_JPEG_QUALITY, 70))[1], cv2.IMREAD_COLOR)
    soft = cv2.resize(cv2.GaussianBlur(mask, (5, 5), 1.2), (120, 120), interpolation=cv2.INTER_LINEAR)
    sharp = cv2.resize(mask, (120, 120), interpolation=cv2.INTER_NEAREST)
    found = regions_of(noisy, soft)
    assert found.count == 3
    assert (found.style == regions_of(noisy, sharp).style).mean() > 0.97


def test_few_soft_edges_in_a_small_picture(regions_of: Any) -> None:
    small = cv2.resize(halves(RED, BLUE, (30, 30)), (15, 15), interpolation=cv2.INTER_AREA)
    small[:, 7] = (100, 0, 155)
    assert regions_of(small, halves(BLUE, RED, (16, 16))).count == 2


def test_a_region_that_one_side_lacks_is_named(regions_of: Any, tmp_path: Path) -> None:
    three = halves(RED, BLUE)
    three[:20] = GREEN
    with pytest.raises(
        InputError, match=r"content.png: the region of colour \(0, 255, 0\) is not in .*style"
    ):
        regions_of(three, halves(RED, BLUE))
    with pytest.raises(
        InputError, match=r"style.png: the region of colour \(0, 255, 0\) is not in .*content"
    ):
        regions_of(halves(RED, BLUE), three)
    with pytest.raises(InputError, match="paint each region in both masks, in the same colour"):
        regions_of(halves(RED, BLUE), halves(RED, (0, 60, 255)))
    with pytest.raises(InputError, match=r"content.png: the region of colour \(2, 2, 2\)"):
        regions_of(halves((1, 1, 1), (2, 2, 2)), halves((1, 1, 1), (1, 1, 1)))


@pytest.mark.parametrize("kind", ["noise", "ramp", "many", "blobs"])
def test_what_is_not_made_of_flat_colours_is_refused(regions_of: Any, kind: str) -> None:
    random = np.random.default_rng(0)
    ramp = np.repeat(np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 64, 0), 3, 2)
    pictures = {
        "noise": random.integers(0, 256, (64, 64, 3), np.uint8),
        "ramp": ramp,
        "many": ramp // (256 // (MOST_REGIONS + 8)) * (256 // (MOST_REGIONS + 8)),
        "blobs": cv2.resize(
            random.integers(0, 256, (6, 6, 3), np.uint8), (96, 96), interpolation=cv2.INTER_CUBIC
        ),
    }
    with pytest.raises(InputError, match=r"style.png: is no mask of regions; give a picture in 1 to 32 flat"):
        regions_of(halves(RED, BLUE), pictures[kind])


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    good = save(tmp_path / "good.png", halves(RED, BLUE))
    (tmp_path / "text.png").write_text("red and blue")
    with pytest.raises(InputError, match=r"text.png: not a picture"):
        read_regions(good, tmp_path / "text.png")
    with pytest.raises(InputError, match=r"none.png: can't be read"):
        read_regions(tmp_path / "none.png", good)


def test_masks_are_averaged_over_what_a_position_covers() -> None:
    labels = np.array([[0, 0, 0, 1], [0, 0, 1, 1], [2, 2, 2, 2], [2, 2, 2, 2]], np.int32)
    found = masks_at(labels, 3, torch.zeros(1, 5, 2, 2))
    wanted = torch.tensor([[[1.0, 0.25], [0, 0]], [[0, 0.75], [0, 0]], [[0, 0], [1, 1]]])
    torch.testing.assert_close(found, wanted)
    for size in ((3, 7), (1, 1), (9, 8)):
        torch.testing.assert_close(masks_at(labels, 3, torch.zeros(1, 5, *size)).sum(0), torch.ones(size))


def test_gram_matrices_of_two_regions_by_hand() -> None:
    features = torch.tensor([[[[1.0, 2.0]], [[3.0, -1.0]]]])  # (1, 2, 1, 2)
    masks = torch.tensor([[[1.0, 0.0]], [[0.0, 1.0]]])
    wanted = torch.tensor([[[1.0, 3.0], [3.0, 9.0]], [[4.0, -2.0], [-2.0, 1.0]]]) / 2
    torch.testing.assert_close(region_grams(features, masks), wanted)


def definition(features: Any, masks: Any) -> Any:
    """sum over positions of m F F^T, by region, over C and the region's size."""
    sums = torch.einsum("rhw,chw,dhw->rcd", masks, features[0], features[0])
    return sums / (features.shape[1] * masks.sum((1, 2)))[:, None, None]


def test_gram_matrices_and_their_gradient_are_the_definitions() -> None:
    features = torch.randn(1, 4, 5, 6, dtype=torch.float64, requires_grad=True)
    masks = torch.rand(3, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(region_grams(features, masks), definition(features, masks))
    assert torch.autograd.gradcheck(lambda x: region_grams(x, masks), (features,))
    gradient = torch.randn(3, 4, 4, dtype=torch.float64)  # not symmetric
    found, wanted = (
        torch.autograd.grad(grams(features, masks), features, gradient)[0]
        for grams in (region_grams, definition)
    )
    torch.testing.assert_close(found, wanted)


def test_the_gram_matrix_of_one_region_is_that_of_all() -> None:
    features = torch.randn(1, 8, 7, 9)
    torch.testing.assert_close(region_grams(features, torch.ones(1, 7, 9)), losses.gram_matrix(features))


def labels_of(*shares: int, size: int = 8) -> Any:
    """(size, sum of the shares) in vertical stripes."""
    return np.repeat(np.arange(len(shares), dtype=np.int32), shares)[None].repeat(size, 0)


def test_with_one_region_it_is_the_style_distance() -> None:
    painting = {"a": torch.randn(1, 4, 6, 6), "b": torch.randn(1, 8, 3, 3)}
    picture = {"a": torch.randn(1, 4, 8, 5), "b": torch.randn(1, 8, 4, 2)}
    found = RegionStyle(Regions(labels_of(5), labels_of(4), (RED,)), painting)(picture)
    targets = {layer: losses.gram_matrix(f) for layer, f in painting.items()}
    torch.testing.assert_close(found, losses.style_distance(picture, targets))


def test_each_region_is_compared_with_its_own_and_weighs_its_share() -> None:
    one, other, wrong = (torch.randn(1, 4, 1, 1) for _ in range(3))
    painting = {"a": torch.cat([one.expand(1, 4, 8, 2), other.expand(1, 4, 8, 4)], 3)}
    style = RegionStyle(Regions(labels_of(6, 2), labels_of(2, 4), (RED, BLUE)), painting)
    right = torch.cat([one.expand(1, 4, 8, 6), other.expand(1, 4, 8, 2)], 3)
    assert style({"a": right}).item() == pytest.approx(0, abs=1e-12)
    assert style({"a": right.flip(3)}).item() > 0.01
    astray = right.clone()
    astray[..., 6:] = wrong
    gram, target = (losses.gram_matrix(x) for x in (wrong, other))
    wanted = 2 / 8 * losses.relative_squared_distance(gram, target)
    torch.testing.assert_close(style({"a": astray}), wanted)


def test_the_gradient_stays_in_its_region() -> None:
    painting = {"a": torch.randn(1, 4, 8, 8)}
    style = RegionStyle(Regions(labels_of(4, 4), labels_of(4, 4), (RED, BLUE)), painting)
    picture = painting["a"].clone()
    picture[..., 4:] += 1
    picture.requires_grad_()
    style({"a": picture}).backward()
    assert picture.grad is not None
    assert picture.grad[..., :4].abs().max() < 1e-7
    assert picture.grad[..., 4:].abs().max() > 1e-4


def test_a_region_too_small_for_a_layer_counts_a_little() -> None:
    labels = np.zeros((32, 32), np.int32)
    labels[3, 4] = 1
    painting = {"a": torch.randn(1, 4, 2, 2)}
    style = RegionStyle(Regions(labels, labels, (RED, BLUE)), painting)
    assert style(painting).item() == pytest.approx(0, abs=1e-12)
    assert torch.isfinite(style({"a": torch.randn(1, 4, 2, 2)}))


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_each_half_of_a_picture_is_painted_as_its_half_of_the_painting() -> None:
    """A grey picture; of the painting one half is red, the other blue, as the mask has them, or swapped."""
    grain = np.random.default_rng(0).normal(0, 12, (48, 48, 3))
    picture = (128 + grain).astype(np.uint8)
    painting = (halves((190, 60, 50), (50, 70, 190), (48, 48)) + grain).clip(0, 255).astype(np.uint8)
    straight = labels_of(24, 24, size=48)
    for content in (straight, straight[:, ::-1].copy()):
        artist = GatysArtist(
            [painting],
            GatysConfig(iterations=40, style_layers=("relu1_1", "relu2_1"), content_weight=0.1),
            torch.device("cpu"),
            regions=Regions(content, straight, (RED, BLUE)),
        )
        painted = artist.paint(picture)
        redder = painted[..., 0] - painted[..., 2]
        left, right = float(redder[:, 4:20].mean()), float(redder[:, 28:44].mean())
        assert (left - right) * (1 if content[0, 0] == 0 else -1) > 0.4
