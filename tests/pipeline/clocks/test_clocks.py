"""Files whose clock starts again, jumps, wraps or began hours before: times run on, sound with pictures."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from stylize_video.pipeline.clocks import survey as clock_survey
from stylize_video.pipeline.clocks.timeline import Timeline
from stylize_video.pipeline.sources.film_decoder import FilmDecoder
from tests.pipeline import _clips
from tests.pipeline._trip import Trip, trip

CONTAINERS = ["mp4", "mov", "mkv", "ts", "avi", "webm"]
WRAP = Fraction(1 << 33, 90000)  # s after which MPEG's clock starts again
FRAME = Fraction(1, 25)

Moves = Callable[[str, Fraction], Fraction | None]  # kind and time of a packet: by how many s it is moved


def recording(path: Path, *, frames: int = 12, audio: str = "mp2") -> Path:
    """A film of some frames, with sound, in the container of the path; times from near 0 on."""
    codec = "mpeg2video" if path.suffix in (".ts", ".mpg") else "libx264"
    return _clips.make(path, _clips.Clip(size=(64, 48), frames=frames, codec=codec, sounds=[(audio, "eng")]))


def moved(source: Path, path: Path, moves: Moves) -> Path:
    """The same packets, each of them moved, or left out; of MPEG's muxer as its clock of 33 bits has them."""
    with av.open(source) as film, av.open(path, "w") as output:
        streams = {s.index: output.add_stream_from_template(s, opaque=True) for s in film.streams}
        for packet in film.demux():
            if not packet.size or packet.pts is None or packet.dts is None:
                continue
            shift = moves(packet.stream.type, packet.pts * packet.time_base)
            if shift is not None:
                ticks = round(shift / packet.time_base)
                packet.pts, packet.dts = packet.pts + ticks, packet.dts + ticks
                packet.stream = streams[packet.stream.index]
                output.mux(packet)
    return path


def appended(path: Path, *parts: Path) -> Path:
    """What `cat` makes of files."""
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def gaps(times: Sequence[Fraction]) -> list[Fraction]:
    return [later - earlier for earlier, later in itertools.pairwise(times)]


def lag(path: Path) -> Fraction:
    """How long after the first frame of a recording its first sound is heard, s."""
    return _clips.times(path, "audio")[0] - _clips.times(path)[0]


def check_runs_on(result: Trip, frames: int, part: Path) -> None:
    """All frames, one behind the other, and as much sound, no more than a moment away from them."""
    times = result.times()
    assert len(times) == frames
    assert min(gaps(times)) >= FRAME / 2
    assert max(gaps(times)) < 3 * FRAME
    sound = result.times("audio")
    assert abs((sound[-1] - sound[0]) - (times[-1] - times[0])) < Fraction(1, 5)
    slack = 2 * FRAME if result.path.suffix == ".avi" else Fraction(1, 50)
    if result.path.suffix != ".avi":  # there sound begins with the film
        assert abs(sound[0] - times[0] - lag(part)) < slack


@pytest.mark.parametrize("extension", CONTAINERS)
def test_recordings_that_were_appended(tmp_path: Path, extension: str) -> None:
    part = recording(tmp_path / "part.ts")
    film = appended(tmp_path / "film.ts", part, part, part)
    result = trip(film, tmp_path / f"out.{extension}")
    check_runs_on(result, 36, part)
    assert any("its clock starts again or jumps" in note for note in result.notes)


@pytest.mark.parametrize(("suffix", "audio"), [("mpg", "mp2"), ("mkv", "mp2"), ("mkv", "aac")])
def test_appended_in_other_containers(tmp_path: Path, suffix: str, audio: str) -> None:
    part = recording(tmp_path / f"part.{suffix}", frames=20, audio=audio)
    result = trip(appended(tmp_path / f"film.{suffix}", part, part), tmp_path / "out.mkv")
    check_runs_on(result, 40, part)


def test_sound_stays_with_its_picture_behind_a_break(tmp_path: Path) -> None:
    """The second recording's sound begins as long after its picture as it did there, to the tick."""
    part = recording(tmp_path / "part.ts")
    result = trip(appended(tmp_path / "film.ts", part, part), tmp_path / "out.ts")
    count = len(_clips.times(part, "audio"))
    assert result.times("audio")[count] - result.times()[12] == lag(part)


def test_each_packet_of_sound_is_there_once(tmp_path: Path) -> None:
    part = recording(tmp_path / "part.ts")
    trip(appended(tmp_path / "film.ts", part, part), tmp_path / "out.ts")
    assert _clips.payloads(tmp_path / "out.ts", "audio") == 2 * _clips.payloads(part, "audio")


