"""What players take, by default: the whole command's output, as its own header says it."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylize_video.errors import OutputError, UnknownFormatError
from stylize_video.models import style_spec
from stylize_video.models.look import Look
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.painted import Painted
from stylize_video.pipeline.jobs.request import PaintRequest, default_output
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.report import FramesRead
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.verification.verify import verify
from tests import media

UDNIE = Look(style_spec.parse("udnie"))


def paint(source: Path, output: Path, **options: object) -> Painted:
    return job.paint(PaintRequest.of(source, output, stabilize=False, device="cpu", **options))


def header(path: Path) -> tuple[str, str, str]:
    """Tag, profile, pixel format."""
    with av.open(path) as container:
        codec = container.streams.video[0].codec_context
        return codec.codec_tag, str(codec.profile), str(codec.pix_fmt)


@pytest.mark.parametrize("suffix", ["mp4", "mov", "m4v"])
def test_hevc_is_tagged_hvc1(suffix: str, tmp_path: Path) -> None:
    unpainted(media.one_frame(tmp_path).path, tmp_path / f"out.{suffix}", codec="h265")
    assert header(tmp_path / f"out.{suffix}") == ("hvc1", "Main", "yuv420p")


def rgb(folder: Path, size: tuple[int, int] = (96, 64)) -> Path:
    """A screen recording, as PNG in mov."""
    path = folder / "rgb.mov"
    with av.open(path, "w") as output:
        stream = output.add_stream("png", 25)
        stream.width, stream.height, stream.pix_fmt = *size, "rgb24"
        for number in range(2):
            pixels = np.random.default_rng(number).integers(0, 256, (size[1], size[0], 3), np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("make", [rgb, lambda folder: media.animated_gif(folder).path], ids=["rgb", "gif"])
def test_rgb_becomes_high(make, tmp_path: Path) -> None:
    result = paint(make(tmp_path), tmp_path / "out.mp4")
    assert header(result.output) == ("avc1", "High", "yuv420p")
    assert any("`pixel_format` yuv444p keeps all of them" in note for note in result.notes)


@pytest.mark.parametrize(("suffix", "better"), [("mp4", "h264"), ("webm", "vp9")])
def test_advice_on_colours_can_be_followed(suffix: str, better: str, tmp_path: Path) -> None:
    """AV1's encoder takes 4:2:0 alone."""
    advice = f"`codec` {better} `pixel_format` yuv444p"
    notes = converted(rgb(tmp_path), tmp_path / f"out.{suffix}", codec="av1", preset="12")
    assert any(f"; {advice} keeps all of them" in note for note in notes)
    whole = tmp_path / f"whole.{suffix}"
    converted(tmp_path / "rgb.mov", whole, codec=better, pixel_format="yuv444p")
    assert header(whole)[2] == "yuv444p"


def converted(source: Path, output: Path, **options: str) -> tuple[str, ...]:
    """The source's own frames in the writer's pixel format; its notes."""
    with (
        FilmSource(source, keep_source=True) as reader,
        FilmSink(output, EncoderOptions(**options), others=reader.others).open(reader.signal) as writer,
    ):
        for frame in reader.frames(rgb=False):
            picture = frame.source.reformat(format=writer.pixel_format)
            picture.pts, picture.time_base = frame.pts, frame.time_base
            writer.write(picture)
        return writer.finish().notes


@pytest.mark.parametrize(
    ("wanted", "profile"),
    [("yuv444p", "High 4:4:4 Predictive"), ("yuv422p10", "High 4:2:2"), ("yuv420p", "High")],
)
def test_pixel_format_asks_for_more(wanted: str, profile: str, tmp_path: Path) -> None:
    result = paint(rgb(tmp_path), tmp_path / "out.mp4", pixel_format=wanted)
    assert header(result.output)[1] == profile
    assert result.notes == ()
    with pytest.raises(UnknownFormatError, match="libx264 has no pixel format 'rgba'; it takes yuv420p"):
        paint(rgb(tmp_path), tmp_path / "no.mp4", pixel_format="rgba")


ODD = [
    ({"pixel_format": "yuv420p"}, {}, (98, 66)),
    ({"pixel_format": "yuv420p10le"}, {}, (98, 66)),
    ({"pixel_format": "yuv422p"}, {}, (98, 65)),
    ({"pixel_format": "yuv420p", "rotation": 90}, {}, (98, 66)),
    (
        {"pixel_format": "yuv420p", "codec": "mpeg4", "aspect": Fraction(4, 3), "time_base": Fraction(1, 25)},
        {},
        (98, 66),
    ),
    ({"pixel_format": "yuv420p"}, {"max_size": 48}, (48, 32)),
    ({"pixel_format": "yuv420p"}, {"codec": "h265"}, (98, 66)),
]


