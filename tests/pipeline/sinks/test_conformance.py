"""What every sink promises, of every sink there is."""

from __future__ import annotations

import errno
import os
from array import array
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from stylize_video.errors import OutputError, OutputExistsError, StylizeVideoError, VerificationError
from stylize_video.files.partial import PartialFile
from stylize_video.pipeline.carried.other_streams import OtherStreams
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.sinks.sink import Sink
from stylize_video.pipeline.verification.verify import verify
from tests import media

TICK = Fraction(1, 25)
SIGNAL = Signal(
    coded_width=64,
    coded_height=48,
    pixel_format="yuv420p",
    bit_depth=8,
    color=ColorTags(1, 1, 1, 1),
    time_base=TICK,
    rate=1 / TICK,
    beginning=Fraction(0),
)
FILM = (0, 1, 2, 5, 6, 9)  # ticks: a variable rate


@dataclass(frozen=True)
class Case:
    """A sink that writes `path`, and when pictures may come that it holds exactly."""

    make: Callable[..., Sink]
    path: Path
    pts: Sequence[int]

    def names(self) -> list[str]:
        """What lies in the folder beside what was there before."""
        return sorted(p.name for p in self.path.parent.iterdir() if p.name != "source.mp4")


FILMS = ["mp4", "mov", "mkv", "webm", "ts", "avi", "gif"]
SETTINGS = {"webm": "8", "gif": None}


def _film(extension: str, folder: Path, *, others: OtherStreams | None = None) -> Case:
    path = folder / f"out.{extension}"
    is_picture = formats.CONTAINERS[extension].is_picture
    preset = None if is_picture else SETTINGS.get(extension, "ultrafast")
    pts = range(6) if extension == "avi" else FILM  # AVI's frames are all equally long

    def make(*, overwrite: bool = False) -> Sink:
        return FilmSink(path, EncoderOptions(preset=preset, overwrite=overwrite), others=others)

    return Case(make, path, pts[:1] if is_picture else pts)


def _beside_sound(folder: Path) -> Case:
    source = media.constant(folder, name="source.mp4").path
    return _film("mp4", folder, others=OtherStreams(source))


@pytest.fixture(params=[*FILMS, "png", "jpg", "mp4 beside sound"])
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Case:
    kind = str(request.param)
    return _beside_sound(tmp_path) if kind.endswith("sound") else _film(kind, tmp_path)


def picture(sink: Sink, pts: int) -> av.VideoFrame:
    """A picture as the sink wants it, like no other."""
    made = av.VideoFrame(sink.width, sink.height, sink.pixel_format)
    for plane in made.planes:
        rows = np.frombuffer(memoryview(plane), np.uint8)
        rows[...] = 16 + 20 * pts % 200
    made.pts, made.time_base, made.duration = pts, TICK, 1
    return made


def feed(sink: Sink, pts: Sequence[int]) -> None:
    for time in pts:
        sink.write(picture(sink, time))


def shown(path: Path) -> list[Fraction]:
    """When each picture of a finished file is shown, s."""
    options = {"fflags": "nofillin"} if path.suffix == ".avi" else {}  # FFmpeg would guess AVI's
    with av.open(path, options=options) as film:
        stream = film.streams.video[0]
        found = [p.pts if p.pts is not None else p.dts for p in film.demux(stream) if p.size]
        return sorted(time * stream.time_base for time in found)


def decoded(path: Path) -> int:
    """How many pictures come out of a file; raises if it is broken."""
    with av.open(path) as film:
        return sum(1 for _ in film.decode(video=0))


def test_times_are_exact_and_in_order(case: Case) -> None:
    with case.make().open(SIGNAL) as sink:
        feed(sink, case.pts)
        report = sink.finish()
    assert [time * report.time_base for time in report.times] == [pts * TICK for pts in case.pts]
    assert report.notes == ()
    if len(case.pts) > 1:
        assert shown(case.path) == [pts * TICK for pts in case.pts]
    assert decoded(case.path) == len(case.pts)


def test_what_it_takes_is_known_before_the_first_picture(case: Case) -> None:
    with case.make().open(SIGNAL) as sink:
        assert (sink.width, sink.height) == (64, 48)
        assert av.VideoFormat(sink.pixel_format).name == sink.pixel_format
        assert isinstance(sink.color, ColorTags)
        other = av.VideoFrame(66, 48, sink.pixel_format)
        other.pts, other.time_base = 0, TICK
        with pytest.raises(ValueError, match="the writer takes"):
            sink.write(other)


def test_it_appears_when_it_is_finished_and_not_before(case: Case) -> None:
    seen: list[list[str]] = []

    def look(partial: Path, report: WriteReport) -> None:
        assert partial != case.path
        assert decoded(partial) == report.frames == len(case.pts)
        seen.append(case.names())

    with case.make().open(SIGNAL) as sink:
        feed(sink, case.pts)
        assert case.path.name not in case.names()
        sink.finish(look)
    assert [case.path.name in names for names in seen] == [False]
    assert case.names() == [case.path.name]