@pytest.mark.parametrize("jump", [Fraction(3600), Fraction(-4), Fraction(50000)], ids=str)
def test_a_clock_that_is_set(tmp_path: Path, jump: Fraction) -> None:
    """Forth or back, in the middle of a film: it goes on as if nothing were, to the tick."""
    plain = recording(tmp_path / "plain.ts", frames=24)
    cut = _clips.times(plain)[12]
    before = moved(plain, tmp_path / "1.ts", lambda _, time: Fraction(10) if time < cut else None)
    behind = moved(plain, tmp_path / "2.ts", lambda _, time: 10 + jump if time >= cut else None)
    film = appended(tmp_path / "film.ts", before, behind)
    assert survey(film).has_breaks
    result = trip(film, tmp_path / "out.ts")
    tick = Fraction(1, 90000)
    for kind in ("video", "audio"):
        wanted = [time - _clips.times(plain)[0] for time in _clips.times(plain, kind)]
        found = [time - result.times()[0] for time in result.times(kind)]
        assert all(abs(a - b) <= tick for a, b in zip(wanted, found, strict=True))


@pytest.mark.parametrize("extension", CONTAINERS)
def test_a_broadcast_begins_at_0(tmp_path: Path, extension: str) -> None:
    plain = recording(tmp_path / "plain.ts")
    film = moved(plain, tmp_path / "film.ts", lambda *_: Fraction(35000))
    result = trip(film, tmp_path / f"out.{extension}")
    first = min(result.times()[0], result.times("audio")[0])
    assert -Fraction(1, 50) < first < 3 * FRAME  # Opus has some priming
    check_runs_on(result, 12, plain)
    assert any("its clock stands at 9:43:2" in note for note in result.notes)


@pytest.mark.parametrize("extension", CONTAINERS)
@pytest.mark.parametrize("before", [Fraction(1, 10), Fraction(1, 4)], ids=["of all", "of sound first"])
def test_a_clock_that_wraps(tmp_path: Path, extension: str, before: Fraction) -> None:
    plain = recording(tmp_path / "plain.ts")
    begin = min(_clips.times(plain)[0], _clips.times(plain, "audio")[0])
    film = moved(plain, tmp_path / "film.ts", lambda *_: WRAP - begin - before)
    result = trip(film, tmp_path / f"out.{extension}")
    check_runs_on(result, 12, plain)
    if extension in ("mp4", "ts"):
        assert _clips.payloads(result.path, "audio") == _clips.payloads(plain, "audio")


@pytest.mark.parametrize("film_clock", [Fraction(0), Fraction(35000)], ids=str)
def test_a_programme_by_another_clock_begins_with_the_film(tmp_path: Path, film_clock: Fraction) -> None:
    plain = recording(tmp_path / "plain.ts")

    def moves(kind: str, _: Fraction) -> Fraction:
        return film_clock if kind == "video" else Fraction(20000)

    result = trip(moved(plain, tmp_path / "film.ts", moves), tmp_path / "out.mp4")
    assert abs(result.times("audio")[0] - result.times()[0]) < FRAME
    assert result.times()[-1] < 1
    assert _clips.payloads(result.path, "audio") == _clips.payloads(plain, "audio")
    assert any("stream 1 goes by another clock" in note for note in result.notes)


def test_a_start_of_a_few_seconds_stays(tmp_path: Path) -> None:
    plain = recording(tmp_path / "plain.ts")
    result = trip(plain, tmp_path / "out.ts")
    assert result.times() == _clips.times(plain)
    assert result.notes == []


def test_a_clip_over_a_break(tmp_path: Path) -> None:
    part = recording(tmp_path / "part.ts", frames=25)
    film = appended(tmp_path / "film.ts", part, part)
    result = trip(film, tmp_path / "out.mp4", start=Fraction(4, 5), duration=Fraction(1, 2))
    assert 12 <= len(result.times()) <= 13
    assert result.times()[-1] < Fraction(1, 2)
    assert result.times("audio")[-1] < Fraction(1, 2)


def test_a_clip_of_a_broadcast(tmp_path: Path) -> None:
    film = moved(recording(tmp_path / "plain.ts", frames=25), tmp_path / "film.ts", lambda *_: Fraction(9000))
    result = trip(film, tmp_path / "out.mp4", start=Fraction(1, 2))
    assert 12 <= len(result.times()) <= 14
    assert result.times()[0] < FRAME


