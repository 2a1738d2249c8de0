"""The smallest film with one track of a given codec, for every codec that a container may hold.

Made by PyAV's encoders; where it has none, of bytes: what the codec's specification asks of a stream
of silence, in the simplest file that FFmpeg reads it from.
"""

from __future__ import annotations

import base64
import io
import struct
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av

from tests.pipeline import _clips
from tests.pipeline._clips import MS, Clip

FILM = Clip(frames=3)  # 0.12 s
_SECONDS = Fraction(3, 25)
# One frame each of silence, by FFmpeg's own encoders, which PyAV is built without.
_DTS = zlib.decompress(
    base64.b85decode(
        "c-pJ~*TDG4M*hQA2Sy79=J)jv*iOpH@ou}FzyJga3=qKhZr9V()Ae?}zW06aX43!$2D#VkVs;k2Ubpvs^=;!&1|*>1(8$EXA)vs31>lxr@>H3m1OZreA}duw0zhp@XkuvCs#U92jGBzoWaj^W&<p?oq3uxU"
    )
)
_TRUEHD = zlib.decompress(
    base64.b85decode(
        "c-mW_{Qt&}qWoP93=NFigBXCIr(TdX1V}eDFfg>pDhPdi#lXNQ0FvQw020i)zd4u~JQ|X<7dSBXtZQUoVfYje0Mr^1um"
    )
)
_MLP = zlib.decompress(
    base64.b85decode(
        "c-mW_{Qt&}qWs<b{0xlSgB%zb7<%djSwol^7#bQFq}@Ffgg(AvU|<vgN-%JMq?vVpb1*S@G$d;;aA53N*T}%a@F^Yu&2ti)"
    )
)


@dataclass(frozen=True)
class Track:
    """How a track of a codec is made.

    Attributes:
        source: extension of the film it lies in.
        add: adds the stream to an output, returns its packets.
    """

    source: str
    add: Callable[[Any], tuple[Any, list[Any]]]


def make(path: Path, track: Track) -> Path:
    """Write a film with pictures and `track` to `path`, whose extension is the track's."""
    with av.open(path, "w", container_options=_OPTIONS.get(path.suffix, {})) as output:
        video = _clips._add_video(output, FILM)
        _, packets = track.add(output)
        packets = list(_clips._video_packets(video, FILM)) + packets
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            output.mux(packet)
    return path


_OPTIONS = {".m2ts": {"mpegts_m2ts_mode": "1"}}


def _encoded(
    encoder: str, rate: int = 48000, layout: str = "stereo", source: str = "mkv", bit_rate: int = 0
) -> Track:
    def add(output: Any) -> tuple[Any, list[Any]]:
        with av.open(io.BytesIO(), "w", format="null") as nowhere:
            sound = nowhere.add_stream(encoder, rate, options={"strict": "-2"})
            sound.codec_context.layout = layout
            sound.codec_context.bit_rate = bit_rate
            sound.time_base = Fraction(1, rate)
            nowhere.start_encoding()
            packets = []
            for frame in _tone(rate, layout):
                packets += sound.encode(frame)
            packets += sound.encode(None)
            copy = _like(sound, output)
        for packet in packets:
            packet.stream = copy
        return copy, packets

    return Track(source, add)


def _like(stream: Any, output: Any) -> Any:
    """A stream in `output` with the same parameters, whatever PyAV says that its format supports."""
    copy = output.add_data_stream()
    av.bitstream.BitStreamFilterContext("null", stream, copy)
    copy.time_base = stream.time_base
    return copy


def _tone(rate: int, layout: str) -> Iterator[Any]:
    with av.open(f"sine=sample_rate={rate}:duration={float(_SECONDS)}", format="lavfi") as source:
        resampler = av.AudioResampler("s16", layout, rate)
        for frame in source.decode(audio=0):
            yield from resampler.resample(frame)


