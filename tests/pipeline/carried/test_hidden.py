"""What an edit list cuts away of a film's sound is not heard again, whatever the container."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from stylize_video.pipeline.carried import hidden
from stylize_video.pipeline.containers import formats
from tests.pipeline import _clips
from tests.pipeline._trip import trip
from tests.pipeline.carried.test_sound import _with_channels

RATE = 48000  # samples/s
CUT = 14400 + 100  # samples that are hidden: no whole number of any codec's frames


def edited(
    path: Path,
    codec: str,
    *,
    loud: slice,
    cut: int = CUT,
    seconds: Fraction = Fraction(1),
    layout: str = "mono",
) -> Path:
    """An MP4 whose edit list hides the first `cut` samples of its sound, which is a tone at `loud`."""
    total = cut + int(seconds * RATE)
    tone = np.zeros(total, np.float64)
    tone[loud] = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(total)[loud] / RATE)
    with av.open(path, "w") as output:
        picture: Any = output.add_stream("libx264", 25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound: Any = output.add_stream(codec, RATE)
        sound.layout = layout
        packets = encoded(picture) + encoded_sound(sound, tone, cut)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            output.mux(packet)
    return path


def encoded(picture: Any) -> list[Any]:
    packets = []
    for number in range(25):
        frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 10 * number, np.uint8), "rgb24")
        frame.pts = number
        packets += picture.encode(frame.reformat(format="yuv420p"))
    return packets + picture.encode(None)


def encoded_sound(sound: Any, tone: NDArray[np.float64], cut: int) -> list[Any]:
    frame = av.AudioFrame.from_ndarray(np.rint(tone * 32767).astype(np.int16)[None], "s16", "mono")
    frame.sample_rate, frame.pts, frame.time_base = RATE, -cut, Fraction(1, RATE)
    context = sound.codec_context
    resampler = av.AudioResampler(context.format, context.layout, RATE, context.frame_size or 1024)
    packets = []
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        packets += sound.encode(piece)
    return packets + sound.encode(None)


def heard(path: Path) -> tuple[Fraction, NDArray[np.float64]]:
    """When the first sample is heard (s), and all of them; of full scale."""
    begin, pieces = None, []
    with av.open(path) as film:
        for frame in film.decode(audio=0):
            begin = frame.pts * frame.time_base if begin is None else begin
            values = frame.to_ndarray().astype(np.float64).reshape(-1)
            pieces.append(values / (1 if frame.format.name.startswith("flt") else 32768))
    assert begin is not None
    return begin, np.concatenate(pieces)


CONTAINERS = ["mp4", "mov", "mkv", "webm", "ts", "avi"]


@pytest.mark.parametrize("extension", CONTAINERS)
@pytest.mark.parametrize(("codec", "source"), [("aac", "film.mp4"), ("pcm_s16le", "film.mov")])
def test_a_hidden_tone_stays_hidden(tmp_path: Path, codec: str, source: str, extension: str) -> None:
    film = edited(tmp_path / source, codec, loud=slice(0, CUT - 2000))
    result = trip(film, tmp_path / f"out.{extension}")
    begin, samples = heard(result.path)
    assert abs(begin) < Fraction(1, 1000)
    assert np.abs(samples).max() < 0.01
    assert len(result.times()) == 25
    assert abs(len(samples) - RATE) < 0.05 * RATE


@pytest.mark.parametrize("extension", CONTAINERS)
def test_what_is_heard_begins_where_it_did(tmp_path: Path, extension: str) -> None:
    """A tone half a second after the film's beginning, behind a hidden part that is silent."""
    film = edited(tmp_path / "film.mov", "pcm_s16le", loud=slice(CUT + RATE // 2, CUT + RATE * 3 // 4))
    result = trip(film, tmp_path / f"out.{extension}")
    begin, samples = heard(result.path)
    onset = begin + Fraction(int((np.abs(samples) > 0.1).argmax()), RATE)
    assert abs(onset - Fraction(1, 2)) < Fraction(2, 1000)


def test_pcm_is_cut_without_loss(tmp_path: Path) -> None:
    film = edited(tmp_path / "film.mov", "pcm_s16le", loud=slice(None))
    for extension in ("mkv", "avi"):
        result = trip(film, tmp_path / f"out.{extension}")
        assert np.array_equal(heard(result.path)[1], heard(film)[1])
        assert any("can't say what is cut away of it" in note for note in result.notes)


@pytest.mark.parametrize("extension", ["mp4", "mov"])
def test_a_last_packet_of_a_few_samples_is_not_cut_off(tmp_path: Path, extension: str) -> None:
    """Eight of them, a sixth of a tick of MP4's usual clock."""
    length = Fraction(40 * 1024 + 8, RATE)
    film = edited(tmp_path / "film.mkv", "flac", loud=slice(None), cut=0, seconds=length)
    with av.open(film) as source:
        assert source.streams.audio[0].codec_context.name == "flac"
    result = trip(film, tmp_path / f"out.{extension}")
    assert result.times("audio")[-1] <= length - Fraction(8, RATE)


@pytest.mark.parametrize("extension", ["mkv", "ts", "avi"])
def test_a_codecs_own_delay_is_copied(tmp_path: Path, extension: str) -> None:
    """Whatever the sound: every AAC file has it, and nothing was cut away."""
    film = edited(tmp_path / "film.mp4", "aac", loud=slice(None), cut=0)
    container, _ = formats.check_output(tmp_path / f"out.{extension}")
    with av.open(film) as source:
        assert not hidden.has_hidden_beginning(film, source.streams.audio[0], container)
    result = trip(film, tmp_path / f"out.{extension}")
    assert "1 stream (" in result.verified


def test_a_little_that_sounds_is_cut(tmp_path: Path) -> None:
    """Three packets and a bit, less than a codec's delay could be."""
    film = edited(tmp_path / "film.mp4", "aac", loud=slice(None), cut=3500)
    result = trip(film, tmp_path / "out.mkv")
    assert any("can't say what is cut away of it" in note for note in result.notes)
    assert abs(heard(result.path)[0]) < Fraction(1, 1000)


def test_channels_in_an_order_of_their_own(tmp_path: Path) -> None:
    """PyAV frees the list of such channels twice, which ends the process."""
    film = edited(tmp_path / "film.mov", "pcm_s16le", loud=slice(0), cut=RATE // 10, layout="stereo")
    labels = b"".join(struct.pack(">II12x", label, 0) for label in (2, 1))  # right before left
    film.write_bytes(_with_channels(film.read_bytes(), struct.pack(">III", 0, 0, 2) + labels))
    result = trip(film, tmp_path / "out.mkv")
    assert "1 stream (" in result.verified  # silence is copied


def test_a_hidden_part_of_a_clip(tmp_path: Path) -> None:
    film = edited(tmp_path / "film.mp4", "aac", loud=slice(0, CUT - 2000))
    for extension in ("mkv", "mp4"):
        result = trip(film, tmp_path / f"out.{extension}", duration=Fraction(1, 2))
        assert np.abs(heard(result.path)[1]).max() < 0.01
    assert _clips.times(tmp_path / "out.mp4")[0] == 0


@pytest.mark.parametrize("extension", ["mp4", "mkv", "webm"])
def test_the_end_that_opus_hides_stays_hidden(tmp_path: Path, extension: str) -> None:
    """Its last packet is filled up; Matroska says by how much, MP4 by how long the packet lasts."""
    samples = RATE - 792  # 9.5 ms are hidden at the end, and 6.5 ms at the beginning
    source = with_opus(edited(tmp_path / "film.mp4", "aac", loud=slice(0)), tmp_path / "opus.mkv", samples)
    result = trip(source, tmp_path / f"out.{extension}")
    if extension == "mp4":
        with av.open(result.path) as output:
            last = [p for p in output.demux(output.streams.audio[0]) if p.size][-1]
            assert abs((last.pts + last.duration) * last.time_base - Fraction(samples, RATE)) < Fraction(
                2, 1000
            )
    else:
        assert len(heard(result.path)[1]) == samples


def with_opus(source: Path, path: Path, samples: int) -> Path:
    """The pictures of a film, with so many samples of sound."""
    with av.open(source) as film, av.open(path, "w") as output:
        picture = output.add_stream_from_template(film.streams.video[0], opaque=True)
        sound: Any = output.add_stream("libopus", RATE)
        sound.layout = "mono"
        for packet in film.demux(film.streams.video[0]):
            if packet.size:
                packet.stream = picture
                output.mux(packet)
        tone = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(samples) / RATE)
        for packet in encoded_sound(sound, tone, 0):
            output.mux(packet)
    return path
