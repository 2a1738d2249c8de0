"""Sound that is converted: its channels, its last frames, and what is wrong with it."""

from __future__ import annotations

import io
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from stylize_video.pipeline.carried.trial import Trial
from stylize_video.pipeline.containers import channels, formats
from stylize_video.pipeline.time_range import TimeRange
from tests.pipeline import _clips, _codecs
from tests.pipeline._clips import Clip

_RATE = 48000
_PITCHES = (300, 400, 500, 600, 700, 800, 900, 1000)  # Hz, of the n-th channel
_FILM = Clip(frames=2)


def _film(path: Path, layout: str, *, named: bool = True) -> Path:
    """PCM with a tone of its own in each channel; in mkv without the layout's name."""
    with av.open(path, "w") as output:
        video = _clips._add_video(output, _FILM)
        track = output.add_stream("pcm_f32be" if path.suffix == ".mov" else "pcm_f32le", _RATE)
        track.codec_context.layout = layout
        for packet in _clips._video_packets(video, _FILM):
            output.mux(packet)
        output.mux(track.encode(_tones(layout)))
    with av.open(path) as film:
        assert (film.streams.audio[0].layout.name == layout) == named
    return path


def _tones(layout: str, samples: int = 19200) -> av.AudioFrame:
    times = np.arange(samples) / _RATE
    count = av.AudioLayout(layout).nb_channels
    waves = np.stack([0.2 * np.sin(2 * np.pi * pitch * times) for pitch in _PITCHES[:count]], 1)
    frame = av.AudioFrame.from_ndarray(waves.astype(np.float32).reshape(1, -1), "flt", layout)
    frame.sample_rate, frame.pts, frame.time_base = _RATE, 0, Fraction(1, _RATE)
    return frame


def _heard(path: Path) -> dict[str, set[int]]:
    """Which tones (the source's channels by number) each channel of the film holds."""
    with av.open(path) as film:
        flat = av.AudioResampler("flt", rate=_RATE)
        frames = [made for frame in film.decode(audio=0) for made in flat.resample(frame)]
    names = [channel.name for channel in frames[0].layout.channels]
    waves = np.concatenate([frame.to_ndarray().reshape(-1, len(names)) for frame in frames])[4800:14400]
    power = abs(np.fft.rfft(waves, axis=0)) / len(waves) * 2  # 5 Hz a bin
    found = {}
    for index, name in enumerate(names):
        found[name] = {n for n, pitch in enumerate(_PITCHES) if power[pitch // 5, index] > 0.04}
    return found


# Where each channel must be heard: the speakers of ITU-R BS.2051, sides and backs being the same pair in
# layouts of up to six channels.
@pytest.mark.parametrize("extension", ["webm", "mp4", "avi"])
@pytest.mark.parametrize(
    "layout", ["2.1", "4.0", "quad", "5.0", "5.0(side)", "5.1", "5.1(side)", "6.1", "7.1", "7.1(wide)"]
)
def test_every_channel_keeps_its_place(tmp_path: Path, layout: str, extension: str) -> None:
    film = _film(tmp_path / "film.mov", layout)
    output = tmp_path / f"out.{extension}"
    report = _clips.write(film, output, **({"preset": "8"} if extension == "webm" else {}))
    _clips.verify(output, report)
    names = [channel.name for channel in av.AudioLayout(layout).channels]
    heard = _heard(output)
    mixed = any("mixed" in note for note in report.notes)
    for index, name in enumerate(names):
        if name == "LFE":
            continue  # AAC and Opus leave out what is higher there
        places = {place for place, tones in heard.items() if index in tones}
        twin = {"SL": "BL", "SR": "BR"}.get(name, name)
        if name in heard or twin in heard:
            assert places == {name if name in heard else twin}
        else:
            assert mixed
            assert places
    assert mixed or all(len(tones) <= 1 for tones in heard.values())


@pytest.mark.parametrize(("count", "expected"), [(3, "3.0"), (4, "quad"), (5, "5.1"), (6, "5.1")])
def test_channels_without_names(tmp_path: Path, count: int, expected: str) -> None:
    layout = {3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"}[count]
    film = _film(tmp_path / "film.mkv", layout, named=False)
    report = _clips.write(film, tmp_path / "out.webm", preset="8")
    _clips.verify(tmp_path / "out.webm", report)
    heard = _heard(tmp_path / "out.webm")
    assert set(heard) == {channel.name for channel in av.AudioLayout(expected).channels}
    assert f"{count} channels without names taken for {expected}" in "\n".join(report.notes)


def test_more_channels_than_anybody_can_place(tmp_path: Path) -> None:
    with av.open(tmp_path / "film.mkv", "w") as output:
        video = _clips._add_video(output, _FILM)
        track = output.add_stream("pcm_s16le", _RATE)
        track.codec_context.layout = "hexadecagonal"
        for packet in _clips._video_packets(video, _FILM):
            output.mux(packet)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16 * 4800), np.int16), "s16", "hexadecagonal")
        frame.sample_rate, frame.pts, frame.time_base = _RATE, 0, Fraction(1, _RATE)
        output.mux(track.encode(frame))
    report = _clips.write(tmp_path / "film.mkv", tmp_path / "out.mp4")
    _clips.verify(tmp_path / "out.mp4", report)
    assert report.notes == (
        "stream 1 (audio, pcm_s16le): no encoder here for its channels (16 channels), left out",
    )


