"""Contact sheets: every picture whole, labelled, in a grid of a shape that fits a screen."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from stylize_video.models import sheet
from stylize_video.models.feed_forward.blank_canvas import StyledNetwork
from stylize_video.models.sheet import Cell, Grid, lay_out, paint
from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor
from tests.networks import styled_network

LANDSCAPE, PORTRAIT, SQUARE, TINY, WIDE, TALL = (
    (320, 480),
    (480, 320),
    (300, 300),
    (3, 2),
    (40, 512),
    (512, 40),
)
SHAPES = [LANDSCAPE, PORTRAIT, SQUARE, TINY, WIDE, TALL]


def noise(height: int, width: int, seed: int = 0) -> Picture:
    """A picture that is equal to no other part of a sheet."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def cells_of(shape: tuple[int, int], count: int = 9) -> list[Cell]:
    """Cells with pictures of (height, width)."""
    return [Cell(f"style {index}", noise(*shape, seed=index)) for index in range(count)]


def painters(styles: int = 2) -> dict[str, StyledNetwork]:
    """Small networks with random weights."""
    return {f"style {i}": styled_network(shares.tolist()) for i, shares in enumerate(torch.eye(styles))}


def places(page: Picture, cells: list[Cell]) -> Iterator[tuple[int, int, Picture]]:
    """(left, top) of each cell's picture, found by looking for it, and the strip for its label."""
    grid = Grid.around([cell.picture for cell in cells])
    for index, cell in enumerate(cells):
        height, width = cell.picture.shape[:2]
        left, top = grid.corner(index)
        x, y = left + (grid.width - width) // 2, top + (grid.height - height) // 2
        assert np.array_equal(page[y : y + height, x : x + width], cell.picture), index
        below = y + height
        yield x, y, page[below : below + grid.label_height, left : left + grid.width]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("count", [1, 2, 9, 10])
def test_pictures_are_whole_and_labelled_and_the_rest_is_background(
    shape: tuple[int, int], count: int
) -> None:
    cells = cells_of(shape, count)
    page = lay_out(cells)
    rest = page.copy()
    for x, y, label in places(page, cells):
        assert label.min() < 100
        assert (label[:, 0] == sheet.BACKGROUND).all(), "the text leaves its cell on the left"
        assert (label[:, -1] == sheet.BACKGROUND).all(), "the text leaves its cell on the right"
        assert (label[-1] == sheet.BACKGROUND).all(), "the text leaves its strip below"
        rest[y : y + shape[0], x : x + shape[1]] = sheet.BACKGROUND
    grid = Grid.around([cell.picture for cell in cells])
    for index in range(count):
        left, top = grid.corner(index)
        bottom = top + grid.height + grid.label_height
        rest[top:bottom, left : left + grid.width] = sheet.BACKGROUND
    assert (rest == sheet.BACKGROUND).all()


def test_margins_are_even() -> None:
    grid = Grid.around([noise(*LANDSCAPE)] * 9)
    width, height = grid.size
    (left, top), (right, bottom) = grid.corner(0), grid.corner(8)
    assert left == top == grid.margin
    assert grid.corner(1)[0] - (left + grid.width) == grid.margin
    assert grid.corner(3)[1] - (top + grid.height + grid.label_height) == grid.margin
    assert width - (right + grid.width) == grid.margin
    assert height - (bottom + grid.height + grid.label_height) == grid.margin


@pytest.mark.parametrize(
    ("shape", "count", "columns", "rows"),
    [
        (LANDSCAPE, 9, 3, 3),
        ((288, 512), 9, 3, 3),
        ((384, 512), 9, 3, 3),
        (SQUARE, 9, 3, 3),
        (PORTRAIT, 9, 5, 2),
        (PORTRAIT, 2, 2, 1),
        (LANDSCAPE, 1, 1, 1),
        (LANDSCAPE, 4, 2, 2),
        (WIDE, 9, 2, 5),
        (TALL, 3, 3, 1),
    ],
)
def test_columns(shape: tuple[int, int], count: int, columns: int, rows: int) -> None:
    grid = Grid.around([noise(*shape)] * count)
    assert (grid.columns, grid.rows) == (columns, rows)


