"""What the machine could do at best: matrix products, decoding, and encoding without painting."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import av

if TYPE_CHECKING:
    import torch

MATRIX, PRODUCTS = 2048, 20  # about a second: shorter ones told more of the moment than of the machine


def decoding(film: Path) -> float:
    """Frames/s of FFmpeg's decoder, the frames thrown away."""
    began = time.perf_counter()
    with av.open(str(film)) as container:
        container.streams.video[0].thread_type = "AUTO"
        frames = sum(1 for _ in container.decode(video=0))
    return frames / (time.perf_counter() - began)


def encoding(film: Path) -> float:
    """Frames/s of this project's writer, given pictures that are decoded and converted already."""
    from stylize_video.pipeline.sinks.coding import EncoderOptions
    from stylize_video.pipeline.sinks.film import FilmSink
    from stylize_video.pipeline.sources.film import FilmSource
    from stylize_video.pipeline.stages.composite import Compositor

    target = film.with_name(f"{film.stem}_unchanged.mp4")
    with (
        FilmSource(film) as reader,
        FilmSink(target, EncoderOptions(), others=reader.others).open(reader.signal) as writer,
    ):
        compose = Compositor(reader.signal, writer.pixel_format, output=writer.color)
        pictures = [compose(frame) for frame in reader.frames()]
        began = time.perf_counter()
        for picture in pictures:
            writer.write(picture)
        writer.finish()
        took = time.perf_counter() - began
    target.unlink()
    return len(pictures) / took


def product_gflops(dtype: torch.dtype) -> float:
    """GFLOP/s of square matrix products."""
    import torch

    left, right = (torch.rand(MATRIX, MATRIX).to(dtype) for _ in range(2))
    torch.mm(left, right)
    began = time.perf_counter()
    for _ in range(PRODUCTS):
        torch.mm(left, right)
    return 2e-9 * MATRIX**3 * PRODUCTS / (time.perf_counter() - began)
