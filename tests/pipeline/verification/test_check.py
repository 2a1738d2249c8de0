"""Each fault that a painted film can have is found and named; a good one has none."""

from __future__ import annotations

import itertools
import re
import shutil
from collections.abc import Callable, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import pytest

from stylize_video.errors import InputError, UsageError
from stylize_video.pipeline.containers.formats import CONTAINERS
from stylize_video.pipeline.signal import ColorTags
from stylize_video.pipeline.verification import check as check_module
from stylize_video.pipeline.verification import decoding, labels, words
from stylize_video.pipeline.verification.check import Checked, check
from stylize_video.pipeline.verification.expectation import Part
from stylize_video.pipeline.verification.fingerprints import PrintedTally
from tests import media
from tests.pipeline import _clips, _codecs
from tests.pipeline._clips import Clip
from tests.pipeline._trip import trip
from tests.pipeline.verification._tampering import Tampering, altered, delayed, tamper
from tests.real import clocks, looks, streams

CLIP = Clip(
    sounds=[("aac", "eng"), ("aac", "deu")],
    cues=[(40, 200, "Hello"), (240, 400, "Goodbye")],
    rich=True,
    options={"x264-params": "bframes=0"},
)
FILM, SOUND, OTHER_SOUND, TEXT, FONT = range(5)


