"""Films painted by segments: interrupted anywhere they are gone on with, and are the same film."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import count
from pathlib import Path
from typing import Any

import av
import pytest

from stylize_video.errors import OutputError, OutputExistsError
from stylize_video.files.lock import FileLock
from stylize_video.models.workshop import Workshop
from stylize_video.pipeline.jobs.batch.processes import tasks
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.painted import Painted, PaintingInterrupted
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.segments.recorder import Recorder
from stylize_video.pipeline.sinks.film import FilmSink
from tests import drawing, media

FRAMES, CUT, LENGTH = 33, 14, 8  # of a film, the first of its second shot, and of a segment at most
ENDS = [8, 14, 22, 30]  # where a segment ends: with the shot, else when it is full


def shots(number: int, width: int, height: int) -> drawing.Rgb:
    """Two of them, one bright and one dark."""
    picture = drawing.numbered_picture(number, width, height)
    return picture if number < CUT else 255 - picture[:, ::-1]


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a variable rate, with sound, which begins at half a second."""
    times = tuple(Fraction(1, 2) + time for time in media.irregular(FRAMES))
    video = media.Video(times=times, draw=shots)
    return media.film(tmp_path_factory.mktemp("film") / "film.mp4", video, sounds=[media.Sound()]).path


def paint(film: Path, output: Path, **options: Any) -> Painted:
    usual = {"device": "cpu", "quality": "draft", "segment_length": LENGTH}
    return job.paint(PaintRequest.of(film, output, **{**usual, **options}))


def packets(path: Path) -> list[tuple[object, ...]]:
    with av.open(path) as container:
        return [
            (p.stream.index, p.pts, p.dts, p.duration, p.is_keyframe, hashlib.sha256(bytes(p)).hexdigest())
            for p in container.demux()
            if p.size
        ]


def pictures(path: Path) -> list[tuple[int | None, str]]:
    with av.open(path) as container:
        frames = container.decode(video=0)
        return [(f.pts, hashlib.sha256(f.to_ndarray().tobytes()).hexdigest()) for f in frames]


class _Breaks(Exception):
    """As a crash."""


def breaking(
    monkeypatch: pytest.MonkeyPatch,
    owner: Any,
    name: str,
    at: int,
    error: Callable[[], BaseException] = _Breaks,
) -> None:
    """Have a method fail when it is called for the time `at`, from 0."""
    calls, method = count(), getattr(owner, name)

    def instead(*arguments: Any, **more: Any) -> Any:
        if next(calls) == at:
            raise error()
        return method(*arguments, **more)

    monkeypatch.setattr(owner, name, instead)


@pytest.fixture(scope="module")
def whole(film: Path) -> Path:
    """Painted without a break."""
    output = film.with_name("whole.mp4")
    paint(film, output)
    return output


def test_the_frames_are_those_of_a_film_painted_at_a_stretch(film: Path, tmp_path: Path) -> None:
    options = {"codec": "ffv1"}
    at_a_stretch = paint(film, tmp_path / "stretch.mkv", segment_length=1000, **options)
    by_segments = paint(film, tmp_path / "segments.mkv", **options)
    assert pictures(tmp_path / "segments.mkv") == pictures(tmp_path / "stretch.mkv")
    assert by_segments.verified == at_a_stretch.verified
    assert by_segments.notes == at_a_stretch.notes
    assert sorted(path.name for path in tmp_path.iterdir()) == ["segments.mkv", "stretch.mkv"]


def test_each_segment_begins_anew(whole: Path) -> None:
    with av.open(whole) as container:
        times = sorted(p.pts for p in container.demux(video=0) if p.size)
    with av.open(whole) as container:
        keys = [p.pts for p in container.demux(video=0) if p.size and p.is_keyframe]
    assert {times[end] for end in (0, *ENDS)} <= set(keys)


