"""Colours that a file hides under transparency are painted by nobody: there is grey, and a line."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from stylize_video.pictures.pictures import read_picture
from stylize_video.pipeline.planes.color import planes_of
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stages.masks import open_mask

WIDTH, HEIGHT, EDGE = 64, 48, 32  # px; right of the edge pictures are transparent
RED, GREY = (200, 20, 30), 127.5


def pixels(depth: int = 8) -> np.ndarray:
    """(H, W, 4): red all over, seen on the left."""
    picture = np.full((HEIGHT, WIDTH, 4), (*RED, 255), np.uint16 if depth > 8 else np.uint8)
    picture[:, EDGE:, 3] = 0
    return picture * np.uint16(257) if depth > 8 else picture


def palette_png(path: Path) -> Path:
    """Colour type 3 with "PLTE" and "tRNS" (PNG specification, 11.2.3 and 11.3.2)."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    row = b"\0" + bytes(EDGE) + b"\1" * (WIDTH - EDGE)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 3, 0, 0, 0))
        + chunk(b"PLTE", bytes([*RED, *RED]))
        + chunk(b"tRNS", bytes([255, 0]))
        + chunk(b"IDAT", zlib.compress(row * HEIGHT))
        + chunk(b"IEND", b"")
    )
    return path


def picture(path: Path, depth: int = 8) -> Path:
    cv2.imwrite(str(path), pixels(depth)[..., [2, 1, 0, 3]])
    return path


def grey_png(path: Path) -> Path:
    grey = av.VideoFrame(WIDTH, HEIGHT, "ya8")
    (both,) = planes_of(grey)
    both[:, ::2], both[:, 1::2] = 200, pixels()[..., 3]
    return encoded(path, "png", grey)


def encoded(path: Path, codec: str, frame: av.VideoFrame, **options: str) -> Path:
    with av.open(path, "w") as output:
        stream = output.add_stream(codec, 25, options=options)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, frame.format.name
        if path.suffix == ".webm":
            stream.metadata["alpha_mode"] = "1"
        for number in range(3 if path.suffix in (".webm", ".mkv") else 1):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def film(path: Path, codec: str, pixel_format: str) -> Path:
    frame = av.VideoFrame.from_ndarray(pixels(), format="rgba").reformat(format=pixel_format)
    return encoded(path, codec, frame, **({"auto-alt-ref": "0"} if codec.startswith("libvpx") else {}))


KINDS: dict[str, Callable[[Path], Path]] = {
    "palette": lambda folder: palette_png(folder / "a.png"),
    "rgba": lambda folder: picture(folder / "a.png"),
    "rgba64": lambda folder: picture(folder / "a.png", 16),
    "webp": lambda folder: picture(folder / "a.webp"),
    "avif": lambda folder: picture(folder / "a.avif"),
    "vp8": lambda folder: film(folder / "a.webm", "libvpx", "yuva420p"),
    "vp9": lambda folder: film(folder / "a.webm", "libvpx-vp9", "yuva420p"),
    "ffv1": lambda folder: film(folder / "a.mkv", "ffv1", "yuva422p10le"),
    "gbrap": lambda folder: film(folder / "a.mkv", "ffv1", "bgra"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_grey_where_it_is_transparent(kind: str, tmp_path: Path) -> None:
    with FilmSource(KINDS[kind](tmp_path)) as reader:
        frames = [frame.pixels / (257 if frame.pixels.dtype == np.uint16 else 1) for frame in reader.frames()]
    assert len(frames) == (3 if kind in ("vp8", "vp9", "ffv1", "gbrap") else 1)
    for found in frames:
        assert np.abs(found[4:-4, EDGE + 6 : -4] - GREY).max() < 6
        assert np.abs(found[4:-4, 4 : EDGE - 6] - RED).max() < 12
    assert [note for note in reader.report.notes if "painted on grey" in note]
    assert len(reader.report.notes) == 1


def test_grey_pictures_too(tmp_path: Path) -> None:
    with FilmSource(grey_png(tmp_path / "a.png")) as reader:
        found = next(reader.frames()).pixels
    assert np.abs(found[:, EDGE:] - GREY).max() < 2
    assert found[:, :EDGE].min() > 190


def test_half_of_it(tmp_path: Path) -> None:
    half = pixels()
    half[..., 3] = 51  # a fifth
    cv2.imwrite(str(tmp_path / "a.png"), half[..., [2, 1, 0, 3]])
    expected = np.array(RED) / 5 + GREY * 4 / 5
    with FilmSource(tmp_path / "a.png") as reader:
        assert np.abs(next(reader.frames()).pixels - expected).max() <= 1
    assert np.abs(read_picture(tmp_path / "a.png") - expected).max() <= 1


def test_nothing_is_said_of_what_is_opaque(tmp_path: Path) -> None:
    opaque = pixels()
    opaque[..., 3] = 255
    cv2.imwrite(str(tmp_path / "a.png"), opaque[..., [2, 1, 0, 3]])
    with FilmSource(tmp_path / "a.png") as reader:
        assert np.array_equal(next(reader.frames()).pixels, opaque[..., :3])
        assert reader.report.notes == []


@pytest.mark.parametrize("kind", ["palette", "rgba", "rgba64", "webp", "avif"])
def test_styles(kind: str, tmp_path: Path) -> None:
    found = read_picture(KINDS[kind](tmp_path)).astype(float)
    assert np.abs(found[4:-4, EDGE + 6 : -4] - GREY).max() < 6
    assert np.abs(found[4:-4, 4 : EDGE - 6] - RED).max() < 12


@pytest.mark.parametrize("kind", ["rgba", "gbrap"])
def test_masks_go_by_their_luminance_alone(kind: str, tmp_path: Path) -> None:
    with open_mask(KINDS[kind](tmp_path)) as mask:
        found = mask.at(Fraction(0), (HEIGHT, WIDTH))
    assert np.ptp(found) < 0.02


def test_the_output_says_nothing_of_alpha(tmp_path: Path) -> None:
    source = KINDS["vp9"](tmp_path)
    with av.open(source) as container:
        assert container.streams.video[0].metadata["ALPHA_MODE"] == "1"
    output = tmp_path / "out.webm"
    with (
        FilmSource(source, keep_source=True) as reader,
        FilmSink(output, EncoderOptions(), others=reader.others).open(reader.signal) as writer,
    ):
        for frame in reader.frames():
            writer.write(frame.source)
        writer.finish()
    with av.open(output) as container:
        assert "alpha_mode" not in {key.lower() for key in container.streams.video[0].metadata}
