"""Small real films, made on the spot: one function a kind, each writes a file into a folder.

The pictures are numbered (`drawing.read_number`), so that a test can say "each frame exactly once,
in order"; `filmmaking.Clip` holds what else is known. `film(path, Video(...))` makes any other.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from numpy.typing import NDArray

from tests import drawing
from tests.filmmaking import SMALL as SMALL
from tests.filmmaking import UNTAGGED as UNTAGGED
from tests.filmmaking import Clip as Clip
from tests.filmmaking import Extras as Extras
from tests.filmmaking import Sound as Sound
from tests.filmmaking import Subtitle as Subtitle
from tests.filmmaking import Times as Times
from tests.filmmaking import Video as Video
from tests.filmmaking import add_sound, add_video, encode_tone
from tests.filmmaking import film as film
from tests.filmmaking import irregular as irregular
from tests.filmmaking import steady as steady

_LOSSLESS_CODECS = {"rgb24": "libx264rgb", "gbrp": "libvpx-vp9"}  # where it isn't FFV1

# -- films --


def constant(folder: Path, *, count: int = 10, name: str = "constant.mp4") -> Clip:
    """25 frames/s with sound."""
    return film(folder / name, Video(times=steady(count)), sounds=[Sound()])


def ntsc(folder: Path, *, name: str = "ntsc.mp4") -> Clip:
    """30000/1001 frames/s with sound."""
    rate = Fraction(30000, 1001)
    video = Video(times=steady(12, rate), rate=rate, time_base=Fraction(1, 30000))
    return film(folder / name, video, sounds=[Sound()])


def variable_rate(folder: Path, *, name: str = "variable.mp4") -> Clip:
    """No two gaps alike, with sound."""
    return film(folder / name, Video(times=irregular()), sounds=[Sound()])


def start_offset(folder: Path, *, name: str = "offset.mp4") -> Clip:
    """The first frame comes half a second after the sound's beginning."""
    video = Video(times=steady(8, start=Fraction(1, 2)))
    return film(folder / name, video, sounds=[Sound(codec=_sound_codec(name))])


def rotated(folder: Path, rotation: int, *, name: str | None = None) -> Clip:
    """A phone's film: turn it `rotation` (90, 180, 270) degrees anticlockwise to see it upright."""
    video = Video(times=steady(6), rotation=rotation)
    return film(folder / (name or f"rotated_{rotation}.mp4"), video, sounds=[Sound()])


def rich(folder: Path, *, name: str = "rich.mkv") -> Clip:
    """Two sound tracks, SubRip subtitles, chapters, an attachment and tags."""
    english = Sound(
        codec="aac",
        metadata={"language": "eng", "title": "English, stereo"},
        disposition=Disposition.default,
    )
    german = Sound(
        codec="flac",
        pitch=660,
        metadata={"language": "ger", "title": "Kommentar"},
        disposition=Disposition.comment,
    )
    extras = Extras(
        metadata={"title": "Frühling", "artist": "Jemand", "comment": "for the tests"},
        chapters=[
            (Fraction(0), Fraction(1, 2), "Anfang"),
            (Fraction(1, 2), Fraction(1), "Ende"),
        ],
        subtitles=[Subtitle(100, 400, "Hello"), Subtitle(500, 900, "Grüße,\nzwei Zeilen")],
        attachment=("note.txt", "text/plain", b"attached\n" * 20),
    )
    return film(folder / name, Video(times=steady(25)), sounds=[english, german], extras=extras)


def pixel_format(folder: Path, name: str, *, codec: str | None = None, size: tuple[int, int] = SMALL) -> Clip:
    """An mkv in any of `drawing.LAYOUTS`, BT.709: without loss, or by the codec given."""
    codec = codec or _LOSSLESS_CODECS.get(name, "ffv1")
    video = Video(times=steady(6), size=size, codec=codec, pixel_format=name, matrix="709")
    return film(folder / f"{codec}_{name}.mkv", video)