@pytest.mark.parametrize("shape", [LANDSCAPE, PORTRAIT, (384, 512), (288, 512), (512, 288)])
def test_nine_cells_fit_a_screen(shape: tuple[int, int]) -> None:
    width, height = Grid.around([noise(*shape)] * 9).size
    assert 4 / 3 * 0.89 < width / height < 16 / 9 * 1.1


def test_pictures_of_different_sizes_are_centred() -> None:
    cells = [Cell("a", noise(200, 300)), Cell("b", noise(100, 120, seed=1))]
    page = lay_out(cells)
    assert len(list(places(page, cells))) == 2


def test_a_long_label_is_made_smaller_then_cut() -> None:
    page = lay_out([Cell("i" * 400, noise(*LANDSCAPE)), Cell("W" * 400, noise(*LANDSCAPE))])
    grid = Grid.around([noise(*LANDSCAPE)] * 2)
    for index in range(2):
        left, top = grid.corner(index)
        strip = page[top + grid.height :, left : left + grid.width]
        assert strip.min() < 100
    page[grid.margin : grid.margin + grid.height] = sheet.BACKGROUND
    for left in (0, grid.margin + grid.width, grid.size[0] - grid.margin):
        assert (page[:, left : left + grid.margin] == sheet.BACKGROUND).all()


def test_letters_that_opencv_lacks() -> None:
    picture = noise(*LANDSCAPE)
    assert np.array_equal(lay_out([Cell("Käthe", picture)]), lay_out([Cell("Kathe", picture)]))
    assert np.array_equal(lay_out([Cell("波\n", picture)]), lay_out([Cell("??", picture)]))


def test_an_empty_label_leaves_no_ink() -> None:
    page = lay_out([Cell("", np.full((200, 300, 3), sheet.BACKGROUND, np.uint8))])
    assert (page == sheet.BACKGROUND).all()


def test_a_sheet_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one"):
        lay_out([])


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((90, 120), (48, 64)), ((120, 90), (64, 48)), ((1, 1), (1, 1)), ((3, 500), (1, 64)), ((64, 8), (64, 8))],
)
def test_painted_at_the_size_asked_for_and_never_enlarged(
    shape: tuple[int, int], expected: tuple[int, int]
) -> None:
    photograph, known = noise(*shape), painters()
    found = list(paint(photograph, known, size=64))
    assert [cell.label for cell in found] == ["photograph", *known]
    seen = resize_longer_side(photograph, 64) if max(shape) > 64 else photograph
    assert np.array_equal(found[0].picture, seen)
    for cell in found[1:]:
        assert cell.picture.shape == (*expected, 3)
        painter = known[cell.label]
        with torch.no_grad():
            painted = painter.network(to_tensor([seen]), painter.style.unsqueeze(0))[0]
        exact = painted.permute(1, 2, 0).double().numpy() * 255
        assert np.abs(cell.picture - exact).max() <= 0.5 + 1e-4


def test_each_style_is_painted_when_its_turn_comes() -> None:
    asked = []

    def one_by_one() -> Iterator[tuple[str, StyledNetwork]]:
        for label, painter in painters().items():
            asked.append(label)
            yield label, painter

    cells = paint(noise(32, 32), one_by_one())
    next(cells)
    assert asked == []
    next(cells)
    assert asked == ["style 0"]


def test_a_sheet_is_its_cells_laid_out() -> None:
    photograph, known = noise(40, 50), painters()
    cells = list(paint(photograph, known))
    assert np.array_equal(sheet.sheet(photograph, known), lay_out(cells))
    assert np.array_equal(sheet.sheet(photograph, iter(known.items())), lay_out(cells))
    with pytest.raises(ValueError, match="size = 0"):
        sheet.sheet(photograph, known, size=0)