def test_channels_in_an_order_of_their_own(tmp_path: Path) -> None:
    """PyAV frees the list of such channels twice, which ends the process."""
    film = _film(tmp_path / "film.mov", "stereo")
    data = film.read_bytes()
    labels = b"".join(struct.pack(">II12x", label, 0) for label in (2, 1))  # right before left
    film.write_bytes(_with_channels(data, struct.pack(">III", 0, 0, 2) + labels))
    report = _clips.write(film, tmp_path / "out.mp4")
    _clips.verify(tmp_path / "out.mp4", report)
    assert _heard(tmp_path / "out.mp4") == {"FL": {1}, "FR": {0}}


def _with_channels(data: bytes, description: bytes) -> bytes:
    """A QuickTime file, whose index comes last, with another list of channels."""
    at = data.rindex(b"chan") - 4
    size = int.from_bytes(data[at : at + 4], "big")
    new = struct.pack(">I4sI", 12 + len(description), b"chan", 0) + description
    made = bytearray(data[:at] + new + data[at + size :])
    boxes = [data.rindex(name, 0, at) - 4 for name in (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd")]
    for box in (*boxes, boxes[-1] + 16):  # a sample's description, by whatever name, begins 16 bytes on
        grown = int.from_bytes(made[box : box + 4], "big") + len(new) - size
        made[box : box + 4] = grown.to_bytes(4, "big")
    return bytes(made)


def test_nothing_gets_louder_than_full_scale() -> None:
    for name in ("22.2", "octagonal", "6.1(back)", "7.1(wide)"):
        matrix = channels._matrix(channels.named(name), channels.named("5.1").channels)
        assert matrix is not None
        assert max(sum(gains.values()) for gains in matrix.values()) == pytest.approx(1)
        heard = {index for gains in matrix.values() for index in gains}
        assert heard == set(range(len(channels.named(name).channels)))


@pytest.mark.parametrize("extension", ["mp4", "webm", "ts"])
def test_last_frame_without_a_time(tmp_path: Path, extension: str) -> None:
    """A decoder with a delay, such as WMA's, gives its last frame no time when it is drained."""
    track = _codecs._encoded("wmav2", 44100, bit_rate=64_000)
    film = _codecs.make(tmp_path / "film.mkv", track)
    report = _clips.write(film, tmp_path / f"out.{extension}")
    _clips.verify(tmp_path / f"out.{extension}", report)
    with av.open(film) as source, av.open(tmp_path / f"out.{extension}") as written:
        lengths = [
            sum(Fraction(frame.samples, frame.sample_rate) for frame in opened.decode(audio=0))
            for opened in (source, written)
        ]
    assert abs(lengths[0] - lengths[1]) < Fraction(1, 20)


def test_sound_that_changes_its_channels(tmp_path: Path) -> None:
    """In broadcasts it goes from stereo to 5.1 and back."""
    with av.open(tmp_path / "film.ts", "w") as output:
        video = _clips._add_video(output, _FILM)
        packets = list(_clips._video_packets(video, _FILM))
        with av.open(io.BytesIO(), "w", format="null") as nowhere:
            sounds = [nowhere.add_stream("ac3", _RATE) for _ in range(2)]
            for part, layout in zip(sounds, ("stereo", "5.1"), strict=True):
                part.codec_context.layout = layout
            nowhere.start_encoding()
            copy = _codecs._like(sounds[0], output)
            for number, part in enumerate(sounds):
                frame = _tones(part.codec_context.layout.name, 9600)
                frame.pts = 9600 * number
                packets += [_moved(p, copy) for p in part.encode(frame) if p.pts is not None]
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            output.mux(packet)
    for extension in ("webm", "avi"):
        output = tmp_path / f"out.{extension}"
        _clips.verify(output, _clips.write(tmp_path / "film.ts", output))
        with av.open(output) as written:
            seconds = sum(Fraction(f.samples, f.sample_rate) for f in written.decode(audio=0))
        assert seconds > Fraction(3, 10)


def _moved(packet: Any, stream: Any) -> Any:
    packet.stream = stream
    return packet


def test_sound_none_of_which_can_be_decoded(tmp_path: Path) -> None:
    film = _codecs.make(tmp_path / "film.mkv", _codecs.TRACKS["wmapro"])
    report = _clips.write(film, tmp_path / "out.ts")
    _clips.verify(tmp_path / "out.ts", report)
    assert "packets can't be decoded" in report.notes[-1]


@pytest.mark.parametrize("extension", ["mkv", "mp4", "ts"])
def test_a_packet_that_the_container_would_refuse_is_found_before(tmp_path: Path, extension: str) -> None:
    """AAC without a header, in a track that no other describes: muxers fail at another packet's turn."""
    film = _codecs.make(tmp_path / "film.ts", _codecs.TRACKS["aac"])
    with av.open(film) as source:
        track = source.streams.audio[0]
        trial = Trial(track, formats.CONTAINERS[extension])
        for number, packet in enumerate(source.demux(track)):
            if not packet.size:
                continue
            good = (packet.stream, packet.pts, packet.dts, packet.duration, packet.time_base)
            bad = av.Packet(bytes(packet)[7:])
            bad.stream, bad.pts, bad.dts, bad.time_base = track, packet.pts, packet.dts, packet.time_base
            assert trial.takes(packet)
            assert (packet.stream, packet.pts, packet.dts, packet.duration, packet.time_base) == good
            assert number % 2 or not trial.takes(bad)
        trial.close()


def test_sound_that_reaches_into_the_film_from_before(tmp_path: Path) -> None:
    """A transport stream has no times below 0: the packet begins with the film."""
    film = _codecs.make(tmp_path / "film.mkv", _codecs._encoded("aac"))
    part = TimeRange(Fraction(1, 50), None)
    report = _clips.write(film, tmp_path / "out.ts", clip=part)
    _clips.verify(tmp_path / "out.ts", report)
    assert min(_clips.times(tmp_path / "out.ts", "audio")) < 5


def test_sound_that_ffmpeg_has_no_decoder_for(tmp_path: Path) -> None:
    """It is copied like any other, or named."""
    sonic = _codecs._read(_codecs._wav(0x2048, 44100, 2, 64), "wav")
    film = _codecs.make(tmp_path / "film.mkv", sonic)
    for extension, notes in (
        ("mkv", ()),
        ("avi", ()),
        ("mp4", ("stream 1 (audio, sonic): mp4 can't hold it, left out",)),
    ):
        report = _clips.write(film, tmp_path / f"out.{extension}")
        assert report.notes == notes
        assert ("1 stream (" in _clips.verify(tmp_path / f"out.{extension}", report)) == (not notes)
