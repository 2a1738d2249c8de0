"""Tracks as discs, cameras, songs and broadcasts have them."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition

from tests import drawing, media
from tests.filmmaking import Sound, Video, add_sound, encode_tone, film, steady
from tests.real.clocks import recording
from tests.real.remux import Part, join

# A DTS frame (ETSI TS 102 114) of 512 samples of silence, stereo, 48 kHz, in 1024 bytes: where and what.
# In front the header and the subbands' scale factors, then four times a subframe's codes, and DSYNC.
_SILENCE = "02222222224924915554"
_DTS_PARTS = {
    0x000: "7ffe8001fc3c3ff0b5e001380003ef7fe006db1fe1edfedb6000000020",
    0x024: "01ce7be0f7b9ce6b5ad6b18c5a9283102108421085ce7be0f7b9ce6b5ad6b18c5a9283102108421084",
    0x055: "a142850d142850a141e3c78f1e2448904080",
    0x071: "a142850d142850a141e3c78f1e2448904080",
    0x155: _SILENCE,
    0x231: _SILENCE,
    0x30D: _SILENCE,
    0x3E9: _SILENCE,
    0x3FC: "03fffc",
}
DTS_FRAMES, PGS_CUES = 40, (0.1, 0.3)


def disc(folder: Path) -> Path:
    """H.264, DTS, AC-3 and Blu-ray subtitles in mkv."""
    (folder / "sound.dts").write_bytes(_dts_frame() * DTS_FRAMES)
    (folder / "words.sup").write_bytes(_subtitles())
    picture = film(folder / "picture.mkv", Video(times=steady(10)), sounds=[Sound(codec="ac3")])
    parts = [
        Part(picture.path),
        Part(folder / "sound.dts", default=True, language="eng"),
        Part(folder / "words.sup", language="eng"),
    ]
    made = join(folder / "disc.mkv", parts)
    for part in parts:
        part.path.unlink()
    return made


def _dts_frame() -> bytes:
    frame = bytearray(1024)
    for place, part in _DTS_PARTS.items():
        data = bytes.fromhex(part)
        frame[place : place + len(data)] = data
    return bytes(frame)


def _subtitles() -> bytes:
    """Two subtitles of Presentation Graphics (US 2009/0185789 A1), 40x10 px, shown and taken away."""
    data = b""
    for number, start in enumerate(PGS_CUES):
        data += _display_set(start, number * 2, shown=True) + _display_set(
            start + 0.1, number * 2 + 1, shown=False
        )
    return data


def _display_set(seconds: float, number: int, *, shown: bool) -> bytes:
    line = b"\0" + bytes([0x80 | 40, 1]) + b"\0\0"  # 40 px of colour 1, end of line
    pixels = line * 10
    presentation = struct.pack(">HHBHBBBB", 96, 64, 0x10, number, 0x80 if shown else 0, 0, 0, int(shown))
    presentation += struct.pack(">HBBHH", 0, 0, 0, 20, 40) if shown else b""
    window = struct.pack(">BBHHHH", 1, 0, 20, 40, 40, 10)
    segments = [(0x16, presentation), (0x17, window)]
    if shown:
        palette = struct.pack(">BBBBBBB", 0, 0, 1, 235, 128, 128, 255)
        drawn = struct.pack(">HBB", 0, 0, 0xC0) + struct.pack(">I", len(pixels) + 4)[1:]
        segments += [(0x14, palette), (0x15, drawn + struct.pack(">HH", 40, 10) + pixels)]
    segments.append((0x80, b""))
    head = struct.pack(">II", round(seconds * 90000), 0)
    return b"".join(b"PG" + head + bytes([kind]) + struct.pack(">H", len(d)) + d for kind, d in segments)


def mp3_track(folder: Path) -> Path:
    """H.264 and MP3 in mkv."""
    return film(folder / "mp3.mkv", sounds=[Sound(codec="libmp3lame")]).path


def windows_media(folder: Path) -> Path:
    """WMV 2 and WMA: at its end the sound's decoder gives a frame that has no time."""
    video = Video(codec="wmv2", time_base=Fraction(1, 25), options={"threads": "1"})
    return film(folder / "st.wmv", video, sounds=[Sound(codec="wmav2", seconds=Fraction(2, 5))]).path