@pytest.mark.parametrize("broken", ["audio", "video"])
@pytest.mark.parametrize("clock", [Fraction(9000), Fraction(5)], ids=str)
def test_one_broken_time_moves_nothing_else(tmp_path: Path, broken: str, clock: Fraction) -> None:
    """A single packet whose time is nonsense is set to its place; all the others stay at theirs."""
    plain = recording(tmp_path / "plain.ts", frames=24)
    cut = _clips.times(plain)[12]
    middle = next(time for time in _clips.times(plain, broken) if time >= cut)

    def moves(number: int) -> Moves:
        def move(kind: str, time: Fraction) -> Fraction | None:
            border = middle if kind == broken else cut
            if kind == broken and time == middle:
                return clock if number == 2 else None
            part = 1 if time < border else 3
            return Fraction(100) if part == number else None

        return move

    before, single, behind = (moved(plain, tmp_path / f"{n}.ts", moves(n)) for n in (1, 2, 3))
    result = trip(appended(tmp_path / "film.ts", before, single, behind), tmp_path / "out.ts")
    tick = Fraction(1, 90000)
    for kind in ("video", "audio"):
        wanted = [time - _clips.times(plain)[0] for time in _clips.times(plain, kind)]
        found = [time - result.times()[0] for time in result.times(kind)]
        assert all(abs(a - b) <= tick for a, b in zip(wanted, found, strict=True))


def test_a_picture_whose_time_of_showing_alone_is_broken(tmp_path: Path) -> None:
    """It is shown when it is decoded; those behind it are not pushed behind its broken time."""
    plain = _clips.make(tmp_path / "plain.mkv", _clips.Clip(size=(64, 48), frames=24, codec="mpeg2video"))
    film = tmp_path / "film.ts"
    with av.open(plain) as source, av.open(film, "w") as output:
        copy = output.add_stream_from_template(source.streams.video[0], opaque=True)
        for number, packet in enumerate(p for p in source.demux(source.streams.video[0]) if p.size):
            packet.pts = packet.dts = 1000 + 40 * number
            packet.pts += 9_000_000 if number == 10 else 0
            packet.stream = copy
            output.mux(packet)
    result = trip(film, tmp_path / "out.mp4")
    assert len(result.times()) == 24
    assert max(gaps(result.times())) < 3 * FRAME
    assert min(gaps(result.times())) > FRAME / 2


def survey(path: Path) -> Timeline:
    decoder = FilmDecoder(path, start=None, duration=None)
    decoder.close()
    return decoder.demuxer.timeline


def test_pauses_of_one_stream_are_no_break(tmp_path: Path) -> None:
    """Twelve seconds without a picture, or without sound, while the other goes on."""
    for silent, kind in enumerate(("video", "audio")):
        path = tmp_path / f"{kind}.ts"
        _clips.make(path, _clips.Clip(size=(32, 32), frames=400, codec="mpeg2video", sounds=[("mp2", "eng")]))
        film = tmp_path / f"{kind}_pause.ts"
        leave_out(path, film, silent)
        timeline = survey(film)
        assert not timeline.has_breaks
        assert timeline.offset == 0


def leave_out(source: Path, path: Path, index: int) -> None:
    """All packets of a stream from 2 to 14.5 s."""
    with av.open(source) as film, av.open(path, "w") as output:
        streams = {s.index: output.add_stream_from_template(s, opaque=True) for s in film.streams}
        for packet in film.demux():
            time: Any = None if packet.dts is None else packet.dts * packet.time_base
            if not packet.size or (packet.stream.index == index and 2 < time < Fraction(29, 2)):
                continue
            packet.stream = streams[packet.stream.index]
            output.mux(packet)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi", "ts", "mov", "nut"])
def test_a_film_with_b_frames_is_left_alone(tmp_path: Path, suffix: str) -> None:
    options = {"fflags": "+bitexact"}
    path = tmp_path / f"film.{suffix}"
    _clips.make(path, _clips.Clip(rate=Fraction(10), frames=40, options=options, sounds=[("aac", "eng")]))
    assert survey(path) == Timeline()


def test_a_live_matroska_with_b_frames_is_left_alone(tmp_path: Path) -> None:
    """It does not say how long it is, and has no decoding times."""
    path = tmp_path / "film.mkv"
    clip = _clips.Clip(rate=Fraction(10), frames=40, options={"live": "1"}, sounds=[("aac", "eng")])
    _clips.make(path, clip)
    assert clock_survey.top_level.has_second_segment(path)
    assert survey(path) == Timeline()


@pytest.mark.parametrize("name", [b"\x1a\x45\xdf\xa3", b"\x18\x53\x80\x67"])
def test_a_segment_longer_than_any_file_is_no_error(name: bytes, tmp_path: Path) -> None:
    path = tmp_path / "lie.mkv"
    path.write_bytes(name + b"\x01" + 6 * b"\xff" + b"\xfe" + 100 * b"\0")  # 2^56 - 2 bytes
    assert not clock_survey.top_level.has_second_segment(path)
