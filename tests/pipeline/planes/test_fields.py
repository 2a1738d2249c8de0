"""Interlaced films: labelled as they are, or made whole."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
import numpy as np
import pytest

from stylize_video.pipeline.planes.color import planes_of
from stylize_video.pipeline.planes.fields import Labeller, deinterlaced, first_field
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.verification.verify import verify

BASE = Fraction(1, 25)
WIDTH, HEIGHT = 96, 64


def moving_bar(number: int, first: str, height: int = HEIGHT) -> av.VideoFrame:
    """A white bar that is 4 px further right in the second field than in the first, on grey."""
    frame = av.VideoFrame(WIDTH, height, "yuv420p")
    luma, *chroma = planes_of(frame)
    luma[...] = 80
    for row in range(height):
        is_second = (row % 2 == 0) == (first == "bff")
        left = 8 + 8 * number + 4 * is_second
        luma[row, left : left + 8] = 220
    for plane in chroma:
        plane[...] = 128
    frame.pts, frame.time_base = number, BASE
    return frame


def interlaced_film(path: Path, first: str, *, codec: str = "ffv1", height: int = HEIGHT) -> Path:
    """Five frames, labelled as FFmpeg's own tool labels them."""
    label = Labeller(first)
    options = {"flags": "+ildct+ilme", "field_order": {"tff": "tb", "bff": "bt"}[first]}
    with av.open(path, "w") as output:
        stream = output.add_stream(codec, 25, options=options)
        stream.width, stream.height, stream.pix_fmt = WIDTH, height, "yuv420p"
        for number in range(5):
            output.mux(stream.encode(label(moving_bar(number, first, height))))
        output.mux(stream.encode(None))
    return path


def written(source: Path, output: Path, codec: str | None = None, **reading: Any) -> WriteReport:
    """Unpainted through reader and writer, and verified."""
    options = EncoderOptions(codec=codec, pixel_format=None)
    with (
        FilmSource(source, keep_source=True, **reading) as reader,
        FilmSink(output, options, others=reader.others).open(reader.signal) as writer,
    ):
        for frame in reader.frames():
            assert frame.source is not None
            writer.write(frame.source.reformat(format=writer.pixel_format))
        report = writer.finish()
    verify(output, report, FramesRead.of(reader.report.times, reader.signal))
    return replace(report, notes=(*reader.report.notes, *report.notes))


def fields_of(path: Path) -> list[str | None]:
    with av.open(path) as container:
        return [first_field(picture) for picture in container.decode(video=0)]


@pytest.mark.parametrize("first", ["tff", "bff"])
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.mp4", None),
        ("a.mkv", None),
        ("a.ts", None),
        ("a.mov", "prores"),
        ("a.mkv", "ffv1"),
        ("a.avi", "mpeg4"),
    ],
)
def test_labelled_as_it_is(name: str, codec: str | None, first: str, tmp_path: Path) -> None:
    source = interlaced_film(tmp_path / "source.mkv", first)
    assert fields_of(source) == [first] * 5
    report = written(source, tmp_path / name, codec)
    assert fields_of(tmp_path / name) == [first] * 5
    word = {"tff": "top", "bff": "bottom"}[first]
    assert any(f"labelled so, {word} field first" in note for note in report.notes)


@pytest.mark.parametrize(("name", "codec"), [("a.webm", None), ("a.mp4", "h265")])
def test_codecs_without_fields_say_so(name: str, codec: str | None, tmp_path: Path) -> None:
    report = written(interlaced_film(tmp_path / "source.mkv", "tff"), tmp_path / name, codec)
    assert fields_of(tmp_path / name) == [None] * 5
    assert any("can't say so; `deinterlace` makes whole frames" in note for note in report.notes)


def test_each_field_has_whole_chroma_samples(tmp_path: Path) -> None:
    report = written(interlaced_film(tmp_path / "source.mkv", "tff", height=90), tmp_path / "a.mp4")
    assert fields_of(tmp_path / "a.mp4") == ["tff"] * 5
    assert any("to 96x92" in note for note in report.notes)


def test_scaled_frames_have_no_fields(tmp_path: Path) -> None:
    report = written(interlaced_film(tmp_path / "source.mkv", "tff"), tmp_path / "a.mp4", max_size=48)
    assert fields_of(tmp_path / "a.mp4") == [None] * 5
    assert any("not labelled so" in note for note in report.notes)


def combing(luma: np.ndarray) -> float:
    """How much neighbouring lines differ: by a bar's edges where fields are woven, else not at all."""
    return float(np.abs(np.diff(luma.astype(int), axis=0)).mean())


@pytest.mark.parametrize("first", ["tff", "bff"])
def test_made_whole(first: str, tmp_path: Path) -> None:
    source = interlaced_film(tmp_path / "source.mkv", first)
    report = written(source, tmp_path / "a.mkv", "ffv1", deinterlace=True)
    assert fields_of(tmp_path / "a.mkv") == [None] * 5
    assert list(report.times) == [0, 40, 80, 120, 160]  # ms, as in the source
    assert any("deinterlaced" in note for note in report.notes)
    before, after = (
        [combing(planes_of(p)[0]) for p in decoded(path)] for path in (source, tmp_path / "a.mkv")
    )
    assert max(after[1:4]) < min(before) / 4


def decoded(path: Path) -> Iterator[av.VideoFrame]:
    with av.open(path) as container:
        yield from container.decode(video=0)


def test_only_labelled_frames_are_changed_if_the_first_is_labelled() -> None:
    label = Labeller("tff")
    frames = [moving_bar(number, "tff") for number in range(6)]
    mixed = [label(frame) if number < 3 else frame for number, frame in enumerate(frames)]
    originals = [planes_of(frame)[0].copy() for frame in mixed]
    found = list(deinterlaced(mixed))
    assert [frame.pts for frame in found] == list(range(6))
    same = [np.array_equal(planes_of(frame)[0], luma) for frame, luma in zip(found, originals, strict=True)]
    assert same == [False] * 3 + [True] * 3


@pytest.mark.parametrize("sizes", [[64], [64, 64, 48, 48, 64]])
def test_each_frame_once_though_the_size_changes(sizes: list[int]) -> None:
    frames = [moving_bar(number, "tff", height) for number, height in enumerate(sizes)]
    found = list(deinterlaced(frames))
    assert [frame.pts for frame in found] == list(range(len(sizes)))
    assert [cast(av.VideoFrame, frame).height for frame in found] == sizes