def surround(folder: Path, layout: str) -> Path:
    """Uncompressed sound in that layout, a tone in each channel; mov."""
    path = folder / "surround.mov"
    video = Video()
    with av.open(path, "w", container_options={"video_track_timescale": "90000"}) as container:
        picture = media.add_video(container, video)
        track: Any = container.add_stream("pcm_s24le", rate=48000, layout=layout)
        for frame in video.frames():
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        channels = av.AudioLayout(layout).nb_channels
        pitches = 220.0 * np.arange(1, channels + 1)
        samples = 0.2 * np.sin(2 * np.pi * pitches * np.arange(19200)[:, None] / 48000)
        packed = np.rint(samples * 2**31).astype(np.int32).reshape(1, -1)
        sound = av.AudioFrame.from_ndarray(packed, "s32", layout)
        sound.sample_rate, sound.pts, sound.time_base = 48000, 0, Fraction(1, 48000)
        container.mux(track.encode(sound))
        container.mux(track.encode(None))
    return path


def preview_first(folder: Path) -> Path:
    """A picture of one frame first, the film (the default) second, its sound third; mkv."""
    picture = Video(times=steady(1, 1), size=(64, 36), codec="mjpeg", pixel_format="yuv420p", full_range=True,
                    time_base=Fraction(1), options={"strict": "unofficial"})  # fmt: skip
    preview = film(folder / "preview.mkv", picture)
    main = film(
        folder / "main.mkv", Video(times=steady(10)), sounds=[Sound(codec="flac", seconds=Fraction(2, 5))]
    )
    return join(folder / "thumb.mkv", [Part(preview.path), Part(main.path, default=True)])


def two_films(folder: Path) -> Path:
    """A film of 64x48 first, another of 96x64 second, neither marked as default; mkv."""
    parts = [
        film(folder / f"{size[0]}.mkv", Video(times=steady(10), size=size)) for size in ((64, 48), (96, 64))
    ]
    return join(folder / "two.mkv", [Part(part.path) for part in parts], {"default_mode": "passthrough"})


def captioned(folder: Path) -> Path:
    """CEA-608 captions in the picture's data (ATSC A/53 part 4), in a transport stream with sound."""
    part = recording(folder / "part.ts", count=10)
    return join(folder / "cc.ts", [Part(part, edit=_with_captions)])


def _with_captions(packet: bytes) -> bytes:
    """H.264 with a SEI message in front of the first slice: two bytes for line 21's first field."""
    captions = b"\xb5\x00\x31GA94\x03" + bytes([0xC0 | 1, 0xFF]) + b"\xfc\x94\x2c" + b"\xff"
    message = b"\x00\x00\x00\x01\x06\x04" + bytes([len(captions)]) + captions + b"\x80"
    place = 0
    while (place := packet.index(b"\x00\x00\x01", place)) >= 0:
        if packet[place + 3] & 0x1F in (1, 5):
            break
        place += 3
    place -= packet[place - 1 : place] == b"\0"
    return packet[:place] + message + packet[place:]


def song(folder: Path) -> Path:
    """An mp3 with a cover picture."""
    path = folder / "song.mp3"
    with av.open(path, "w") as container:
        track = add_sound(container, Sound(codec="libmp3lame"))
        cover: Any = container.add_stream("mjpeg", width=32, height=32, pix_fmt="yuvj444p")
        cover.color_range = 2
        cover.disposition = Disposition.attached_pic
        art = drawing.to_frame(drawing.colour_chart(32, 32), "yuv444p", full_range=True)
        container.mux(cover.encode(art.reformat(format="yuvj444p")))
        container.mux(cover.encode(None))
        encode_tone(container, track, Sound())
    return path