@pytest.mark.parametrize(("video", "options", "size"), ODD)
def test_odd_sizes(video: dict, options: dict, size: tuple[int, int], tmp_path: Path) -> None:
    source = f"odd.{'mp4' if 'aspect' in video else 'mkv'}"
    settings = {"codec": "ffv1", **video}
    clip = media.film(tmp_path / source, media.Video(times=media.steady(2), size=(97, 65), **settings))
    notes = unpainted(clip.path, tmp_path / "out.mp4", **options)
    with av.open(tmp_path / "out.mp4") as container:
        stream = container.streams.video[0]
        expected = (*size, video["pixel_format"])
        assert (stream.width, stream.height, stream.codec_context.pix_fmt) == expected
        assert (stream.sample_aspect_ratio or 1) == video.get("aspect", 1)
        assert next(container.decode(video=0)).rotation == video.get("rotation", 0)
    assert any(f"is repeated, to {size[0]}x{size[1]}" in note for note in notes) == (size != (48, 32))


def unpainted(source: Path, output: Path, *, codec: str | None = None, **reading: object) -> tuple[str, ...]:
    """Through reader and writer, verified; the writer's notes."""
    options = EncoderOptions(codec=codec)
    with (
        FilmSource(source, keep_source=True, **reading) as reader,
        FilmSink(output, options, others=reader.others).open(reader.signal) as writer,
    ):
        for frame in reader.frames():
            writer.write(frame.source)
        report = writer.finish()
    verify(output, report, FramesRead.of(reader.report.times, reader.signal))
    return report.notes


def test_odd_sizes_painted_and_mixed(tmp_path: Path) -> None:
    result = paint(media.odd_size(tmp_path).path, tmp_path / "out.mp4", strength=0.5, preserve_color=True)
    with av.open(result.output) as container:
        assert container.streams.video[0].codec_context.pix_fmt == "yuv420p"
        last = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    assert last.shape == (66, 98, 3)
    assert np.abs(last[:, -1] - last[:, -2]).mean() < 6
    assert result.verified is not None


def test_turned_upright_it_stays_420(tmp_path: Path) -> None:
    """AVI can't say that a film is turned: of an odd size its chroma can't just be turned along."""
    video = media.Video(times=media.steady(2), size=(97, 65), codec="ffv1", rotation=90)
    with (
        FilmSource(media.film(tmp_path / "odd.mkv", video).path, keep_source=True, upright=True) as reader,
        FilmSink(tmp_path / "out.avi", EncoderOptions(), others=reader.others).open(reader.signal) as writer,
    ):
        for frame in reader.frames():
            writer.write(frame.source)
        writer.finish()
    with av.open(tmp_path / "out.avi") as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height, stream.codec_context.pix_fmt) == (66, 98, "yuv420p")


def animated_png(path: Path, frames: int) -> Path:
    with av.open(path, "w", format="apng") as output:
        stream = output.add_stream("apng", 10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "rgb24"
        for number in range(frames):
            frame = av.VideoFrame.from_ndarray(np.full((64, 96, 3), 40 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


def test_an_animated_png_is_a_film(tmp_path: Path) -> None:
    path = animated_png(tmp_path / "a.png", 3)
    output = default_output(path, Look(style_spec.parse("kandinsky")))
    assert output == tmp_path / "a_kandinsky.mp4"
    with FilmSource(path) as reader:
        assert len(list(reader.frames())) == 3
    with pytest.raises(OutputError, match=r"more than one frame and \.png holds one; .* `output` film\.mp4"):
        paint(path, tmp_path / "out.png")
    assert not (tmp_path / "out.png").exists()


def test_default_names_of_pictures(tmp_path: Path) -> None:
    still = media.still(tmp_path, name="still.png").path
    assert default_output(still, UDNIE).suffix == ".png"
    (tmp_path / "a.avif").write_bytes(b"\0\0\0\x20ftypavif" + bytes(20))
    assert default_output(tmp_path / "a.avif", UDNIE).suffix == ".png"
    (tmp_path / "b.avif").write_bytes(b"\0\0\0\x20ftypavis" + bytes(20))
    assert default_output(tmp_path / "b.avif", UDNIE).suffix == ".mp4"
    assert default_output(tmp_path / "missing.png", UDNIE).suffix == ".png"
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + b"\xff" * 9)
    assert default_output(tmp_path / "bad.png", UDNIE).suffix == ".png"


def test_a_link_as_output_stays(tmp_path: Path) -> None:
    """What it leads to is replaced, there or not, by a file made beside it."""
    source = media.one_frame(tmp_path).path
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "real.mp4", tmp_path / "link.mp4"
    link.symlink_to(Path("far") / "real.mp4")
    for number in range(2):
        write(source, link, overwrite=number == 1)
        assert link.is_symlink()
        assert header(target)[0] == "avc1"
        assert [path.name for path in target.parent.iterdir()] == ["real.mp4"]
        if number == 0:
            target.write_bytes(b"old")
            link.unlink()
            link.symlink_to(target)
    circle = tmp_path / "circle.mp4"
    circle.symlink_to(circle)
    with pytest.raises(OutputError, match="the link leads in a circle"):
        write(source, circle, overwrite=True)
    assert circle.is_symlink()


def write(source: Path, output: Path, *, overwrite: bool) -> None:
    """Unpainted."""
    with (
        FilmSource(source, keep_source=True) as reader,
        FilmSink(output, EncoderOptions(overwrite=overwrite), others=reader.others).open(
            reader.signal
        ) as writer,
    ):
        for frame in reader.frames():
            writer.write(frame.source)
        writer.finish()