def _read(data: Callable[[], bytes], demuxer: str, source: str = "mkv") -> Track:
    """A track of what FFmpeg reads from a plain file of the codec's own."""

    def add(output: Any) -> tuple[Any, list[Any]]:
        with av.open(io.BytesIO(data()), format=demuxer) as plain:
            track = plain.streams[0]
            copy = _like(track, output)
            packets, end = [], 0
            for packet in plain.demux(track):
                if not packet.size:
                    continue
                if packet.pts is None:
                    packet.pts = packet.dts = end
                if packet.dts is None:
                    packet.dts = packet.pts
                packet.stream, packet.time_base = copy, packet.time_base or track.time_base
                end = packet.pts + (packet.duration or 1)
                packets.append(packet)
        return copy, packets

    return Track(source, add)


def _by_hand(codec: str, *payloads: bytes, source: str = "mkv") -> Track:
    """Subtitles, one each 40 ms."""

    def add(output: Any) -> tuple[Any, list[Any]]:
        text = output.add_mux_stream(codec)
        text.time_base = MS
        packets = []
        for number, payload in enumerate(payloads):
            packet = av.Packet(payload)
            packet.stream, packet.time_base, packet.duration = text, MS, 40
            packet.pts = packet.dts = 40 * number
            packets.append(packet)
        return text, packets

    return Track(source, add)


def _text(encoder: str, *payloads: bytes, source: str = "mkv") -> Track:
    def add(output: Any) -> tuple[Any, list[Any]]:
        text = output.add_stream(encoder)
        text.codec_context.subtitle_header = _clips.ASS_HEADER
        text.time_base = text.codec_context.time_base = MS
        _, packets = _by_hand(encoder, *payloads).add(_Same(text))
        return text, packets

    return Track(source, add)


@dataclass
class _Same:
    """Stands for an output that has the stream already."""

    stream: Any

    def add_mux_stream(self, _: str) -> Any:
        return self.stream


def _wav(tag: int, rate: int, channels: int, block: int, extra: bytes = b"") -> Callable[[], bytes]:
    """A WAV file of the codec with that number: ten blocks of zeros."""

    def data() -> bytes:
        head = struct.pack("<HHIIHHH", tag, channels, rate, block * 50, block, 16, len(extra)) + extra
        body = b"WAVEfmt " + struct.pack("<I", len(head)) + head
        body += b"data" + struct.pack("<I", 10 * block) + bytes(10 * block)
        return b"RIFF" + struct.pack("<I", len(body)) + body

    return data


def _latm() -> bytes:
    """AAC as broadcasters send it, in LOAS frames."""
    file = io.BytesIO()
    with av.open(file, "w", format="latm") as output:
        for packet in _encoded("aac").add(output)[1]:
            output.mux(packet)
        data = file
        output.close()
        return data.getvalue()


def _pgs() -> bytes:
    """A picture of 8x2 px on a Blu-ray's subtitle track, and its end."""
    lines = bytes([0, 0x88, 1, 0, 0]) * 2
    show = [
        (
            0x16,
            struct.pack(">HHBHBBBB", 96, 64, 0x10, 0, 0x80, 0, 0, 1) + struct.pack(">HBBHH", 0, 0, 0, 8, 8),
        ),
        (0x17, struct.pack(">BBHHHH", 1, 0, 8, 8, 8, 2)),
        (0x14, bytes([0, 0, 1, 200, 128, 128, 255])),
        (
            0x15,
            struct.pack(">HBB", 0, 0, 0xC0) + (len(lines) + 4).to_bytes(3) + struct.pack(">HH", 8, 2) + lines,
        ),
        (0x80, b""),
    ]
    hide = [
        (0x16, struct.pack(">HHBHBBBB", 96, 64, 0x10, 1, 0, 0, 0, 0)),
        (0x17, struct.pack(">BBHHHH", 1, 0, 8, 8, 8, 2)),
        (0x80, b""),
    ]
    return b"".join(
        b"PG" + struct.pack(">IIBH", time, time, kind, len(data)) + data
        for time, segments in ((0, show), (7200, hide))
        for kind, data in segments
    )