def lossless(folder: Path, video: Video | None = None, *, name: str = "lossless.mkv") -> Clip:
    """FFV1 in mkv: what is decoded is what `Video.frames()` gave."""
    return film(folder / name, replace(video or Video(), codec="ffv1"))


def chart(
    folder: Path,
    matrix: str,
    *,
    full_range: bool,
    tagged: bool = True,
    codec: str = "ffv1",
    pixel_format: str = "yuv444p",
    size: tuple[int, int] = SMALL,
) -> Clip:
    """Three frames of `drawing.colour_chart` by that matrix and range, labelled so or not."""
    video = Video(
        times=steady(3),
        size=size,
        codec=codec,
        pixel_format=pixel_format,
        matrix=matrix,
        full_range=full_range,
        tags=None if tagged else UNTAGGED,
        draw=lambda _, width, height: drawing.colour_chart(width, height),
    )
    name = f"chart_{matrix}_{'full' if full_range else 'limited'}_{'' if tagged else 'un'}tagged"
    return film(folder / f"{name}.{'mkv' if codec == 'ffv1' else 'mp4'}", video)


def odd_size(folder: Path, *, name: str = "odd.mkv") -> Clip:
    """97x65 px, 4:2:0."""
    return film(folder / name, Video(times=steady(6), size=(97, 65), codec="ffv1"))


def anamorphic(folder: Path, *, name: str = "anamorphic.mp4") -> Clip:
    """Samples that are 4:3, not square."""
    return film(folder / name, Video(times=steady(6), aspect=Fraction(4, 3)), sounds=[Sound()])


def pcm_sound(folder: Path, *, name: str = "pcm.mov") -> Clip:
    """Uncompressed sound, which mp4 can't hold."""
    return film(folder / name, Video(times=steady(10)), sounds=[Sound(codec="pcm_s16le")])


def one_frame(folder: Path, *, name: str = "one.mp4") -> Clip:
    """A single frame."""
    return film(folder / name, Video(times=steady(1)))


def b_frames(folder: Path, *, name: str = "b_frames.mp4") -> Clip:
    """Frames stored in another order than they are shown in."""
    options = {"preset": "fast", "bf": "3", "x264-params": "b-adapt=0:b-pyramid=none"}
    return film(folder / name, Video(times=steady(20), options=options), sounds=[Sound()])


def hdr(folder: Path, transfer: str, *, codec: str = "libx265", name: str | None = None) -> Clip:
    """10-bit BT.2020 with the "pq" or "hlg" transfer; white paper is at 203 cd/m² (BT.2408)."""
    code, paper = {"pq": (16, 0.58), "hlg": (18, 0.75)}[transfer]
    video = Video(
        times=steady(4),
        codec=codec,
        pixel_format="yuv420p10le",
        matrix="2020",
        tags=(9, 1, 9, code),
        draw=lambda number, *size: paper * drawing.numbered_picture(number, *size),
    )
    return film(folder / (name or f"{transfer}.mp4"), video, sounds=[Sound()])


def interlaced(folder: Path, *, name: str = "interlaced.mp4") -> Clip:
    """Labelled as interlaced, top field first."""
    options = {"flags": "+ildct+ilme", "x264-params": "tff=1"}
    return film(folder / name, Video(times=steady(6), options=options))


def cover_art(folder: Path, *, name: str = "cover.mp4") -> Clip:
    """A film whose cover is a second video stream of one picture, as music shops make them."""
    path = folder / name
    video = Video(times=steady(6))
    with av.open(path, "w", container_options={"video_track_timescale": "90000"}) as container:
        picture = add_video(container, video)
        track = add_sound(container, Sound())
        cover: Any = container.add_stream("mjpeg", width=32, height=32, pix_fmt="yuvj444p")
        cover.color_range = 2
        cover.disposition = Disposition.attached_pic
        for frame in video.frames():
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        encode_tone(container, track, Sound())
        art = drawing.to_frame(drawing.colour_chart(32, 32), "yuv444p", full_range=True)
        container.mux(cover.encode(art.reformat(format="yuvj444p")))
        container.mux(cover.encode(None))
    return Clip(path, video, video.times, [Sound()])


