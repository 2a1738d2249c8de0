"""The painter with a canvas on photographs: bare canvas, style and content distance, sensor noise.

Each figure is the mean over the photographs, at 512 px, from bytes to bytes: bare canvas as in
models/perceptual/brushwork.py, distances as in models/perceptual/losses.py, and by how many dB (PSNR) noise
of 4 levels on the photograph changes the painting. With --bundled, today's painter on the same photographs.

    python benchmarks/canvas_quality.py --weights FILE --paintings FOLDER --photographs FOLDER
        [--held-out 24] [--count 12] [--bundled] [--sheet OUT.png] [--json OUT]
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from common import Goal, Report, parser, print_table
from quality import as_films_are, photographs
from torch import Tensor

from stylize_video.models import canvas
from stylize_video.models.canvas import Field
from stylize_video.models.feed_forward import weights_file
from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.shape import STRIDE
from stylize_video.models.perceptual import brushwork, measuring
from stylize_video.models.style_spec import parse
from stylize_video.models.transform_net import loading
from stylize_video.pictures.pictures import Picture, read_picture, resize_longer_side, to_tensor

_NOISE = 4 / 255  # standard deviation
_BARE, _MOST_BARE, _STYLE, _MOST_STYLE, _NOISE_DB = 0.12, 0.18, 0.16, 0.24, 42.0

Paint = Callable[[Tensor], Tensor]  # (1, 3, H, W) in 0..1 -> the same, painted


class Figures(NamedTuple):
    """Of a style."""

    bare: float  # 0..1
    style: float
    content: float
    noise_db: float


def _on_canvas(network: CanvasNet, field: Field, style: int) -> Paint:
    """One style of a network, on the canvas as it is drawn for pictures."""
    chosen = torch.nn.functional.one_hot(torch.tensor([style]), network.config.styles).float()

    def paint(photo: Tensor) -> Tensor:
        height, width = photo.shape[-2:]
        right, below = -width % STRIDE, -height % STRIDE
        padded = torch.nn.functional.pad(photo, (0, right, 0, below), mode="replicate")
        places = canvas.still(height + below, width + right)
        noise = torch.from_numpy(field.at(places))[None]
        with torch.inference_mode():
            painted: Tensor = network(padded, noise, chosen)[..., :height, :width]
        return painted

    return paint


def _picture(image: Tensor) -> Picture:
    rounded: Picture = (image[0].permute(1, 2, 0) * 255).round().clamp(0, 255).to(torch.uint8).numpy()
    return np.ascontiguousarray(rounded)


def _noise_db(paint: Paint, photo: Tensor) -> float:
    grain = torch.randn(photo.shape, generator=torch.Generator().manual_seed(0)) * _NOISE
    error = (paint(photo) - paint((photo + grain).clamp(0, 1))).square().mean()
    return float(-10 * torch.log10(error))


def _measure(paint: Paint, painting: Picture, pictures: list[Picture]) -> tuple[Figures, list[Picture]]:
    """The means over pictures, and the paintings."""
    small = [resize_longer_side(picture, brushwork.SIZE) for picture in pictures]
    against = resize_longer_side(painting, brushwork.SIZE)
    photos = [to_tensor([picture]) for picture in small]
    painted = [_picture(paint(photo)) for photo in photos]
    unused: measuring.Styled = None  # type: ignore[assignment]  # `paint` paints
    distances = measuring.distances_of_each(unused, painting, small, paint=paint)
    style, content = (statistics.fmean(column) for column in zip(*distances, strict=True))
    bare = statistics.fmean(brushwork.bare_canvas(picture, against) for picture in painted)
    noise = statistics.fmean(_noise_db(paint, photo) for photo in photos)
    return Figures(bare, style, content, noise), painted


def _table(name: str, found: dict[str, Figures]) -> Figures:
    means = Figures(*(statistics.fmean(column) for column in zip(*found.values(), strict=True)))
    print(name)
    print_table(("style", *Figures._fields), [(s, *f) for s, f in [*found.items(), ("mean", means)]])
    return means


def _arguments() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--weights", type=Path, required=True, help="a painter's file, as training writes it")
    made.add_argument("--paintings", type=Path, required=True, help="a folder with NAME.jpg for each style")
    made.add_argument("--photographs", type=Path, help="a folder; default: packaged ones")
    made.add_argument("--held-out", type=int, default=0, help="only those that training with so many kept")
    made.add_argument("--count", type=int, default=12, help="at most so many photographs")
    made.add_argument("--bundled", action="store_true", help="measure today's painter, too")
    made.add_argument(
        "--sheet", type=Path, help="a picture of the first photographs painted: a column a style"
    )
    return made.parse_args()


def _write_sheet(path: Path, columns: list[list[Picture]]) -> None:
    size = (256, 192)  # px
    stacked = [np.vstack([cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in c[:4]]) for c in columns]
    cv2.imwrite(str(path), np.hstack(stacked)[..., ::-1])


def main() -> int:
    """Measure all styles of the file."""
    given = _arguments()
    opened = weights_file.open_file(given.weights)
    field = Field.draw(0)
    pictures = [picture for _, picture in photographs(given)][: given.count]
    paintings = {name: read_picture(given.paintings / f"{name}.jpg") for name in opened.styles}
    painters: dict[str, dict[str, Paint]] = {
        "with a canvas": {
            name: _on_canvas(opened.network, field, number) for number, name in enumerate(opened.styles)
        }
    }
    if given.bundled:
        painters = {"bundled": {n: as_films_are(loading.load(parse(n))) for n in opened.styles}, **painters}
    tables: dict[str, dict[str, Figures]] = {}
    for kind, by_style in painters.items():
        measured = {name: _measure(paint, paintings[name], pictures) for name, paint in by_style.items()}
        tables[kind] = {name: figures for name, (figures, _) in measured.items()}
        means = _table(kind, tables[kind])
        if given.sheet is not None:
            _write_sheet(given.sheet, [painted for _, painted in measured.values()])
    goals = [
        Goal("mean bare canvas", means.bare, _BARE),
        Goal("highest bare canvas", max(f.bare for f in tables[kind].values()), _MOST_BARE),
        Goal("mean style distance", means.style, _STYLE),
        Goal("highest style distance", max(f.style for f in tables[kind].values()), _MOST_STYLE),
        Goal("noise changes it by, dB", means.noise_db, _NOISE_DB, at_least=True),
    ]
    figures = {kind: {name: f._asdict() for name, f in table.items()} for kind, table in tables.items()}
    training = {"photographs": len(pictures), "provenance": opened.provenance}
    return Report("canvas_quality", figures | training, goals).finish(given.json)


if __name__ == "__main__":
    sys.exit(main())