_CUES = (b"Hello", b"there")
TRACKS = {
    "aac": _encoded("aac"),
    "aac_latm": _read(_latm, "loas", "ts"),
    "ac3": _encoded("ac3"),
    "eac3": _encoded("eac3"),
    "dts": _read(lambda: _DTS * 12, "dts"),
    "truehd": _read(lambda: _TRUEHD * 12, "truehd"),
    "mlp": _read(lambda: _MLP * 12, "mlp"),
    "mp1": _read(lambda: (b"\xff\xff\x14\xc0" + bytes(28)) * 15, "mp3"),
    "mp2": _encoded("mp2"),
    "mp3": _encoded("libmp3lame"),
    "opus": _encoded("libopus"),
    "vorbis": _encoded("vorbis"),
    "flac": _encoded("flac"),
    "alac": _encoded("alac"),
    "tta": _encoded("tta"),
    "wavpack": _encoded("wavpack"),
    "amr_nb": _encoded("libopencore_amrnb", 8000, "mono", "mov"),
    "amr_wb": _read(lambda: b"#!AMR-WB\n" + (b"\x04" + bytes(17)) * 6, "amr", "mov"),
    "wmav1": _encoded("wmav1", 44100, bit_rate=64_000),
    "wmav2": _encoded("wmav2", 44100, bit_rate=64_000),
    "wmapro": _read(_wav(0x162, 44100, 2, 1486, struct.pack("<HIIIHH", 16, 3, 0, 0, 0xE0, 0)), "wav"),
    "wmalossless": _read(_wav(0x163, 44100, 2, 1486, struct.pack("<HIIIHH", 16, 3, 0, 0, 0xE0, 0)), "wav"),
    "adpcm_ms": _encoded("adpcm_ms"),
    "adpcm_ima_wav": _encoded("adpcm_ima_wav"),
    "adpcm_ima_qt": _encoded("adpcm_ima_qt", source="mov"),
    "adpcm_g722": _encoded("g722", 16000, "mono"),
    "adpcm_g726": _encoded("g726", 8000, "mono"),
    "g723_1": _encoded("g723_1", 8000, "mono", bit_rate=6300),
    "gsm_ms": _read(_wav(0x31, 8000, 1, 65, struct.pack("<H", 320)), "wav"),
    "speex": _read(_wav(0xA109, 16000, 1, 42), "wav"),
    "nellymoser": _encoded("nellymoser", 44100, "mono", "flv"),
    "pcm_s16le": _encoded("pcm_s16le"),
    "pcm_s16be": _encoded("pcm_s16be"),
    "pcm_s24le": _encoded("pcm_s24le"),
    "pcm_s24be": _encoded("pcm_s24be", source="mov"),
    "pcm_s32le": _encoded("pcm_s32le"),
    "pcm_f32le": _encoded("pcm_f32le"),
    "pcm_f64le": _encoded("pcm_f64le"),
    "pcm_u8": _encoded("pcm_u8"),
    "pcm_s8": _encoded("pcm_s8", source="mov"),
    "pcm_alaw": _encoded("pcm_alaw", 8000, "mono"),
    "pcm_mulaw": _encoded("pcm_mulaw", 8000, "mono"),
    "pcm_bluray": _encoded("pcm_bluray", source="m2ts"),
    "subrip": _text("subrip", *_CUES),
    "ass": _text("ass", *(b"0,0,Default,,0,0,0,," + cue for cue in _CUES)),
    "webvtt": _text("webvtt", *_CUES),
    "mov_text": _text("mov_text", *(struct.pack(">H", len(cue)) + cue for cue in _CUES), source="mp4"),
    "ttml": _by_hand("ttml", *_CUES, source="mp4"),
    "hdmv_pgs_subtitle": _read(_pgs, "sup"),
    "dvd_subtitle": _by_hand("dvd_subtitle", bytes([0, 8, 0, 4, 0, 0, 0xFF, 0])),
    "dvb_subtitle": _by_hand(
        "dvb_subtitle", bytes([0x0F, 0x10, 0, 1, 0, 2, 5, 0, 0x0F, 0x80, 0, 1, 0, 0]), source="ts"
    ),
    "dvb_teletext": _by_hand("dvb_teletext", bytes([0x10]) + (bytes([2, 44]) + bytes(44)) * 1, source="ts"),
}