# -- what is no whole film --


def audio_only(folder: Path, *, name: str = "sound.m4a") -> Path:
    """Sound without pictures."""
    path = folder / name
    with av.open(path, "w") as container:
        track = add_sound(container, Sound())
        encode_tone(container, track, Sound())
    return path


def without_frames(folder: Path, *, name: str = "empty.mkv") -> Path:
    """A video stream in the header, sound, and not one frame."""
    return film(folder / name, Video(times=()), sounds=[Sound(codec="flac")]).path


def no_video(folder: Path, *, name: str = "text.mp4") -> Path:
    """Text under a film's name."""
    path = folder / name
    path.write_text("This is no film.\n" * 50, "utf-8")
    return path


@dataclass(frozen=True)
class DamagedClip:
    """A film that lost something: `whole` is how many frames come before the damage."""

    path: Path
    times: Times  # of all frames there once were
    whole: int


def truncated(folder: Path, *, name: str = "truncated.mkv", share: float = 0.5) -> DamagedClip:
    """Cut off in the middle of a frame; an mp4 has its index in front, so it can be opened."""
    clip = film(
        folder / f"whole_{name}",
        Video(times=steady(25), options={"crf": "1"}),
        options={"movflags": "+faststart"} if name.endswith(("mp4", "mov")) else None,
    )
    spans = packet_spans(clip.path)
    index = int(len(spans) * share)
    begin, size = spans[index]
    path = folder / name
    path.write_bytes(clip.path.read_bytes()[: begin + size // 2])
    clip.path.unlink()
    return DamagedClip(path, clip.times, index)


def truncated_without_index(folder: Path, *, name: str = "no_index.mp4") -> Path:
    """An mp4 whose index was at its end, which is gone: a camera that ran out of battery."""
    clip = constant(folder, name=f"whole_{name}")
    data = clip.path.read_bytes()
    clip.path.unlink()
    path = folder / name
    path.write_bytes(data[: len(data) // 2])
    return path


def damaged(
    folder: Path, *, name: str = "damaged.mkv", index: int = 8, beyond_decoding: bool = False
) -> DamagedClip:
    """Frame `index` of 25 is noise from a third of its data on; frame 12 is the next key frame.

    Decoders conceal that. With `beyond_decoding` all its data is noise, and they raise.
    """
    # CABAC, or noise may pass for a picture that nobody meant.
    options = {"crf": "1", "x264-params": "cabac=1"}
    clip = film(folder / name, Video(times=steady(25), options=options))
    begin, size = packet_spans(clip.path)[index]
    intact = 0 if beyond_decoding else size // 3
    noise = np.random.default_rng(5).integers(128, 256, size - intact, np.uint8)
    data = bytearray(clip.path.read_bytes())
    data[begin + intact : begin + size] = noise.tobytes()
    clip.path.write_bytes(data)
    return DamagedClip(clip.path, clip.times, index)


# -- pictures --


@dataclass(frozen=True)
class Still:
    """A picture file and its upright pixels, (H, W, 3) RGB."""

    path: Path
    pixels: NDArray[Any]
    exact: bool  # or lossy, then `pixels` is what it was made from


def still(folder: Path, *, name: str = "still.png", size: tuple[int, int] = SMALL) -> Still:
    """A png, jpg or webp of the colour chart, 8 bit."""
    import cv2

    pixels = np.rint(drawing.colour_chart(*size) * 255).astype(np.uint8)
    settings = {
        ".jpg": [cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111],
        ".webp": [cv2.IMWRITE_WEBP_QUALITY, 101],  # above 100: lossless
    }
    path = folder / name
    if not cv2.imwrite(str(path), pixels[..., ::-1], settings.get(path.suffix, [])):
        raise OSError(f"OpenCV can't write {path}")
    return Still(path, pixels, exact=path.suffix != ".jpg")


def deep_still(folder: Path, *, name: str = "deep.png") -> Still:
    """A png of 16 bit."""
    import cv2

    pixels = np.rint(drawing.colour_chart() * 65535).astype(np.uint16)
    cv2.imwrite(str(folder / name), pixels[..., ::-1])
    return Still(folder / name, pixels, exact=True)


def turned_still(folder: Path, *, name: str = "turned.jpg") -> Still:
    """A jpg that lies on its side, with an EXIF orientation (6) that says so."""
    upright = still(folder, name=f"upright_{name}", size=(64, 96))
    import cv2

    lying = np.ascontiguousarray(np.rot90(upright.pixels)[..., ::-1])
    quality = [cv2.IMWRITE_JPEG_QUALITY, 100, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, 0x111111]
    data = cv2.imencode(".jpg", lying, quality)[1].tobytes()
    tiff = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, 6, 0, 0)
    exif = b"Exif\0\0" + tiff
    upright.path.unlink()
    path = folder / name
    path.write_bytes(data[:2] + b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif + data[2:])
    return Still(path, upright.pixels, exact=False)


def palette_still(folder: Path, *, name: str = "palette.png", alpha: Sequence[int] = (255, 255, 0)) -> Still:
    """A png of a palette: three stripes, red, green and blue; `alpha` (0..255) of each colour.

    OpenCV and FFmpeg write none with transparency, so it is put together here (PNG, 11.2 and 11.3.2.1).
    """
    colours = np.array([(255, 0, 0), (0, 255, 0), (0, 0, 255)], np.uint8)
    width, height = SMALL
    indices = np.arange(width, dtype=np.uint8) * 3 // width
    rows = (b"\0" + indices.tobytes()) * height
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0),
        b"PLTE": colours.tobytes(),
        b"tRNS": bytes(alpha),
        b"IDAT": zlib.compress(rows),
        b"IEND": b"",
    }
    path = folder / name
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(png_chunk(*chunk) for chunk in chunks.items()))
    return Still(path, np.broadcast_to(colours[indices], (height, width, 3)), exact=True)


