"""Labels of spherical and stereoscopic video: kept, or a line."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sources.film import FilmSource
from tests import media

_INTO = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd", b"avc1")


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


# Google's Spherical Video V2: "st3d" (2: left and right), "sv3d" with a projection head and "equi"
STEREO = box(b"st3d", bytes(4) + b"\2")
SPHERE = box(
    b"sv3d",
    box(b"svhd", bytes(4) + b"test\0") + box(b"proj", box(b"prhd", bytes(16)) + box(b"equi", bytes(20))),
)


def labelled(folder: Path, *boxes: bytes) -> Path:
    """An mp4 whose first sample entry has further boxes; its index comes last, so nothing else moves."""
    path = media.one_frame(folder).path
    data, added = bytearray(path.read_bytes()), b"".join(boxes)
    at = 0
    for kind in _INTO:
        at = data.index(kind, at)
        (size,) = struct.unpack_from(">I", data, at - 4)
        struct.pack_into(">I", data, at - 4, size + len(added))
    data[at - 4 + size : at - 4 + size] = added
    path.write_bytes(data)
    return path


@pytest.mark.parametrize(
    ("boxes", "words"),
    [
        ((SPHERE,), ["spherical video (equirectangular)"]),
        ((STEREO,), ["stereoscopic video (side by side)"]),
        ((STEREO, SPHERE), ["spherical video (equirectangular)", "stereoscopic video (side by side)"]),
        ((), []),
    ],
)
def test_a_line_for_what_cant_be_written(boxes: tuple[bytes, ...], words: list[str], tmp_path: Path) -> None:
    with FilmSource(labelled(tmp_path, *boxes)) as reader:
        assert len(list(reader.frames())) == 1
    assert [any(word in note for word in words) for note in reader.report.notes] == [True] * len(words)


@pytest.mark.parametrize(("suffix", "kept"), [("mkv", True), ("mp4", False)])
def test_matroska_keeps_stereo(suffix: str, kept: bool, tmp_path: Path) -> None:
    source, output = tmp_path / "a.mkv", tmp_path / f"out.{suffix}"
    with av.open(source, "w") as film:
        stream = film.add_stream("libx264", 25)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        stream.metadata["stereo_mode"] = "left_right"
        frame = av.VideoFrame.from_ndarray(np.zeros((64, 96, 3), np.uint8), format="rgb24")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        film.mux(stream.encode(frame))
        film.mux(stream.encode(None))
    with (
        FilmSource(source, keep_source=True) as reader,
        FilmSink(output, EncoderOptions(), others=reader.others).open(reader.signal) as writer,
    ):
        for read in reader.frames():
            writer.write(read.source)
        report = writer.finish()
    with av.open(output) as film:
        assert (film.streams.video[0].metadata.get("stereo_mode") == "left_right") == kept
    notes = [*reader.report.notes, *report.notes]
    assert any("stereoscopic video (left_right)" in note for note in notes) == (not kept)
