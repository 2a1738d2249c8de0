"""Damage as disks do it, playlists under a film's name, and headers that claim too much."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

from tests import media
from tests.filmmaking import Sound, Video, film, steady
from tests.real.pictures import screen

_REORDERED = "log-level=none:pools=none:frame-threads=1:bframes=3:crf=20"
PLAYLISTS = {
    "live.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1.0,\nsecret.ts\n",
    "master.m3u8": "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nmaster.m3u8\n",
    "cat.mp4": "ffconcat version 1.0\nfile secret.mp4\n",
    "abs.m3u8": "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:2\n#EXTINF:1.0,\nfile://{folder}/secret.ts\n"
    "#EXT-X-ENDLIST\n",
    "notes.txt": "This is no film.\n" * 40,
}


def playlist(folder: Path, name: str) -> Path:
    """A list of that name, beside the films that it names."""
    if not (folder / "secret.ts").exists():
        for secret in ("secret.ts", "secret.mp4"):
            film(folder / secret, Video(times=steady(3)))
    path = folder / name
    path.write_text(PLAYLISTS[name].format(folder=folder), "utf-8")
    return path


def first_picture_zeroed(folder: Path) -> Path:
    """24 frames at 24 frames/s, a key frame each 8, the first all zeros: what can be seen begins at 1/3 s."""
    video = Video(times=steady(24, 24), rate=Fraction(24), time_base=Fraction(1, 12288),
                  options={"g": "8", "keyint_min": "8", "sc_threshold": "0"})  # fmt: skip
    path = film(folder / "zeroed.mp4", video, sounds=[Sound()]).path
    begin, size = media.packet_spans(path)[0]
    data = bytearray(path.read_bytes())
    data[begin : begin + size] = bytes(size)
    path.write_bytes(data)
    return path


def broken_tag(folder: Path) -> Path:
    """An flv in which 5000 bytes stand twice: a tag ends too early, and one packet fits no clock."""
    path = film(folder / "tag.flv", Video(times=steady(16, 16), rate=Fraction(16)), sounds=[Sound()]).path
    data = path.read_bytes()
    sound = [tag for tag in _tags(data) if data[tag] == 8]
    place = sound[len(sound) // 2] + 100
    path.write_bytes(data[: place + 5000] + data[place:])
    return path


def _tags(data: bytes) -> list[int]:
    """Where an FLV's tags begin, each with its size in its header and again behind it."""
    found, place = [], 9 + 4
    while place + 11 < len(data):
        found.append(place)
        place += 11 + int.from_bytes(data[place + 1 : place + 4], "big") + 4
    return found


def damaged_hevc(folder: Path) -> Path:
    """Ten frames of H.265 in mp4, the last of which is noise: frame threads lose others with it."""
    video = Video(times=steady(10), codec="libx265", options={"x265-params": _REORDERED})
    path = film(folder / "hevc.mp4", video, sounds=[Sound()]).path
    data = bytearray(path.read_bytes())
    begin, size = media.packet_spans(path)[-1]
    data[begin : begin + size] = np.random.default_rng(1).integers(1, 256, size, np.uint8).tobytes()
    path.write_bytes(data)
    return path


def decodable_frames(path: Path) -> int:
    """How many frames a decoder without frame threads makes of a film, whatever it refuses."""
    frames = 0
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "SLICE"
        for packet in container.demux(stream):
            try:
                frames += len(packet.decode())
            except av.FFmpegError:
                continue
    return frames


def huge_jpeg(folder: Path) -> Path:
    """A jpg of under 3 KB whose header claims 30000x30000 px."""
    data = bytearray(cv2.imencode(".jpg", np.full((64, 96, 3), 99, np.uint8))[1].tobytes())
    place = data.index(b"\xff\xc0")
    data[place + 5 : place + 9] = struct.pack(">HH", 30000, 30000)
    path = folder / "big.jpg"
    path.write_bytes(data)
    return path


def huge_gif(folder: Path) -> Path:
    """A gif of a few KB whose screen claims 16000x16000 px; its pictures are small."""
    path = screen(folder)
    data = bytearray(path.read_bytes())
    data[6:10] = struct.pack("<HH", 16000, 16000)
    path.write_bytes(data)
    return path.rename(folder / "big16.gif")