def png_chunk(kind: bytes, data: bytes) -> bytes:
    """A chunk of a PNG file, with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def encoded(
    path: Path, codec: str, pixel_format: str, frames: Iterable[av.VideoFrame], *, rate: int = 25
) -> Path:
    """A film of ready frames, one after the other, by any encoder; nothing else in it."""
    with av.open(path, "w") as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.pix_fmt = pixel_format
        for number, frame in enumerate(frames):
            if number == 0:
                stream.width, stream.height = frame.width, frame.height
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def animated_gif(folder: Path, *, name: str = "animated.gif") -> Clip:
    """Five numbered frames, a tenth of a second each."""
    path = folder / name
    video = Video(times=steady(5, 10), codec="gif", pixel_format="gray", rate=Fraction(10))
    with av.open(path, "w") as container:
        stream: Any = container.add_stream("gif", rate=10, time_base=Fraction(1, 100))
        stream.width, stream.height = video.size
        stream.pix_fmt = "gray"
        for frame in replace(video, full_range=True, time_base=Fraction(1, 100)).frames():
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Clip(path, video, video.times)


def packet_spans(path: Path) -> list[tuple[int, int]]:
    """Where each video packet's data begins in the file, and its length, in bytes.

    Found by its content: what a demuxer calls a packet's position may be that of its header.
    """
    data, begin, spans = path.read_bytes(), 0, []
    with av.open(path) as container:
        for packet in container.demux(video=0):
            if packet.size:
                begin = data.index(bytes(packet), begin)
                spans.append((begin, packet.size))
                begin += packet.size
    return spans


def _sound_codec(name: str) -> str:
    return "aac" if name.endswith(("mp4", "mov")) else "flac"
