"""FilmSink: times, pixel formats, tags and shape of the picture; faults while writing."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylize_video.errors import (
    OutputError,
    OutputExistsError,
    UnknownFormatError,
    UsageError,
    VerificationError,
)
from stylize_video.files import partial
from stylize_video.pipeline.planes.color import planes_of
from stylize_video.pipeline.signal import ColorTags
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.time_range import TimeRange
from tests.pipeline import _clips
from tests.pipeline._clips import Clip, Written

IRREGULAR = (0, 7, 9, 30, 31, 64, 99, 100, 130, 131, 140, 190)
FILMS = {
    "constant": Clip(),
    "ntsc": Clip(rate=Fraction(30000, 1001)),
    "variable": Clip(pts=IRREGULAR, time_base=Fraction(1, 90)),
    "offset": Clip(pts=range(37, 49)),
    "offset_off_the_millisecond": Clip(
        pts=range(10007, 10007 + 12 * 3003, 3003), time_base=Fraction(1, 90000)
    ),
    "one_frame": Clip(frames=1),
}


@pytest.fixture
def film(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return _clips.make(tmp_path / "film.mp4", FILMS[request.param])


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv", "ts"])
@pytest.mark.parametrize("film", FILMS, indirect=True)
def test_frame_times_are_the_sources(film: Path, tmp_path: Path, extension: str) -> None:
    output = tmp_path / f"out.{extension}"
    report = _clips.write(film, output)
    exact = extension in ("mp4", "mov")
    tick = {"mkv": Fraction(1, 1000), "ts": Fraction(1, 90000)}.get(extension, Fraction(0))
    expected, found = _clips.times(film), _clips.times(output)
    assert len(found) == len(expected) == report.frames
    assert all(abs(a - b) <= tick for a, b in zip(expected, found, strict=True))
    assert not exact or found == expected
    assert not report.notes
    count = "1 frame" if len(expected) == 1 else f"{len(expected)} frames"
    assert _clips.verify(output, report).startswith(f"verified: {count}, times equal")


@pytest.mark.parametrize("film", ["constant", "offset", "variable"], indirect=True)
@pytest.mark.parametrize(
    ("extension", "codec"), [("webm", None), ("mkv", "ffv1"), ("mp4", "av1"), ("mp4", "hevc")]
)
def test_other_codecs_keep_times_too(film: Path, tmp_path: Path, extension: str, codec: str | None) -> None:
    output = tmp_path / f"out.{extension}"
    preset = {"av1": "12", "hevc": "ultrafast", None: "8"}.get(codec)
    report = _clips.write(film, output, codec=codec, preset=preset)
    expected, found = _clips.times(film), _clips.times(output)
    assert len(found) == len(expected)
    assert all(abs(a - b) <= Fraction(1, 1000) for a, b in zip(expected, found, strict=True))
    _clips.verify(output, report)


@pytest.mark.parametrize("film", ["variable"], indirect=True)
@pytest.mark.parametrize("extension", ["avi", "gif"])
def test_coarse_clocks_round_and_say_so(film: Path, tmp_path: Path, extension: str) -> None:
    output = tmp_path / f"out.{extension}"
    with _clips.sink(output, film, rate=Fraction(25)) as writer:
        _clips.feed(writer, film)
        report = Written(writer.finish(), _clips.read(film))
    assert report.frames == len(_clips.times(output)) == 12
    assert [note for note in report.notes if "frame times moved" in note]
    written = [time * report.report.time_base for time in report.report.times]
    moved = sum(found != time for found, time in zip(written, _clips.times(film), strict=True))
    assert 0 < moved <= 12
    line = f"verified: 12 frames, times equal but for {moved} moved to {extension}'s clock"
    assert _clips.verify(output, report).startswith(line)
    assert f"{moved} of 12 frame times moved" in report.notes[-1]


def test_times_without_any_are_made_up(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=3))
    with _clips.sink(tmp_path / "out.mp4", film) as writer:
        for pts in (None, None, 0):
            picture = av.VideoFrame(96, 64, writer.pixel_format)
            picture.pts = pts
            picture.time_base = _clips.signal_of(film).time_base
            writer.write(picture)
        report = writer.finish()
    assert _clips.times(report.path)[:2] == [0, Fraction(1, 25)]
    assert "1 of 3 frame times moved" in report.notes[0]


@pytest.mark.parametrize("extension", ["avi", "gif"])
def test_a_frame_that_moves_twice_is_counted_once(tmp_path: Path, extension: str) -> None:
    """Off the grid, and then too close to the one before: 11 of 12."""
    film = _clips.make(tmp_path / "film.mp4", Clip(pts=range(0, 120, 10), time_base=Fraction(1, 1000)))
    with _clips.sink(tmp_path / f"out.{extension}", film, rate=Fraction(30)) as writer:
        _clips.feed(writer, film)
        assert "11 of 12 frame times moved" in writer.finish().notes[-1]


def test_last_frame_lasts_as_long_as_in_the_source(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=1))
    _clips.write(film, tmp_path / "out.mp4")
    with av.open(tmp_path / "out.mp4") as output:
        stream = output.streams.video[0]
        assert stream.duration is not None
        assert stream.time_base is not None
        assert stream.duration * stream.time_base == Fraction(1, 25)


@pytest.mark.parametrize(
    ("pixel_format", "codec", "expected"),
    [
        ("yuv420p", "libx264", "yuv420p"),
        ("yuv420p10le", "libx264", "yuv420p10le"),
        ("yuv422p", "libx264", "yuv422p"),
        ("yuv444p10le", "libx264", "yuv444p10le"),
        ("gray", "libx264", "yuv420p"),
        ("yuvj420p", "mjpeg", "yuv420p"),
    ],
)
def test_pixel_format_after_the_input(tmp_path: Path, pixel_format: str, codec: str, expected: str) -> None:
    color = ColorTags(range=2) if pixel_format.startswith("yuvj") else ColorTags()
    clip = Clip(pixel_format=pixel_format, codec=codec, frames=3, color=color)
    film = _clips.make(tmp_path / "film.mkv", clip)
    _clips.verify(tmp_path / "out.mkv", _clips.write(film, tmp_path / "out.mkv"))
    with av.open(tmp_path / "out.mkv") as output:
        stream = output.streams.video[0]
        assert stream.codec_context.pix_fmt.replace("yuvj", "yuv") == expected
        assert stream.codec_context.color_range == color.range


@pytest.mark.parametrize("size", [(97, 65), (96, 65), (97, 64)])
@pytest.mark.parametrize("extension", ["mp4", "webm"])
def test_odd_sizes(tmp_path: Path, size: tuple[int, int], extension: str) -> None:
    """VP9 keeps them; H.264 in 4:2:0, which players take, has even ones, so an edge is repeated."""
    film = _clips.make(tmp_path / "film.mkv", Clip(size=size, codec="ffv1", frames=3))
    output = tmp_path / f"out.{extension}"
    report = _clips.write(film, output)
    _clips.verify(output, report)
    even = tuple(-(-length // 2) * 2 for length in size)
    with av.open(output) as written:
        assert written.streams.video[0].codec_context.pix_fmt == "yuv420p"
        frame = next(written.decode(video=0))
        assert (frame.width, frame.height) == (even if extension == "mp4" else size)
    assert any("is repeated" in note for note in report.notes) == (extension == "mp4")
    luma = planes_of(frame)[0].astype(int)
    assert np.abs(luma[:, -1] - luma[:, size[0] - 1]).max() <= 12  # but for what H.264 loses
    assert np.abs(luma[-1] - luma[size[1] - 1]).max() <= 12


TAGS = [
    ColorTags(1, 1, 1, 1),
    ColorTags(6, 1, 6, 6),
    ColorTags(5, 2, 5, 6),
    ColorTags(9, 1, 9, 14),
    ColorTags(1, 2, 1, 13),
    ColorTags(),
]


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv", "webm", "avi", "ts"])
@pytest.mark.parametrize("color", TAGS, ids=str)
def test_colour_tags_are_written(tmp_path: Path, extension: str, color: ColorTags) -> None:
    film = _clips.make(tmp_path / "film.mkv", Clip(frames=2, color=color))
    output = tmp_path / f"out.{extension}"
    report = _clips.write(film, output)
    assert report.color._replace(range=color.range) == color
    assert "colour tags equal" in _clips.verify(output, report)
    with av.open(output) as written:
        frame = next(written.decode(video=0))
        if color.matrix != 2:
            assert (frame.colorspace, frame.color_range) == color[:2]


def test_rgb_becomes_yuv_with_a_matrix(tmp_path: Path) -> None:
    clip = Clip(frames=2, codec="png", pixel_format="rgb24", color=ColorTags(0, 2, 2, 2))
    film = _clips.make(tmp_path / "film.mov", clip)
    report = _clips.write(film, tmp_path / "out.mp4")
    assert report.color == ColorTags(6, 1, 2, 2)
    with av.open(tmp_path / "out.mp4") as output:
        frame = next(output.decode(video=0))
        assert (frame.colorspace, frame.color_range) == (6, 1)
        assert frame.format.name == "yuv420p"


@pytest.mark.parametrize("rotation", [90, 180, 270])
@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv", "webm"])
def test_rotation_is_kept(tmp_path: Path, rotation: int, extension: str) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=2, rotation=rotation))
    output = tmp_path / f"out.{extension}"
    info = _clips.signal_of(film)
    assert info.quarter_turns == rotation // 90
    _clips.write(film, output)
    written = _clips.signal_of(output)
    assert written.quarter_turns == info.quarter_turns
    assert (written.coded_width, written.coded_height) == (96, 64)


@pytest.mark.parametrize(("extension", "size"), [("mp4", (96, 64)), ("avi", (64, 96)), ("png", (64, 96))])
def test_upright_where_no_rotation_fits(tmp_path: Path, extension: str, size: tuple[int, int]) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=1, rotation=90))
    with _clips.sink(tmp_path / f"out.{extension}", film) as writer:
        assert writer.upright == (size == (64, 96))
        assert (writer.width, writer.height) == size


@pytest.mark.parametrize(
    ("extension", "codec"),
    [
        ("mp4", None),
        ("mov", None),
        ("mkv", None),
        ("avi", None),
        ("ts", None),
        ("mp4", "vp9"),
    ],
)
def test_sample_aspect_ratio_is_kept(tmp_path: Path, extension: str, codec: str | None) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=2, aspect=Fraction(4, 3)))
    output = tmp_path / f"out.{extension}"
    report = _clips.write(film, output, codec=codec)
    assert _clips.signal_of(output).sample_aspect_ratio == Fraction(4, 3)
    assert not report.notes


def test_sample_aspect_ratio_that_is_lost_is_named(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=2, aspect=Fraction(4, 3)))
    report = _clips.write(film, tmp_path / "out.webm")
    assert [note for note in report.notes if "4:3" in note]


@pytest.mark.parametrize("extension", ["png", "jpg", "webp"])
def test_pictures(tmp_path: Path, extension: str) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=2))
    output = tmp_path / f"out.{extension}"
    report = _clips.write(film, output, frames=1)
    _clips.verify(output, report)
    with av.open(film) as source, av.open(output) as written:
        wanted = next(source.decode(video=0)).to_ndarray(format="rgb24").astype(float)
        found = next(written.decode(video=0)).to_ndarray(format="rgb24").astype(float)
    assert np.abs(wanted - found).mean() < 12
    with pytest.raises(OutputError, match="one frame"):
        _clips.write(film, tmp_path / f"two.{extension}")
    assert not list(tmp_path.glob("two*"))


def test_gif_has_the_colours(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    report = _clips.write(film, tmp_path / "out.gif")
    assert _clips.verify(tmp_path / "out.gif", report) == "verified: 12 frames, times equal"
    with av.open(film) as source, av.open(tmp_path / "out.gif") as written:
        pairs = zip(source.decode(video=0), written.decode(video=0), strict=True)
        for wanted, found in pairs:
            error = wanted.to_ndarray(format="rgb24").astype(float) - found.to_ndarray(format="rgb24")
            assert np.abs(error).mean() < 12


def test_lossless_is_lossless(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mkv", Clip(codec="ffv1"))
    _clips.write(film, tmp_path / "out.mkv", codec="ffv1")
    with av.open(film) as source, av.open(tmp_path / "out.mkv") as written:
        for wanted, found in zip(source.decode(video=0), written.decode(video=0), strict=True):
            assert (wanted.to_ndarray() == found.to_ndarray()).all()


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"codec": "prores"}, UnknownFormatError, "mp4 can't hold prores"),
        ({"codec": "nonsense"}, UnknownFormatError, "no codec"),
        ({"crf": 60}, UsageError, "crf 60"),
        ({"preset": "hurry"}, UsageError, "hurry"),
        ({"codec": "mjpeg", "crf": 20}, UsageError, "no `crf`"),
    ],
)
def test_bad_options_leave_nothing(tmp_path: Path, options: dict, error: type, words: str) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=1))
    with pytest.raises(error, match=words):
        _clips.write(film, tmp_path / "out.mp4", **options)
    assert _clips.names(tmp_path) == ["film.mp4"]


@pytest.mark.parametrize(
    ("codec", "words"),
    [
        (
            "h264_nvenc",
            r"h264_nvenc can't be opened here .*; use another `codec`, or leave it out for libx264",
        ),
        ("mpeg2video", r"mpeg2video can't be opened here .*does not support 12800/1 fps\); use another"),
    ],
)
def test_encoder_that_does_not_open(tmp_path: Path, codec: str, words: str) -> None:
    """The file is not to blame, and the error's own line is not that of an earlier one."""
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=1))
    for _ in range(2):
        try:
            with pytest.raises(OutputError, match=words):
                _clips.write(film, tmp_path / "out.mp4", codec=codec)
        except pytest.fail.Exception:
            if codec != "h264_nvenc":
                raise
            pytest.skip("there is an NVENC here")
    assert _clips.names(tmp_path) == ["film.mp4"]