def test_verification_finds_what_was_written(case: Case) -> None:
    read = FramesRead.of(array("q", case.pts), SIGNAL)
    said: list[str] = []
    with case.make().open(SIGNAL) as sink:
        feed(sink, case.pts)
        sink.finish(lambda partial, report: said.append(verify(partial, report, read)))
    count = "1 frame" if len(case.pts) == 1 else f"{len(case.pts)} frames"
    assert said[0].startswith(f"verified: {count}, times equal")


def test_a_check_that_fails_keeps_the_name_free(case: Case) -> None:
    def refuse(partial: Path, report: WriteReport) -> None:
        raise VerificationError("no")

    with case.make().open(SIGNAL) as sink:
        feed(sink, case.pts)
        with pytest.raises(VerificationError, match="is kept as"):
            sink.finish(refuse)
    (kept,) = case.names()
    assert "unverified" in kept
    assert decoded(case.path.with_name(kept)) == len(case.pts)


def test_close_again_and_without_finishing(case: Case) -> None:
    sink = case.make()
    sink.close()
    sink = case.make().open(SIGNAL)
    feed(sink, case.pts[:1])
    sink.close()
    sink.close()
    assert case.names() == []
    with pytest.raises(ValueError, match="not open"):
        feed(sink, case.pts)
    with pytest.raises(ValueError, match="opened once"):
        sink.open(SIGNAL)


def test_before_it_is_open_nothing_is_taken(case: Case) -> None:
    sink = case.make()
    with pytest.raises(ValueError, match="not open"):
        sink.write(av.VideoFrame(64, 48, "yuv420p"))
    with pytest.raises(ValueError, match="not open"):
        sink.finish()
    assert sink.keep_partial() is None
    assert case.names() == []


def test_an_error_of_the_caller_leaves_nothing(case: Case) -> None:
    def fail() -> None:
        with case.make().open(SIGNAL) as sink:
            feed(sink, case.pts)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert case.names() == []


def test_a_full_disk_leaves_nothing(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    space = [True]
    write = PartialFile.write

    def limited(self: PartialFile, data: bytes) -> int:
        if not space:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(self, data)

    monkeypatch.setattr(PartialFile, "write", limited)
    sink = case.make().open(SIGNAL)
    space.clear()

    def fill() -> None:
        feed(sink, case.pts)
        sink.finish()

    with pytest.raises(OutputError, match="the disk is full") as error:
        fill()
    assert "\n" not in str(error.value)
    assert case.names() == []


def test_a_picture_that_is_refused_leaves_what_was_there(case: Case) -> None:
    case.path.write_bytes(b"of before")
    with pytest.raises(OutputExistsError):
        case.make().open(SIGNAL)
    with case.make(overwrite=True).open(SIGNAL) as sink:
        feed(sink, case.pts[:1])
    assert case.path.read_bytes() == b"of before"
    with case.make(overwrite=True).open(SIGNAL) as sink:
        feed(sink, case.pts)
        sink.finish()
    assert decoded(case.path) == len(case.pts)
    assert case.names() == [case.path.name]


def test_what_is_kept_in_part_can_be_played(case: Case) -> None:
    with case.make().open(SIGNAL) as sink:
        feed(sink, case.pts[:4])
        partial = sink.keep_partial()
    assert partial is not None
    assert case.names() == [partial.name] != [case.path.name]
    assert decoded(partial) == len(case.pts[:4])


def test_not_one_picture_is_refused_with_one_line(case: Case) -> None:
    with case.make().open(SIGNAL) as sink, pytest.raises(StylizeVideoError) as error:
        sink.finish()
    assert "\n" not in str(error.value)
    with case.make().open(SIGNAL) as sink:
        assert sink.keep_partial() is None
    assert case.names() == []


def test_without_other_streams_nothing_is_carried(tmp_path: Path) -> None:
    with _film("mp4", tmp_path).make().open(SIGNAL) as sink:
        feed(sink, FILM)
        report = sink.finish()
    assert report.carried == ()
    with av.open(report.path) as film:
        assert [stream.type for stream in film.streams] == ["video"]
    assert verify(report.path, report, FramesRead.of(report.times, SIGNAL)).startswith("verified: 6 frames")


def test_a_camera_that_begins_between_two_milliseconds_keeps_its_times(tmp_path: Path) -> None:
    """MP4's common clock counts in milliseconds unless it is told better."""
    base = Fraction(1, 90_000)
    signal = replace(SIGNAL, time_base=base, beginning=1 * base)
    with _film("mp4", tmp_path).make().open(signal) as sink:
        for pts in (1, 3601, 7201):
            made = picture(sink, 0)
            made.pts, made.time_base, made.duration = pts, base, 3600
            sink.write(made)
        report = sink.finish()
    assert shown(report.path) == [pts * base for pts in (1, 3601, 7201)]