@pytest.fixture(scope="module", params=["mkv", "mp4"])
def films(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A film and what a job makes of it, of which copies are tampered with."""
    folder = tmp_path_factory.mktemp("films")
    source = _clips.make(folder / "film.mkv", CLIP)
    return source, _clips.write(source, folder / f"good.{request.param}").path


def faults(films: tuple[Path, Path], tampering: Tampering, **more: Any) -> list[str]:
    """What is said of an output that was tampered with."""
    source, output = films
    return said(check(source, tamper(output, output.with_stem("bad"), tampering), **more))


def said(checked: Checked) -> list[str]:
    assert checked.verified == (not [f for f in checked.findings if not f.expected])
    assert checked.verdict.startswith("verified: " if checked.verified else "not verified: ")
    return [finding.what for finding in checked.findings if not finding.expected]


def of(stream: int, change: Callable[[int, Any], Sequence[Any]]) -> Callable[[Any], Sequence[Any]]:
    """Packets of one stream through `change`, with their number."""
    count = itertools.count()
    return lambda packet: change(next(count), packet) if packet.stream.index == stream else [packet]


def test_an_untouched_film_has_no_fault(films: tuple[Path, Path]) -> None:
    source, output = films
    checked = check(source, output, decode=True)
    assert said(checked) == []
    assert checked.verdict.startswith("verified: 12 frames, times equal, ")
    assert checked.verdict.endswith("colour tags equal, all of it decoded")
    assert faults(films, Tampering(), decode=True) == []


def test_a_lost_frame(films: tuple[Path, Path]) -> None:
    (fault,) = faults(films, Tampering(of(FILM, lambda n, packet: [] if n == 5 else [packet])))
    assert fault == "11 frames in it, 12 were read; missing: that at 0.200 s"


def test_a_doubled_frame(films: tuple[Path, Path]) -> None:
    def twice(number: int, packet: Any) -> Sequence[Any]:
        again = delayed(altered(packet, bytes(packet)), Fraction(1, 50))
        return [packet, again] if number == 5 else [packet]

    (fault,) = faults(films, Tampering(of(FILM, twice)))
    assert fault == "13 frames in it, 12 were read; too many: that at 0.220 s"


def test_a_late_frame(films: tuple[Path, Path]) -> None:
    late = of(FILM, lambda n, packet: [delayed(packet, Fraction(1, 100) * (n == 5))])
    assert faults(films, Tampering(late)) == ["frame 5 is at 0.210000 s, not 0.200000 s"]


def test_a_late_packet(films: tuple[Path, Path]) -> None:
    late = of(SOUND, lambda n, packet: [delayed(packet, Fraction(1, 100) * (n == 8))])
    (fault,) = faults(films, Tampering(late))
    assert fault.startswith("stream 1 (audio, aac, eng): packet 8 is at 0.15")


def test_sound_shifted_by_40_ms(films: tuple[Path, Path]) -> None:
    (fault,) = faults(films, Tampering(of(SOUND, lambda _, packet: [delayed(packet, Fraction(1, 25))])))
    assert fault.startswith("stream 1 (audio, aac, eng): packet 0 is at 0.0")
    assert fault.endswith("; all 24 are 40 ms late")


def test_a_lost_packet_of_sound(films: tuple[Path, Path]) -> None:
    (fault,) = faults(films, Tampering(of(SOUND, lambda n, packet: [] if n == 8 else [packet])))
    assert fault.startswith("stream 1 (audio, aac, eng) has 23 packets, not 24; missing: that at 0.149")


def test_an_altered_packet_of_sound(films: tuple[Path, Path]) -> None:
    def other(number: int, packet: Any) -> Sequence[Any]:
        data = bytes(packet)
        return [altered(packet, data[:-1] + bytes([data[-1] ^ 1])) if number == 8 else packet]

    (fault,) = faults(films, Tampering(of(OTHER_SOUND, other)))
    assert fault == "stream 2 (audio, aac, deu) holds other bytes at 0.149 s"


@pytest.mark.parametrize("index", [SOUND, OTHER_SOUND, TEXT])
def test_a_missing_stream(films: tuple[Path, Path], index: int) -> None:
    fault, *_ = faults(films, Tampering(left_out=[index]))  # MP4's muxer marks another track then
    assert fault.startswith(f"stream {index} (")
    assert fault.endswith(" is missing")


def test_streams_that_have_changed_places(films: tuple[Path, Path]) -> None:
    (fault,) = faults(films, Tampering(first=[FILM, OTHER_SOUND]))
    assert fault == "stream 2 (audio, aac, deu) comes before stream 1 (audio, aac, eng)"


def test_another_text_in_a_subtitle(films: tuple[Path, Path]) -> None:
    def other(_: int, packet: Any) -> Sequence[Any]:
        return [altered(packet, bytes(packet).replace(b"Goodbye", b"Goodbuy"))]

    (fault,) = faults(films, Tampering(of(TEXT, other)))
    assert fault == "stream 3 (subtitle, subrip, eng) holds other text at 0.240 s"


def test_a_changed_tag(films: tuple[Path, Path]) -> None:
    assert faults(films, Tampering(tags={"title": "Movie"})) == [
        'the film: its tag "title" is "Movie", not "Film"'
    ]


def test_a_changed_language(films: tuple[Path, Path]) -> None:
    (fault,) = faults(films, Tampering(languages={SOUND: "fra"}))
    assert fault == 'stream 1 (audio, aac, eng): its language is "fra", not "eng"'


def test_a_lost_disposition(films: tuple[Path, Path]) -> None:
    (fault,) = faults(films, Tampering(unmarked=[TEXT]))
    assert fault == 'stream 3 (subtitle, subrip, eng): it is no longer marked "forced"'


def test_a_missing_chapter(films: tuple[Path, Path]) -> None:
    (fault,) = faults(films, Tampering(chapters=lambda chapters: chapters[:1]))
    assert fault == 'chapter 2 ("Two"), at 0.200000 s, is missing'


def test_another_font(tmp_path: Path) -> None:
    source = _clips.make(tmp_path / "film.mkv", CLIP)
    films = source, _clips.write(source, tmp_path / "good.mkv").path
    for tampering in (Tampering(left_out=[FONT]), Tampering(font=b"another")):
        assert faults(films, tampering) == ["stream 4 (attachment, font.ttf) is missing or altered"]


def test_wrong_colour_tags(films: tuple[Path, Path], tmp_path: Path) -> None:
    source, output = films
    other = tmp_path / output.name
    with _clips.sink(other, source, color=ColorTags(matrix=1, primaries=1)) as writer:
        _clips.feed(writer, source)
        writer.finish()
    assert said(check(source, other)) == [
        "colour matrix is 1 (BT.709), not 2 (not said)",
        "colour primaries is 1 (BT.709), not 2 (not said)",
    ]


def test_wrong_rotation(tmp_path: Path) -> None:
    source = media.rotated(tmp_path, 90).path
    for extension in ("mkv", "mp4", "mov"):
        good = trip(source, tmp_path / f"good.{extension}").path
        assert said(check(source, good)) == []
        bad = tmp_path / f"bad.{extension}"
        with _clips.sink(bad, source, quarter_turns=3, display_matrix=None) as writer:
            _clips.feed(writer, source)
            writer.finish()
        assert said(check(source, bad)) == ["pictures are turned by 270 degrees, not 90 degrees"]


def test_a_film_that_was_turned_when_it_was_painted(tmp_path: Path) -> None:
    source = media.rotated(tmp_path, 90).path
    upright = tmp_path / "upright.mkv"
    signal = _clips.signal_of(source)
    with _clips.sink(
        upright,
        source,
        quarter_turns=0,
        display_matrix=None,
        coded_width=signal.width,
        coded_height=signal.height,
    ) as writer:
        _clips.feed(writer, source)
        writer.finish()
    assert said(check(source, upright)) == []


def test_a_wrong_shape_of_samples(tmp_path: Path) -> None:
    source = media.anamorphic(tmp_path).path
    other = tmp_path / "other.mp4"
    with _clips.sink(other, source, sample_aspect_ratio=Fraction(1)) as writer:
        _clips.feed(writer, source)
        writer.finish()
    (fault,) = said(check(source, other))
    assert fault.startswith("samples are 1:1, not ")


def test_a_size_of_other_proportions(films: tuple[Path, Path], tmp_path: Path) -> None:
    source, output = films
    other = tmp_path / output.name
    with _clips.sink(other, source, coded_width=64, coded_height=64) as writer:
        _clips.feed(writer, source)
        writer.finish()
    assert "pictures are 64x64 px, not 96x64" in said(check(source, other))


def test_a_smaller_film_and_another_codec_are_expected(films: tuple[Path, Path], tmp_path: Path) -> None:
    source, _ = films
    small = tmp_path / "small.mkv"
    with _clips.sink(
        small, source, _clips.EncoderOptions(codec="ffv1"), coded_width=48, coded_height=32
    ) as writer:
        _clips.feed(writer, source)
        writer.finish()
    checked = check(source, small, decode=True)
    assert said(checked) == []
    assert "pictures are 48x32 px, not 96x64" in [finding.what for finding in checked.findings]


def test_a_truncated_film(films: tuple[Path, Path]) -> None:
    source, output = films
    cut = output.with_stem("cut")
    cut.write_bytes(output.read_bytes()[: output.stat().st_size * 2 // 3])
    if output.suffix == ".mp4":  # its index is gone
        with pytest.raises(InputError, match="not a film or a picture that FFmpeg can read"):
            check(source, cut)
    else:
        faults = said(check(source, cut))
        assert any("frames in it, 12 were read; missing: those at" in fault for fault in faults)


def test_a_truncated_film_with_its_index_in_front(tmp_path: Path) -> None:
    source = media.constant(tmp_path, count=25).path
    faults = said(check(source, media.truncated(tmp_path, name="cut.mp4").path))
    assert any(re.match(r"\d+ frames in it, 25 were read; missing: those at 0\.", fault) for fault in faults)
    assert any(re.match(r"its last frame is at 0\.\d+ s, but its header promises", fault) for fault in faults)


@pytest.mark.parametrize("beyond_decoding", [False, True])
@pytest.mark.parametrize("extension", ["mkv", "mp4"])
def test_a_frame_that_does_not_decode(tmp_path: Path, extension: str, *, beyond_decoding: bool) -> None:
    source = media.constant(tmp_path, count=25).path
    name = f"damaged.{extension}"
    bad = media.damaged(tmp_path, name=name, beyond_decoding=beyond_decoding).path
    without = said(check(source, bad))
    assert [fault for fault in said(check(source, bad, decode=True)) if fault not in without] == [
        "frames: 1 can't be decoded whole, at 0.320 s"
    ]


def test_sound_that_does_not_decode(films: tuple[Path, Path]) -> None:
    _, output = films
    bad = tamper(
        output,
        output.with_stem("bad"),
        Tampering(of(SOUND, lambda n, p: [altered(p, b"\xff" * p.size) if n == 8 else p])),
    )
    with av.open(bad) as film:
        (fault,) = decoding.findings(film, film.streams.video[0], [])
    assert fault.what.startswith("stream 1 (audio, aac, eng) can't be decoded whole, at 0.149")


def test_sound_that_does_not_decode_in_the_input_either(tmp_path: Path) -> None:
    source = _codecs.make(tmp_path / "film.mkv", _codecs.TRACKS["wmalossless"])
    checked = check(source, trip(source, tmp_path / "out.mkv").path, decode=True)
    assert said(checked) == []
    assert [finding.what for finding in checked.findings if finding.kind == "decoding"] == [
        "stream 1 (audio, wmalossless) can't be decoded whole, at 0.000 s; so it is in the input"
    ]
    assert not checked.verdict.endswith("decoded")


def test_converted_sound_shifted_by_40_ms(tmp_path: Path) -> None:
    source = media.pcm_sound(tmp_path).path
    good = trip(source, tmp_path / "good.mp4").path
    assert said(check(source, good)) == []
    late = of(1, lambda _, packet: [delayed(packet, Fraction(1, 25))])
    (fault,) = faults((source, good), Tampering(late))
    assert fault.startswith("stream 1 (audio, pcm_s16le): packet 0 is at ")


def test_an_excerpt(tmp_path: Path) -> None:
    source = _clips.make(tmp_path / "film.mkv", Clip(frames=50, sounds=[("aac", "eng")], rich=True))
    start, duration = Fraction(1, 2), Fraction(1)
    output = trip(source, tmp_path / "part.mkv", start=start, duration=duration).path
    assert said(check(source, output, Part(start, duration))) == []
    assert any(fault.startswith("25 frames in it, 50 were read") for fault in said(check(source, output)))


@pytest.mark.parametrize(
    ("make", "extension"),
    [
        (media.variable_rate, "mp4"),
        (media.variable_rate, "avi"),
        (media.start_offset, "mov"),
        (media.b_frames, "mkv"),
        (media.b_frames, "ts"),
        (media.cover_art, "mp4"),
        (media.cover_art, "mkv"),
        (media.odd_size, "mp4"),
        (media.rich, "webm"),
        (media.rich, "avi"),
        (media.truncated, "mp4"),
        (media.damaged, "mkv"),
        pytest.param(looks.hdr10, "mp4", marks=pytest.mark.slow),
        (looks.interlaced, "avi"),
        (clocks.two_recordings, "mp4"),
        (clocks.trimmed, "mkv"),
        (streams.two_films, "mkv"),
        (streams.disc, "mp4"),
    ],
)
def test_good_films_have_no_fault(tmp_path: Path, make: Callable[[Path], Any], extension: str) -> None:
    made = make(tmp_path)
    source = getattr(made, "path", made)
    output = trip(source, tmp_path / f"good.{extension}").path
    assert said(check(source, output, decode=True)) == []


def test_a_name_says_nothing_of_the_kind(films: tuple[Path, Path]) -> None:
    source, output = films
    renamed = shutil.copy(output, output.with_name("film.of.mine"))
    assert said(check(source, renamed)) == []


@pytest.mark.parametrize(
    ("codec", "written", "name"),
    [
        ("h264", "good.mkv", "out.webm"),
        ("h264", "good.mp4", "out.png"),
        ("vp9", "good.mp4", "out.mov"),
        ("prores", "good.mov", "out.mp4"),
    ],
)
def test_a_name_of_a_kind_that_cannot_hold_the_film(
    tmp_path: Path, codec: str, written: str, name: str
) -> None:
    source = media.constant(tmp_path).path
    made = tmp_path / written
    with _clips.sink(made, source, _clips.EncoderOptions(codec=codec)) as writer:
        _clips.feed(writer, source)
        writer.finish()
    assert said(check(source, Path(shutil.copy(made, tmp_path / name)))) == []


def test_a_gif(tmp_path: Path) -> None:
    source = media.animated_gif(tmp_path).path
    assert said(check(source, Path(shutil.copy(source, tmp_path / "good.gif")), decode=True)) == []


def test_a_codec_that_nothing_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source, raw = media.constant(tmp_path).path, tmp_path / "raw.mkv"
    with av.open(raw, "w", options={"allow_raw_vfw": "1"}) as output:
        stream = output.add_stream("rawvideo", rate=25, width=64, height=48, pix_fmt="bgr24")
        output.mux(stream.encode(av.VideoFrame(64, 48, "bgr24")))
    with pytest.raises(InputError, match="can't be checked, as FFmpeg doesn't write rawvideo to mkv"):
        check(source, raw)
    monkeypatch.setattr(check_module, "_kind", lambda _: CONTAINERS["mkv"])  # as if it had not been noticed
    with pytest.raises(InputError, match="can't be checked, as FFmpeg doesn't write its like to mkv"):
        check(source, raw)


def test_a_lost_frame_of_a_film_whose_sound_is_longer(tmp_path: Path) -> None:
    source = _clips.make(tmp_path / "film.mkv", Clip(frames=25, options={"x264-params": "bframes=0"}))
    longer = tmp_path / "longer.mkv"
    with av.open(source) as film, av.open(longer, "w") as output:
        pictures = output.add_stream_from_template(film.streams.video[0], opaque=True)
        sound = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        for packet in film.demux(video=0):
            if packet.size:
                packet.stream = pictures
                output.mux(packet)
        for tenth in range(30):
            frame = av.AudioFrame(format="s16", layout="mono", samples=800)
            frame.sample_rate, frame.pts = 8000, 800 * tenth
            output.mux(sound.encode(frame))
    good = trip(longer, tmp_path / "good.mkv").path
    for lost in (5, 24):  # the last one is missing at the end, but the file is whole
        (fault,) = faults(
            (longer, good), Tampering(of(FILM, lambda n, p, lost=lost: [] if n == lost else [p]))
        )
        assert fault.startswith("24 frames in it, 25 were read; missing: that at ")


def test_the_encoder_of_an_avi_is_its_own_affair() -> None:
    assert labels.kept({"software": "Lavf59.27.100", "title": "Film"}) == {"title": "Film"}


def test_a_packet_takes_as_many_bytes_as_is_said() -> None:
    tally = PrintedTally("h264")
    assert tally.prints.itemsize + tally.times.itemsize == 12
    tally.prints.append(2**32 - 1)


@pytest.mark.parametrize(("ms", "told"), [(40, "40 ms late"), (1600, "1.6 s late"), (75_250, "75.25 s late")])
def test_how_late_is_said_in_words(ms: int, told: str) -> None:
    clock = Fraction(1, 1000)
    wanted, found = words.Series([0, 40], clock), words.Series([ms, ms + 40], clock)
    assert words.other_times("frame", wanted, found, [0, 1], 0).what.endswith(f"; all 2 are {told}")


def test_one_frame_is_no_plural() -> None:
    one, two = words.Series([0], Fraction(1, 25)), words.Series([0, 1], Fraction(1, 25))
    assert words.other_count(two, one, 0).what == "1 frame in it, 2 were read; missing: that at 0.040 s"
    assert words.other_count(one, two, 0).what == "2 frames in it, 1 was read; too many: that at 0.040 s"


def test_what_cannot_be_checked(films: tuple[Path, Path], tmp_path: Path) -> None:
    source, output = films
    with pytest.raises(UsageError, match="is the input itself"):
        check(source, source)
    with pytest.raises(InputError, match="no such file"):
        check(source, tmp_path / "gone.mkv")
    (tmp_path / "text.mkv").write_text("no film")
    with pytest.raises(InputError, match="is a text"):
        check(source, tmp_path / "text.mkv")
    with pytest.raises(InputError, match="is a text"):
        check(tmp_path / "text.mkv", output)