def test_svt_is_quiet(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SVT_LOG", raising=False)
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=2))
    capfd.readouterr()
    _clips.write(film, tmp_path / "out.mp4", codec="av1", preset="12")
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="only Linux has such policies")
def test_svt_takes_no_priority(tmp_path: Path) -> None:
    """It would, of root: over everything else on the machine."""
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=2))
    options = EncoderOptions(codec="av1", preset="12")
    before = os.sched_getscheduler(0)
    with _clips.sink(tmp_path / "out.mp4", film, options) as writer:
        threads = [int(path.name) for path in Path("/proc/self/task").iterdir()]
        assert {os.sched_getscheduler(thread) for thread in threads} == {before}
        _clips.feed(writer, film)


def test_existing_output_is_not_touched(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    output = tmp_path / "out.mp4"
    output.write_text("precious")
    with pytest.raises(OutputExistsError, match="exists"):
        _clips.write(film, output)
    with _clips.sink(output, film, EncoderOptions(overwrite=True)) as writer:
        _clips.feed(writer, film)
    assert output.read_text() == "precious"
    assert _clips.names(tmp_path) == ["film.mp4", "out.mp4"]
    _clips.write(film, output, overwrite=True)
    assert len(_clips.times(output)) == 12


def test_output_that_comes_into_being_meanwhile(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    output = tmp_path / "out.mp4"
    with _clips.sink(output, film) as writer:
        _clips.feed(writer, film)
        output.write_text("precious")
        with pytest.raises(OutputExistsError, match=r"finished film lies in .*out\.part\.mp4"):
            writer.finish()
    assert output.read_text() == "precious"
    assert len(_clips.times(tmp_path / "out.part.mp4")) == 12


def test_a_rename_that_fails_keeps_the_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())

    def replace(self: Path, target: Path) -> Path:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "replace", replace)
    with pytest.raises(OutputError, match=r"no permission .*; the finished film lies in /.*/out\.part\.mp4$"):
        _clips.write(film, tmp_path / "out.mp4")
    assert len(_clips.times(tmp_path / "out.part.mp4")) == 12


