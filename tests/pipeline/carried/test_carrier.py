"""Carrier: everything beside the picture reaches the output, or a note says why not."""

from __future__ import annotations

import io
from array import array
from fractions import Fraction
from pathlib import Path

import av
import pytest
from av.stream import Disposition

from stylize_video.errors import InputError
from stylize_video.pipeline.carried.carrier import Carrier
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.sinks.report import FramesRead
from stylize_video.pipeline.time_range import TimeRange
from tests.pipeline import _clips
from tests.pipeline._clips import Clip

RICH = Clip(
    frames=12,
    sounds=[("aac", "eng"), ("libopus", "deu"), ("pcm_s16le", "fra")],
    cues=[(40, 160, "Hello"), (200, 400, "there"), (240, 440, "again")],
    rich=True,
)


@pytest.fixture
def rich(tmp_path: Path) -> Path:
    return _clips.make(tmp_path / "rich.mkv", RICH)


def test_mkv_to_mkv_loses_nothing(rich: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mkv"
    report = _clips.write(rich, output)
    assert report.notes == ()
    assert "5 streams" in _clips.verify(output, report)
    with av.open(rich) as source, av.open(output) as written:
        assert len(source.streams) == len(written.streams)
        for wanted, found in zip(source.streams, written.streams, strict=True):
            assert found.type == wanted.type
            assert found.disposition == wanted.disposition
            ours = {k: v for k, v in wanted.metadata.items() if k != "DURATION"}
            assert {k: v for k, v in found.metadata.items() if k != "DURATION"} == ours
        assert written.chapters() == source.chapters()
        assert {k: v for k, v in written.metadata.items() if k != "ENCODER"} == {
            "title": "Film",
            "COMMENT": "none",
            "DIRECTOR": "somebody",
        }
        assert written.streams.attachments[0].data == _clips.FONT
    for kind, count in (("audio", 3), ("subtitle", 1)):
        for index in range(count):
            assert _clips.payloads(output, kind, index) == _clips.payloads(rich, kind, index)
            assert _clips.times(output, kind, index) == _clips.times(rich, kind, index)


def test_mkv_to_mp4_converts_what_it_must(rich: Path, tmp_path: Path) -> None:
    output = tmp_path / "out.mp4"
    report = _clips.write(rich, output)
    assert list(report.notes) == [
        "stream 3 (audio, pcm_s16le, fra): mp4 can't hold it, converted to aac",
        "stream 4 (subtitle, subrip, eng): mp4 can't hold it, converted to mov_text",
        "stream 5 (attachment, font.ttf): mp4 can't hold it, left out",
        "stream 4 (subtitle, subrip, eng): mp4 shows one subtitle at a time; 1 end where the next begins",
    ]
    assert "2 streams" in _clips.verify(output, report)
    with av.open(output) as written:
        codecs = [s.codec_context.codec.canonical_name for s in written.streams if s.codec_context]
        assert codecs == ["h264", "aac", "opus", "aac", "mov_text"]
        languages = [s.language for s in written.streams][1:5]
        assert languages == ["eng", "deu", "fra", "eng"]
        assert written.streams[4].disposition & Disposition.forced
        assert written.metadata["DIRECTOR"] == "somebody"
        assert [c["metadata"]["title"] for c in written.chapters()] == ["One", "Two"]
        text = [p for p in written.demux(written.streams[4]) if p.size > 2]
        assert [bytes(p)[2:] for p in text] == [b"Hello", b"there", b"again"]
        assert [p.pts * p.time_base for p in text] == [Fraction(n, 1000) for n in (40, 200, 240)]
    assert _clips.payloads(output, "audio", 0) == _clips.payloads(rich, "audio", 0)
    assert _clips.times(output, "audio", 0) == _clips.times(rich, "audio", 0)


def test_mp4_to_mp4_again(rich: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.mp4", tmp_path / "second.mp4"
    _clips.write(rich, first)
    report = _clips.write(first, second)
    assert report.notes == ()
    _clips.verify(second, report)
    with av.open(first) as source, av.open(second) as written:
        assert [s.type for s in written.streams] == [s.type for s in source.streams]
        assert [s.metadata for s in written.streams] == [s.metadata for s in source.streams]
        assert written.metadata == source.metadata
        assert written.chapters() == source.chapters()
    assert _clips.times(second, "audio", 1) == _clips.times(first, "audio", 1)


@pytest.mark.parametrize(
    ("extension", "audio", "subtitle"),
    [
        ("webm", ["opus", "opus", "opus"], ["webvtt"]),
        ("mov", ["aac", "aac", "pcm_s16le"], ["mov_text"]),
        ("avi", ["aac", "pcm_s16le", "pcm_s16le"], []),
        ("ts", ["aac", "opus", "aac"], []),
        ("gif", [], []),
    ],
)
def test_other_containers(
    rich: Path, tmp_path: Path, extension: str, audio: list[str], subtitle: list[str]
) -> None:
    output = tmp_path / f"out.{extension}"
    report = _clips.write(rich, output)
    _clips.verify(output, report)
    with av.open(output) as written:
        assert [s.codec_context.codec.canonical_name for s in written.streams.audio] == audio
        assert [s.codec_context.codec.canonical_name for s in written.streams.subtitles] == subtitle
    said = "\n".join(report.notes)
    assert "stream 5 (attachment, font.ttf): " in said
    if not subtitle:
        assert "stream 4 (subtitle, subrip, eng): " in said
        assert "chapters: " in said
        assert "tags " in said


@pytest.mark.parametrize("extension", ["mp4", "mkv", "webm", "mov", "avi", "ts"])
def test_converted_sound_stays_in_step(tmp_path: Path, extension: str) -> None:
    """A click at a known time is found at that time, whatever became of the sound."""
    film = tmp_path / "film.mov"
    click = Fraction(3, 10)
    with av.open(film, "w") as output:
        video = _clips._add_video(output, Clip())
        sound = _clips._add_sound(output, "pcm_s16le", "eng")
        for packet in _clips._video_packets(video, Clip()):
            output.mux(packet)
        samples = av.AudioFrame(format="s16", layout="mono", samples=24000)
        data = bytearray(48000)
        for n in range(480):
            data[2 * (14400 + n) + 1] = 0x40 if n % 20 < 10 else 0xC0
        samples.planes[0].update(bytes(data))
        samples.rate, samples.pts, samples.time_base = 48000, 0, Fraction(1, 48000)
        output.mux(sound.encode(samples))
    target = tmp_path / f"out.{extension}"
    _clips.verify(target, _clips.write(film, target))
    with av.open(target) as written:
        found = None
        for frame in written.decode(audio=0):
            loud = abs(frame.to_ndarray().astype(float).ravel())
            loud = loud / (32768 if "s16" in frame.format.name else 1)
            if found is None and (loud > 0.2).any():
                found = frame.pts * frame.time_base + Fraction(int((loud > 0.2).argmax()), 48000)
    assert found is not None
    assert abs(found - click) < Fraction(2, 1000)


def test_aac_priming_survives(tmp_path: Path) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(sounds=[("aac", "eng")]))
    assert _clips.times(film, "audio")[0] == Fraction(-1024, 48000)
    _clips.write(film, tmp_path / "out.mp4")
    assert _clips.times(tmp_path / "out.mp4", "audio") == _clips.times(film, "audio")
    report = _clips.write(film, tmp_path / "out.mkv")
    assert _clips.times(tmp_path / "out.mkv")[0] == 0
    assert _clips.times(tmp_path / "out.mkv", "audio")[0] == Fraction(-21, 1000)
    assert _clips.payloads(tmp_path / "out.mkv", "audio") == _clips.payloads(film, "audio")
    _clips.verify(tmp_path / "out.mkv", report)


def test_transport_stream_to_mp4(tmp_path: Path) -> None:
    """ADTS headers go, the sound stays."""
    film = _clips.make(tmp_path / "film.mp4", Clip(sounds=[("aac", "eng")]))
    _clips.write(film, tmp_path / "film.ts")
    for name in ("out.mp4", "out.mkv", "out.ts"):
        report = _clips.write(tmp_path / "film.ts", tmp_path / name)
        assert "1 stream (" in _clips.verify(tmp_path / name, report)
    with av.open(tmp_path / "out.mp4") as written:
        assert sum(frame.samples for frame in written.decode(audio=0)) > 20000


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_clip_cuts_everything(rich: Path, tmp_path: Path, extension: str) -> None:
    output = tmp_path / f"out.{extension}"
    part = TimeRange(Fraction(160, 1000), Fraction(320, 1000))
    report = _clips.write(rich, output, clip=part)
    _clips.verify(output, report)
    assert _clips.times(output) == [Fraction(n, 25) for n in range(4)]
    for index in range(3):
        times = _clips.times(output, "audio", index)
        assert -Fraction(22, 1000) <= times[0] <= Fraction(22, 1000)
        assert times[-1] < Fraction(160, 1000)
    with av.open(output) as written:
        chapters = [(c["start"] * c["time_base"], c["end"] * c["time_base"]) for c in written.chapters()]
    assert chapters == [(0, Fraction(40, 1000)), (Fraction(40, 1000), Fraction(160, 1000))]


@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv", "webm", "ts"])
def test_clip_that_starts_between_all_ticks(tmp_path: Path, extension: str) -> None:
    film = _clips.make(tmp_path / "film.mp4", Clip(rate=Fraction(30000, 1001), sounds=[("aac", "eng")]))
    output = tmp_path / f"out.{extension}"
    report = _clips.write(film, output, clip=TimeRange(Fraction(1, 7), Fraction(3, 10)))
    _clips.verify(output, report)
    expected = [t - Fraction(1, 7) for t in _clips.times(film) if Fraction(1, 7) <= t < Fraction(3, 10)]
    found = _clips.times(output)
    tick = {"mp4": 0, "mov": 0}.get(extension, Fraction(1, 1000))
    base = _clips.signal_of(film).time_base
    assert all(abs(a - b) <= tick + base for a, b in zip(expected, found, strict=True))


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_cover_art(tmp_path: Path, extension: str) -> None:
    """A cover is no film: it is carried, not painted."""
    data = _jpeg()
    film = _make_with_cover(tmp_path / "film.mp4", data)
    output = tmp_path / f"out.{extension}"
    report = _clips.write(film, output)
    assert report.notes == ()
    _clips.verify(output, report)
    with av.open(output) as written:
        covers = [s for s in written.streams.video if s.disposition & Disposition.attached_pic]
        assert len(covers) == 1
        assert bytes(next(written.demux(covers[0]))) == data


def test_cover_and_odd_tags_in_mp4(tmp_path: Path) -> None:
    """mp4 has a place for the one or for the other."""
    film = _make_with_cover(tmp_path / "film.mp4", _jpeg())
    _clips.write(film, tmp_path / "film.mkv")
    tagged = tmp_path / "tagged.mkv"
    with av.open(tmp_path / "film.mkv") as source, av.open(tagged, "w") as output:
        output.metadata.update(title="Film", DIRECTOR="somebody")
        copy = output.add_stream_from_template(source.streams.video[0], opaque=True)
        output.add_attachment("cover.jpg", "image/jpeg", _jpeg())
        for packet in source.demux(source.streams.video[0]):
            if packet.size:
                packet.dts, packet.stream = packet.dts if packet.dts is not None else -100, copy
                output.mux(packet)
    report = _clips.write(tagged, tmp_path / "out.mp4")
    assert report.notes == ("tags DIRECTOR: mp4 can't hold them, left out",)
    _clips.verify(tmp_path / "out.mp4", report)
    with av.open(tmp_path / "out.mp4") as written:
        assert written.metadata["title"] == "Film"
    report = _clips.write(film, tmp_path / "out.mov")
    assert report.notes == ("stream 1 (video, mjpeg): mov can't hold it, left out",)
    _clips.verify(tmp_path / "out.mov", report)


def _jpeg() -> bytes:
    with av.open(io.BytesIO(), "w", format="image2pipe") as picture:
        stream = picture.add_stream("mjpeg", 25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuvj420p"
        return bytes(stream.encode(av.VideoFrame(32, 32, "yuvj420p"))[0])


def _make_with_cover(path: Path, data: bytes) -> Path:
    with av.open(path, "w") as output:
        video = _clips._add_video(output, Clip())
        cover = output.add_stream("mjpeg", 1)
        cover.width, cover.height, cover.pix_fmt = 32, 32, "yuvj420p"
        cover.disposition = Disposition.attached_pic
        packet = av.Packet(data)
        packet.stream, packet.pts, packet.dts, packet.time_base = cover, 0, 0, Fraction(1)
        for other in _clips._video_packets(video, Clip()):
            output.mux(other)
        output.mux(packet)
    return path


def _make_with_two_pictures(path: Path) -> Path:
    """The second one of 40 frames too, with reordered frames and a key frame every tenth."""
    clip = Clip(frames=40)
    with av.open(path, "w") as output:
        streams = [_clips._add_video(output, clip) for _ in range(2)]
        streams[1].codec_context.options = {"x264-params": "keyint=10:bframes=2:b-adapt=0"}
        packets = [packet for stream in streams for packet in _clips._video_packets(stream, clip)]
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            output.mux(packet)
    return path


@pytest.mark.parametrize("extension", ["mkv", "mp4", "mov"])
@pytest.mark.parametrize("source", ["mkv", "mp4"])
def test_second_picture_is_carried(tmp_path: Path, source: str, extension: str) -> None:
    film, output = _make_with_two_pictures(tmp_path / f"film.{source}"), tmp_path / f"out.{extension}"
    report = _clips.write(film, output)
    assert report.notes == ()
    assert "40 frames, times equal, 1 stream (40 packets) identical" in _clips.verify(output, report)
    assert _clips.times(output, "video", 1) == _clips.times(film, "video", 1)
    assert _clips.payloads(output, "video", 1) == _clips.payloads(film, "video", 1)
    assert _clips.payloads(output, "video", 0) != _clips.payloads(film, "video", 0)


@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_second_picture_of_a_clip_begins_with_a_key_frame(tmp_path: Path, extension: str) -> None:
    film, output = _make_with_two_pictures(tmp_path / "film.mkv"), tmp_path / f"out.{extension}"
    report = _clips.write(film, output, clip=TimeRange(Fraction(1, 5), Fraction(1)))
    assert report.notes == ("stream 1 (video, h264): begins at its first key frame after the start",)
    _clips.verify(output, report)
    with av.open(output) as written:
        frames = list(written.decode(video=1))
    assert [frame.pts * frame.time_base for frame in frames][:15] == [Fraction(n, 25) for n in range(5, 20)]
    assert not any(frame.is_corrupt for frame in frames)


@pytest.mark.parametrize("extension", ["webm", "avi", "ts", "gif"])
def test_second_picture_that_does_not_fit_is_named(tmp_path: Path, extension: str) -> None:
    film, output = _make_with_two_pictures(tmp_path / "film.mkv"), tmp_path / f"out.{extension}"
    report = _clips.write(film, output, **({"preset": "8"} if extension == "webm" else {}))
    assert [n for n in report.notes if n.startswith("stream 1 (video, h264): ") and n.endswith("left out")]
    assert "40 frames, times equal" in _clips.verify(output, report)


def test_late_sound_in_avi_gets_silence(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    with av.open(film, "w") as output:
        video = _clips._add_video(output, Clip())
        sound = _clips._add_sound(output, "mp2", "eng")
        packets = list(_clips._video_packets(video, Clip()))
        late = _clips._sound_packets(sound, 440, Fraction(1, 4))
        for packet in late:
            packet.pts += 9600
            packet.dts += 9600
        for packet in packets + late:
            output.mux(packet)
    report = _clips.write(film, tmp_path / "out.avi")
    assert "converted to pcm_s16le" in report.notes[0]
    _clips.verify(tmp_path / "out.avi", report)
    with av.open(tmp_path / "out.avi") as written:
        frames = [f.to_ndarray().ravel() for f in written.decode(audio=0)]
    heard = [n for n, value in enumerate(v for f in frames for v in f) if abs(int(value)) > 500]
    assert abs(heard[0] - 9600) < 1200


def test_damaged_tail_ends_with_a_note(tmp_path: Path) -> None:
    film = _clips.make(
        tmp_path / "film.mp4", Clip(sounds=[("aac", "eng")], options={"movflags": "faststart"})
    )
    whole = film.read_bytes()
    film.write_bytes(whole[: len(whole) * 2 // 3])
    report = _clips.write(film, tmp_path / "out.mp4", frames=5)
    assert report.frames == 5
    _clips.verify(tmp_path / "out.mp4", report)


def test_source_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be opened again"):
        Carrier(tmp_path / "gone.mp4", formats.CONTAINERS["mp4"], TimeRange())


@pytest.mark.parametrize("extension", ["mp4", "mkv", "mov", "webm", "avi", "ts", "gif"])
def test_big_buck_bunny(tmp_path: Path, extension: str) -> None:
    film = _clips.big_buck_bunny()
    output = tmp_path / f"out.{extension}"
    preset = {"webm": "8", "gif": None}.get(extension, "ultrafast")
    report = _clips.write(film, output, frames=3, preset=preset)
    _clips.verify(output, report)
    if extension in ("mp4", "mkv", "mov", "avi"):
        assert _clips.payloads(output, "audio") == _clips.payloads(film, "audio")
        assert len(_clips.payloads(output, "audio")) == 249
    if extension in ("mp4", "mov"):
        assert _clips.times(output, "audio") == _clips.times(film, "audio")


def test_overlapping_cues_start_in_time(tmp_path: Path) -> None:
    """mp4 shows one cue at a time: the first one ends where the next begins."""
    cues = [(0, 300, "one"), (120, 400, "two"), (120, 440, "three")]
    film = _clips.make(tmp_path / "film.mkv", Clip(cues=cues))
    for name, starts in (("out.mp4", [0, 120, 121]), ("out.mkv", [0, 120, 120])):
        report = _clips.write(film, tmp_path / name)
        _clips.verify(tmp_path / name, report)
        cut = (
            "stream 1 (subtitle, subrip, eng): mp4 shows one subtitle at a time; 2 end where the next begins"
        )
        assert (cut in report.notes) == (name == "out.mp4")
        with av.open(tmp_path / name) as output:
            packets = [p for p in output.demux(subtitles=0) if p.size > 2]
        assert [p.pts * p.time_base * 1000 for p in packets] == starts


def test_pauses_between_cues_are_not_damage(tmp_path: Path) -> None:
    """mov_text has a packet of no text for each."""
    film = _clips.make(tmp_path / "film.mkv", Clip(cues=[(40, 120, "one"), (200, 300, "two")]))
    _clips.write(film, tmp_path / "out.mp4")
    with av.open(tmp_path / "out.mp4") as output:
        sizes = [packet.size for packet in output.demux(subtitles=0)]
    assert 2 in sizes
    report = _clips.write(tmp_path / "out.mp4", tmp_path / "back.mkv")
    _clips.verify(tmp_path / "back.mkv", report)
    assert not [note for note in report.notes if "decoded" in note]
    with av.open(tmp_path / "back.mkv") as output:
        assert len([packet for packet in output.demux(subtitles=0) if packet.size]) == 2


def test_tags_in_an_unknown_coding_pass(tmp_path: Path) -> None:
    film = tmp_path / "film.mkv"
    with av.open(film, "w", metadata_errors="surrogateescape") as output:
        output.metadata["title"] = b"caf\xe9".decode("utf-8", "surrogateescape")
        video = _clips._add_video(output, Clip(frames=1))
        for packet in _clips._video_packets(video, Clip(frames=1)):
            output.mux(packet)
    carrier = Carrier(film, formats.CONTAINERS["mkv"], TimeRange())
    assert carrier.source.metadata["title"] == "caf\udce9"
    carrier.close()
    _clips.write(film, tmp_path / "out.mkv")
    with av.open(tmp_path / "out.mkv", metadata_errors="surrogateescape") as output:
        assert output.metadata["title"] == "caf\udce9"


@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_clip_keeps_the_cover(tmp_path: Path, extension: str) -> None:
    data = _jpeg()
    film, output = _make_with_cover(tmp_path / "film.mp4", data), tmp_path / f"out.{extension}"
    report = _clips.write(film, output, clip=TimeRange(Fraction(1, 5), Fraction(2, 5)))
    assert report.notes == ()
    _clips.verify(output, report)
    with av.open(output) as written:
        covers = [s for s in written.streams.video if s.disposition & Disposition.attached_pic]
        assert [bytes(next(written.demux(cover))) for cover in covers] == [data]


@pytest.mark.parametrize("source", ["mkv", "mp4"])
@pytest.mark.parametrize("extension", ["mp4", "mkv"])
def test_clip_keeps_a_subtitle_that_is_on_screen(tmp_path: Path, source: str, extension: str) -> None:
    cues = [(0, 600, "gone"), (800, 4500, "on screen"), (4600, 4800, "later"), (5100, 5200, "too late")]
    film = _clips.make(tmp_path / "film.mkv", Clip(frames=150, cues=cues))
    if source == "mp4":
        _clips.write(film, tmp_path / "film.mp4")
        film = tmp_path / "film.mp4"
    output = tmp_path / f"out.{extension}"
    report = _clips.write(film, output, clip=TimeRange(Fraction(4), Fraction(5)))
    _clips.verify(output, report)
    with av.open(output) as written:
        found = [p for p in written.demux(subtitles=0) if p.size > 2]
        times = [(p.pts * p.time_base * 1000, p.duration * p.time_base * 1000) for p in found]
    assert times == [(0, 500), (600, 200)]
    assert [b"on screen" in bytes(p) for p in found] == [True, False]


@pytest.mark.parametrize(
    ("sound", "rate"),
    [
        ("aac", 25),
        ("aac", 30),
        ("libmp3lame", 25),
        ("libmp3lame", 30),
        ("ac3", 30),
        ("flac", 25),  # at 30 FFmpeg does not put it into AVI
        ("pcm_s16le", 30),
    ],
)
@pytest.mark.parametrize("extension", ["mp4", "mov", "mkv"])
def test_from_avi(tmp_path: Path, sound: str, rate: int, extension: str) -> None:
    """AVI says neither when a frame is shown nor, often, how long a packet of sound lasts."""
    clip = Clip(codec="mpeg4", rate=Fraction(rate), sounds=[(sound, "eng")])
    film, output = _clips.make(tmp_path / "film.avi", clip), tmp_path / f"out.{extension}"
    report = _clips.write(film, output)
    _clips.verify(output, report)
    if not report.notes:
        assert _clips.payloads(output, "audio") == _clips.payloads(film, "audio")


@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_film_that_starts_late_in_avi(tmp_path: Path, extension: str) -> None:
    """With B-frames AVI's first time is no frame's, so the header can't tell where the film begins."""
    film = _clips.make(tmp_path / "film.avi", Clip(rate=Fraction(30), options={}))
    base = _clips.signal_of(film).time_base
    pictures = [av.VideoFrame(96, 64, "yuv420p") for _ in range(4)]
    output = tmp_path / f"out.{extension}"
    with _clips.sink(output, film, _clips.EncoderOptions(preset="ultrafast")) as writer:
        for pts, picture in enumerate(pictures, 1):
            picture.pts, picture.time_base = pts, base
            writer.write(picture)
        report = writer.finish()
    _clips.verify(output, _clips.Written(report, FramesRead(array("q", range(1, 5)), base, 0)))
    assert _clips.times(output) == [Fraction(n, 30) for n in range(1, 5)]


def _make_with_timecode(path: Path) -> Path:
    with av.open(path, "w") as output:
        video = _clips._add_video(output, Clip())
        video.metadata["timecode"] = "01:02:03:04"
        for packet in _clips._video_packets(video, Clip()):
            output.mux(packet)
    return path


@pytest.mark.parametrize("extension", ["mov", "mp4", "mkv", "avi", "ts"])
def test_time_code(tmp_path: Path, extension: str) -> None:
    """Kept where the muxer has a track for it, named where not."""
    film, output = _make_with_timecode(tmp_path / "film.mov"), tmp_path / f"out.{extension}"
    report = _clips.write(film, output)
    _clips.verify(output, report)
    said = [note for note in report.notes if note.startswith("stream 1 (data, time code, eng): ")]
    with av.open(output) as written:
        codes = [s.metadata.get("timecode") or s.metadata.get("TIMECODE") for s in written.streams]
    if extension in ("mov", "mp4"):
        assert (said, codes) == ([], ["01:02:03:04"] * 2)
    else:
        assert len(said) == 1
        assert codes == (["01:02:03:04"] if extension == "mkv" else [None])


@pytest.mark.parametrize("extension", ["mov", "mp4", "mkv", "avi"])
def test_time_code_of_a_clip_would_be_wrong(tmp_path: Path, extension: str) -> None:
    film, output = _make_with_timecode(tmp_path / "film.mov"), tmp_path / f"out.{extension}"
    report = _clips.write(film, output, clip=TimeRange(Fraction(1, 5), Fraction(2, 5)))
    _clips.verify(output, report)
    said = "stream 1 (data, time code, eng): counts from the film's own start, left out"
    assert said in report.notes
    with av.open(output) as written:
        assert not any("timecode" in map(str.lower, s.metadata) for s in written.streams)


def test_labels_that_avi_can_not_say(rich: Path, tmp_path: Path) -> None:
    report = _clips.write(rich, tmp_path / "out.avi")
    assert "stream 1 (audio, aac, eng): avi can't say its language" in report.notes
    assert (
        "stream 3 (audio, pcm_s16le, fra): avi can't say its language and that it is default" in report.notes
    )
