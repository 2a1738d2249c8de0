"""A film that changes its size in the middle keeps the shape of what it shows."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylize_video.pipeline.planes.color import planes_of
from stylize_video.pipeline.planes.letterbox import around, fitted
from stylize_video.pipeline.sources.film import FilmSource

ONE = Fraction(1)


@pytest.mark.parametrize(
    ("size", "aspect", "frame", "frame_aspect", "expected"),
    [
        ((120, 90), ONE, (160, 90), ONE, (120, 90)),  # bars at the sides
        ((160, 90), ONE, (120, 90), ONE, (120, 68)),  # above and below
        ((320, 180), ONE, (160, 90), ONE, (160, 90)),
        ((720, 576), Fraction(64, 45), (1024, 576), ONE, (1024, 576)),  # 16:9 both
        ((720, 576), Fraction(16, 15), (1024, 576), ONE, (768, 576)),
        ((1024, 576), ONE, (720, 576), Fraction(16, 15), (720, 432)),
        ((161, 90), ONE, (160, 90), ONE, (160, 90)),  # rounding is no bar
        ((4, 900), ONE, (160, 90), ONE, (2, 90)),
    ],
)
def test_as_large_as_fits(size, aspect: Fraction, frame, frame_aspect: Fraction, expected) -> None:
    assert fitted(size, aspect, frame, frame_aspect) == expected


@pytest.mark.parametrize(
    ("pixel_format", "black"),
    [
        ("yuv420p", (16, 128, 128)),
        ("yuvj420p", (0, 128, 128)),
        ("yuv422p10le", (64, 512, 512)),
        ("rgb24", (0,)),
    ],
)
def test_black_around_it(pixel_format: str, black: tuple[int, ...]) -> None:
    inner = av.VideoFrame(40, 20, pixel_format)
    for plane in planes_of(inner):
        plane[...] = 200
    inner.pts, inner.time_base = 7, Fraction(1, 25)
    framed = around(inner, 64, 32)
    assert (framed.pts, framed.time_base) == (7, Fraction(1, 25))
    for plane, code in zip(planes_of(framed), black, strict=True):
        assert set(np.unique(plane)) == {code, 200}
        assert plane[0, 0] == plane[-1, -1] == code
        assert (plane == 200).mean() == pytest.approx(40 * 20 / (64 * 32), rel=0.1)


def two_sizes(path: Path, sizes: list[tuple[int, int]]) -> Path:
    """MPEG-2 streams one after the other, as a broadcaster's programme and advertisement; white all over."""
    with path.open("wb") as file:
        for number, size in enumerate(sizes):
            part = path.with_name(f"part{number}.ts")
            with av.open(part, "w", options={"mpegts_flags": "initial_discontinuity"}) as output:
                stream = output.add_stream("mpeg2video", 25)
                stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
                for index in range(5):
                    frame = av.VideoFrame.from_ndarray(
                        np.full((size[1], size[0], 3), 235, np.uint8), format="rgb24"
                    )
                    frame.pts, frame.time_base = index + 5 * number, Fraction(1, 25)
                    output.mux(stream.encode(frame))
                output.mux(stream.encode(None))
            file.write(part.read_bytes())
    return path


def test_bars_and_a_line(tmp_path: Path) -> None:
    with FilmSource(two_sizes(tmp_path / "a.ts", [(160, 96), (128, 96)])) as reader:
        frames = [frame.pixels for frame in reader.frames()]
    assert {frame.shape for frame in frames} == {(96, 160, 3)}
    assert frames[0].min() > 200
    last = frames[-1]
    assert last[:, :14].max() < 20
    assert last[:, -14:].max() < 20
    assert last[:, 18:-18].min() > 200
    (note,) = [note for note in reader.report.notes if "the picture changes" in note]
    assert "from 160x96 to 128x96 px at" in note
    assert "shown with bars" in note