@pytest.mark.parametrize("at", [5, 15, 31])
def test_gone_on_with_it_is_the_same_film(
    at: int, film: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.mp4"
    with monkeypatch.context() as patch:
        breaking(patch, Recorder, "write", at)
        with pytest.raises(_Breaks):
            paint(film, output)
    before = max((end for end in ENDS if end <= at), default=0)
    assert [path.name for path in tmp_path.iterdir()] == (["out.mp4.parts"] if before else [])
    heard: list[int] = []
    request = PaintRequest.of(film, output, device="cpu", quality="draft", segment_length=LENGTH)
    painted = job.paint(request, on_frame=heard.append)
    assert painted.before == before
    assert heard == ([before] if before else []) + list(range(before + 1, FRAMES + 1))
    assert painted.frames == FRAMES
    assert packets(output) == packets(whole)
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


@pytest.fixture
def parts(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """All segments of a film, which could not be put together."""
    with monkeypatch.context() as patch:
        breaking(patch, FilmSink, "join", 0, lambda: OutputError("no"))
        with pytest.raises(OutputError, match=f"{FRAMES} painted frames are kept; the same command goes on"):
            paint(film, tmp_path / "out.mp4")
    assert not (tmp_path / "out.mp4").exists()
    yield tmp_path / "out.mp4.parts"
    assert not (tmp_path / "out.mp4.parts").exists()


def test_a_failed_assembly_keeps_the_segments(
    parts: Path, film: Path, whole: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        breaking(patch, Recorder, "write", 0)
        assert paint(film, parts.with_suffix("")).before == FRAMES
    assert packets(parts.with_suffix("")) == packets(whole)


def test_a_damaged_segment_is_painted_again(parts: Path, film: Path, whole: Path) -> None:
    damaged = parts / "segment0000002.packets"
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"\0")
    painted = paint(film, parts.with_suffix(""))
    assert painted.before == ENDS[1] + FRAMES - ENDS[3]
    assert packets(parts.with_suffix("")) == packets(whole)


def test_with_other_settings_it_is_not_gone_on(parts: Path, film: Path) -> None:
    output = parts.with_suffix("")
    with pytest.raises(OutputExistsError, match=r"`crf` was left out, now 30.*`restart`"):
        paint(film, output, crf=30)
    painted = paint(film, output, crf=30, resume=False)
    assert painted.before == 0


def test_in_a_batch_it_is_begun_anew_with_other_settings(parts: Path, film: Path) -> None:
    request = PaintRequest.of(
        film, parts.with_suffix(""), device="cpu", quality="draft", segment_length=LENGTH, crf=30
    )
    painted = tasks.PaintFilm(request, restarts=True).run(Workshop(), lambda _: None)
    assert painted.frames == FRAMES
    told = r"begun anew: .*out.mp4.parts: has 33 painted frames of another run \(`crf` was left out, now 30\)"
    assert re.fullmatch(told, painted.notes[0])


def test_a_second_run_says_that_there_is_one(parts: Path, film: Path) -> None:
    output = parts.with_suffix("")
    with FileLock(parts / "lock"), pytest.raises(OutputError, match="another run paints it"):
        paint(film, output)
    paint(film, output)


def test_ctrl_c_leaves_what_can_be_played(
    film: Path, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = tmp_path / "out.mp4"
    with monkeypatch.context() as patch:
        breaking(patch, Recorder, "write", 25, KeyboardInterrupt)
        with pytest.raises(PaintingInterrupted) as interrupted:
            paint(film, output)
    assert interrupted.value.resumable
    assert interrupted.value.frames == 25
    assert interrupted.value.partial == tmp_path / "out.part.mp4"
    times = [pts for pts, _ in pictures(whole)]
    shown = pictures(tmp_path / "out.part.mp4")
    assert [pts for pts, _ in shown] == times[:25]
    assert shown[: ENDS[2]] == pictures(whole)[: ENDS[2]]
    assert paint(film, output).before == ENDS[2]
    assert packets(output) == packets(whole)