def test_two_runs_at_once_do_not_share_a_file(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    output = tmp_path / "out.mp4"
    (tmp_path / "out.part.mp4").write_text("somebody else's")
    with _clips.sink(output, film) as one, _clips.sink(output, film) as two:
        _clips.feed(one, film)
        _clips.feed(two, film, frames=3)
        assert sorted(p.name for p in tmp_path.glob("out*")) == [
            "out.part.mp4",
            "out.part2.mp4",
            "out.part3.mp4",
        ]
        one.finish()
    assert len(_clips.times(output)) == 12
    assert (tmp_path / "out.part.mp4").read_text() == "somebody else's"
    assert _clips.names(tmp_path) == ["film.mp4", "out.mp4", "out.part.mp4"]


@pytest.mark.parametrize("extension", ["mp4", "mkv", "webm", "avi", "gif", "ts"])
def test_partial_is_playable(tmp_path: Path, extension: str) -> None:
    clip = Clip(frames=40, sounds=[("aac", "eng")], cues=[(0, 300, "early"), (1300, 1500, "late")])
    film = _clips.make(tmp_path / "film.mkv", clip)
    output = tmp_path / f"out.{extension}"
    output.write_text("precious")
    with _clips.sink(output, film, EncoderOptions(overwrite=True)) as writer:
        _clips.feed(writer, film, frames=20)
        partial_path = writer.keep_partial()
    assert partial_path == tmp_path / f"out.part.{extension}"
    assert output.read_text() == "precious"
    assert len(_clips.times(partial_path)) == 20
    with av.open(partial_path) as written:
        assert len(list(written.decode(video=0))) == 20
    with av.open(partial_path) as written:
        assert max(p.pts * p.time_base for p in written.demux() if p.pts is not None) < Fraction(85, 100)


def test_no_frame_leaves_nothing(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    with _clips.sink(tmp_path / "out.mp4", film) as writer:
        assert writer.keep_partial() is None
    with (
        _clips.sink(tmp_path / "out.mp4", film) as writer,
        pytest.raises(OutputError, match="not one frame"),
    ):
        writer.finish()
    assert _clips.names(tmp_path) == ["film.mp4"]


def test_close_again_and_use_after_close(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    writer = _clips.sink(tmp_path / "out.mp4", film)
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match="not open"):
        _clips.feed(writer, film)


def test_wrong_pictures_are_refused(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    with _clips.sink(tmp_path / "out.mp4", film) as writer:
        for wrong in (av.VideoFrame(96, 64, "rgb24"), av.VideoFrame(64, 64, writer.pixel_format)):
            with pytest.raises(ValueError, match="the writer takes"):
                writer.write(wrong)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing/out.mp4", "no such folder"),
        ("film.mp4/out.mp4", "no folder"),
        ("a.mp4", "folder of that name"),
        pytest.param(
            "/proc/out.mp4",
            "no file can be made in that folder",
            marks=pytest.mark.skipif(not Path("/proc/self").exists(), reason="there is no /proc"),
        ),
    ],
)
def test_unwritable(tmp_path: Path, name: str, words: str) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=1))
    (tmp_path / "a.mp4").mkdir()
    with pytest.raises(OutputError, match=words):
        _clips.write(film, tmp_path / name, overwrite=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 kB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("may not mount a small file system here")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


@pytest.mark.parametrize("extension", ["mp4", "mkv", "webm", "avi", "gif", "ts", "mov"])
def test_disk_full(small_disk: Path, tmp_path: Path, extension: str) -> None:
    clip = Clip(size=(192, 128), frames=25, sounds=[("pcm_s16le", "eng")])
    film = _clips.make(tmp_path / "film.mkv", clip)
    handles = len(_clips.names(Path("/proc/self/fd")))
    output = small_disk / f"out.{extension}"
    with pytest.raises(OutputError, match=r"out\.\w+: the disk is full; free some space"):
        _clips.write(film, output, **({} if extension == "gif" else {"crf": 0}))
    assert _clips.names(small_disk) == []
    assert len(_clips.names(Path("/proc/self/fd"))) == handles


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_every_write_may_be_the_one_that_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    """Header, data and trailer: the writes of a tiny mp4."""
    film = _clips.make(tmp_path / "film.mp4", Clip())
    calls = 0

    def write(self: partial.PartialFile, data: bytes) -> int:
        nonlocal calls
        calls += 1
        if calls >= fails:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(self, data)

    real = partial.PartialFile.write
    monkeypatch.setattr(partial.PartialFile, "write", write)
    with pytest.raises(OutputError, match="the disk is full"):
        _clips.write(film, tmp_path / "out.mp4")
    assert calls >= fails
    assert _clips.names(tmp_path) == ["film.mp4"]


def test_error_that_only_shows_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())

    def sync(_: partial.PartialFile) -> None:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(partial.PartialFile, "sync", sync)
    with pytest.raises(OutputError, match="quota"):
        _clips.write(film, tmp_path / "out.mp4")
    assert _clips.names(tmp_path) == ["film.mp4"]


