"""A contact sheet: a photograph, and its painting in each of several styles."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from stylize_video.pictures.pictures import Picture, resize_longer_side, to_tensor

SIZE = 512  # px, the longer side of a cell's picture

BACKGROUND = 244  # grey
_INK = 48
_FONT = cv2.FONT_HERSHEY_DUPLEX
_SHAPES = (4 / 3, 16 / 9)  # width over height that a sheet should lie between
_MIN_WIDTH = 160  # px, of a cell, so that a tiny photograph's label can be read
_MIN_CAPITALS = 8  # px, the height of the smallest letters


@dataclass(frozen=True)
class Cell:
    """A picture and what is written beneath it."""

    label: str
    picture: Picture


@dataclass(frozen=True)
class Grid:
    """Where everything lies on a sheet, in px."""

    columns: int
    rows: int
    width: int  # of a cell's picture area
    height: int
    margin: int  # around the sheet and between the cells
    capitals: int  # height of the labels' capitals

    @classmethod
    def around(cls, pictures: Sequence[Picture]) -> Grid:
        """The grid whose cells hold the largest of `pictures`, for a sheet of 4:3 to 16:9 if it can be."""
        if not pictures:
            raise ValueError("a sheet needs at least one picture")
        width = max(_MIN_WIDTH, *(picture.shape[1] for picture in pictures))
        height = max(picture.shape[0] for picture in pictures)
        capitals = max(10, round(max(width, height) / 32))
        margin = round(1.5 * capitals)
        grids = [
            cls(columns, math.ceil(len(pictures) / columns), width, height, margin, capitals)
            for columns in range(1, len(pictures) + 1)
        ]
        return min(grids, key=lambda grid: grid.badness(len(pictures)))

    @property
    def label_height(self) -> int:
        """From the picture's lower edge to the lower end of the letters that reach below the line."""
        return round(2.4 * self.capitals)

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) of the sheet."""
        across = self.margin + self.columns * (self.width + self.margin)
        return across, self.margin + self.rows * (self.height + self.label_height + self.margin)

    def corner(self, index: int) -> tuple[int, int]:
        """(left, top) of the picture area of the cell of that index, row by row."""
        row, column = divmod(index, self.columns)
        left = self.margin + column * (self.width + self.margin)
        return left, self.margin + row * (self.height + self.label_height + self.margin)

    def badness(self, count: int) -> float:
        """How far the sheet's shape is from the wanted ones, and how much of it stays empty."""
        shape = self.size[0] / self.size[1]
        off = max(0.0, math.log(_SHAPES[0] / shape), math.log(shape / _SHAPES[1]))
        return off + (self.columns * self.rows - count) / count


class StyledNetwork(Protocol):
    """A network that paints, and the style that it is asked for."""

    @property
    def network(self) -> nn.Module:
        """(N, 3, H, W) in 0..1 and styles (N, S) -> the same, painted."""
        ...

    @property
    def style(self) -> Tensor:
        """(S,), as the network takes it."""
        ...


StyledNetworks = Mapping[str, StyledNetwork] | Iterable[tuple[str, StyledNetwork]]  # by label


def sheet(photograph: Picture, painters: StyledNetworks, *, size: int = SIZE) -> Picture:
    """The photograph and its painting by each painter, with their labels; see `paint` and `lay_out`."""
    return lay_out(list(paint(photograph, painters, size=size)))


def paint(photograph: Picture, painters: StyledNetworks, *, size: int = SIZE) -> Iterator[Cell]:
    """The photograph, then its painting by each painter, one at a time.

    Args:
        photograph: (H, W, 3) uint8 RGB.
        painters: by label; an iterator may load each only when its turn comes.
        size: the photograph is shrunk to that many px on its longer side, as a film of that size would
            be painted; a smaller one is painted as it is.
    """
    if size < 1:
        raise ValueError(f"{size = } must be at least 1")
    if max(photograph.shape[:2]) > size:
        photograph = resize_longer_side(photograph, size)
    yield Cell("photograph", photograph)
    image = to_tensor([photograph])
    for label, painter in painters.items() if isinstance(painters, Mapping) else painters:
        device = next(painter.network.parameters()).device
        with torch.inference_mode():
            painted = painter.network(image.to(device), painter.style.unsqueeze(0).to(device))[0]
            pixels = painted.float().clamp(0, 1).mul(255).round().to("cpu", torch.uint8)
        yield Cell(label, np.ascontiguousarray(pixels.permute(1, 2, 0).numpy()))


def lay_out(cells: Sequence[Cell]) -> Picture:
    """Cells in a grid on light grey, row by row, pixel for pixel, each with its label beneath."""
    grid = Grid.around([cell.picture for cell in cells])
    width, height = grid.size
    page = np.full((height, width, 3), BACKGROUND, np.uint8)
    labels = _fit([cell.label for cell in cells], grid)
    for index, cell in enumerate(cells):
        left, top = grid.corner(index)
        h, w = cell.picture.shape[:2]
        x, y = left + (grid.width - w) // 2, top + (grid.height - h) // 2
        page[y : y + h, x : x + w] = cell.picture
        labels.draw(page, index, left + grid.width // 2, y + h + round(1.75 * grid.capitals))
    return page


@dataclass(frozen=True)
class _Labels:
    """Texts of one size."""

    texts: Sequence[str]
    scale: float
    thickness: int

    def draw(self, page: Picture, index: int, centre: int, baseline: int) -> None:
        text, grey = self.texts[index], (_INK, _INK, _INK)
        left = centre - _width(text, self.scale, self.thickness) // 2 + 1
        cv2.putText(page, text, (left, baseline), _FONT, self.scale, grey, self.thickness, cv2.LINE_AA)


def _fit(texts: Sequence[str], grid: Grid) -> _Labels:
    """All in one size, smaller if the longest would be wider than its cell, and cut if that is too small."""
    texts = [_ascii(text) for text in texts]
    thickness = max(1, round(grid.capitals / 14))
    scale = cv2.getFontScaleFromHeight(_FONT, grid.capitals, thickness)
    smallest = min(scale, cv2.getFontScaleFromHeight(_FONT, _MIN_CAPITALS, thickness))
    widest = max(_width(text, scale, thickness) for text in texts)
    scale = max(smallest, scale * min(1, grid.width / max(widest, 1)))
    return _Labels([_cut(text, scale, thickness, grid.width) for text in texts], scale, thickness)


def _cut(text: str, scale: float, thickness: int, width: int) -> str:
    kept = text
    while kept and _width(text, scale, thickness) > width:
        kept = kept[:-1]
        text = kept.rstrip() + "..."
    return text


def _width(text: str, scale: float, thickness: int) -> int:
    """In px, with one on either side for the soft edges."""
    return int(cv2.getTextSize(text, _FONT, scale, thickness)[0][0]) + 2


def _ascii(text: str) -> str:
    """OpenCV draws no other letters: accents are dropped, the rest becomes a question mark."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return "".join(c if " " <= c <= "~" else "?" for c in plain)