def test_ctrl_c_while_finishing_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    real, armed, pressed = partial.PartialFile.write, [], []

    def write(self: partial.PartialFile, data: bytes) -> int:
        if armed and not pressed:
            pressed.append(True)
            signal.raise_signal(signal.SIGINT)
        return real(self, data)

    monkeypatch.setattr(partial.PartialFile, "write", write)
    with _clips.sink(tmp_path / "out.mp4", film) as writer:
        _clips.feed(writer, film)
        armed.append(True)
        report = Written(writer.finish(), _clips.read(film))
    assert pressed
    assert _clips.verify(tmp_path / "out.mp4", report).startswith("verified: 12 frames")
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


def test_short_writes_are_completed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    real = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: real(descriptor, data[:1000]))
    report = _clips.write(film, tmp_path / "out.mp4")
    monkeypatch.undo()
    _clips.verify(tmp_path / "out.mp4", report)


def test_clip_counts_from_its_start(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(frames=25))
    part = TimeRange(Fraction(1, 5), Fraction(3, 5))
    report = _clips.write(film, tmp_path / "out.mp4", clip=part)
    assert _clips.times(tmp_path / "out.mp4") == [Fraction(n, 25) for n in range(10)]
    _clips.verify(tmp_path / "out.mp4", report)


def test_a_check_that_fails_keeps_the_film_and_the_earlier_output(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    output = tmp_path / "out.mp4"
    output.write_text("precious")
    (tmp_path / "out.unverified.mp4").write_text("of another run")

    def check(partial: Path, report: object) -> None:
        assert partial.exists()
        raise RuntimeError("not what was read")

    with _clips.sink(output, film, EncoderOptions(overwrite=True)) as writer:
        _clips.feed(writer, film)
        with pytest.raises(VerificationError, match=r"not what was read; .* kept as .*out\.unverified2\.mp4"):
            writer.finish(check)
    assert output.read_text() == "precious"
    assert (tmp_path / "out.unverified.mp4").read_text() == "of another run"
    assert _clips.names(tmp_path) == ["film.mp4", "out.mp4", "out.unverified.mp4", "out.unverified2.mp4"]
    assert len(_clips.times(tmp_path / "out.unverified2.mp4")) == 12


def test_ctrl_c_while_checking_keeps_the_film(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())

    def check(partial: Path, report: object) -> None:
        raise KeyboardInterrupt

    with _clips.sink(tmp_path / "out.mp4", film) as writer:
        _clips.feed(writer, film)
        with pytest.raises(KeyboardInterrupt):
            writer.finish(check)
        assert writer.keep_partial() == tmp_path / "out.part.mp4"
    assert len(_clips.times(tmp_path / "out.part.mp4")) == 12
    assert _clips.names(tmp_path) == ["film.mp4", "out.part.mp4"]


@pytest.mark.parametrize("whole", [True, False])
def test_second_ctrl_c_while_finishing_keeps_the_film(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    real, armed = partial.PartialFile.write, []

    def write(self: partial.PartialFile, data: bytes) -> int:
        if armed:
            armed.pop()
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
        return real(self, data)

    monkeypatch.setattr(partial.PartialFile, "write", write)
    with _clips.sink(tmp_path / "out.mp4", film) as writer:
        _clips.feed(writer, film)
        armed.append(True)
        with pytest.raises(KeyboardInterrupt):
            writer.finish() if whole else writer.keep_partial()
        assert not armed
        assert writer.keep_partial() == tmp_path / "out.part.mp4"
    assert len(_clips.times(tmp_path / "out.part.mp4")) == 12


def test_ctrl_c_after_the_rename(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip())
    with _clips.sink(tmp_path / "out.mp4", film) as writer:
        _clips.feed(writer, film)
        writer.finish()
        assert writer.keep_partial() == tmp_path / "out.mp4"


def test_a_transport_stream_of_a_few_packets(tmp_path: Path) -> None:
    """So small that FFmpeg would not know it for one."""
    film = _clips.make(tmp_path / "film.mp4", Clip(size=(16, 16), frames=2))
    report = _clips.write(film, tmp_path / "out.ts", crf=51)
    assert (tmp_path / "out.ts").stat().st_size < 3000
    assert _clips.verify(tmp_path / "out.ts", report).startswith("verified: 2 frames")
