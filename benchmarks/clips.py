"""Clips of a size and a length, made on the spot."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
from whole_job import make_film

# Of film, by default: long enough that start-up is a small part of it, short enough that the peer, at 8
# frames/s at 640x336 and 2 at 1280x720, comes to an end.
SECONDS, FEWEST_SECONDS, PIXELS = 10.0, 4.0, 640 * 336


class Size(NamedTuple):
    """Of frames, px."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> Size:
        """From WIDTHxHEIGHT; even numbers, for 4:2:0 has half as many chroma samples."""
        try:
            width, height = (int(side) for side in text.split("x"))
        except ValueError:
            raise SystemExit(f"{text!r} is not a size; write it as 640x336") from None
        if min(width, height) < 32 or width % 2 or height % 2:
            raise SystemExit(f"{text}: sides must be even, and 32 px at least")
        return cls(width, height)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"

    @property
    def seconds(self) -> float:
        """Of film, if nothing else is asked for."""
        return max(FEWEST_SECONDS, SECONDS * PIXELS / (self.width * self.height))


def make_clip(source: Path, target: Path, size: Size, seconds: float) -> None:
    """The first seconds of a film, scaled; its sound as it is."""
    with av.open(str(source)) as film, av.open(str(target), "w") as clip:
        video = film.streams.video[0]
        video.thread_type = "AUTO"
        coded = clip.add_stream("libx264", rate=video.average_rate, options={"crf": "18"})
        coded.width, coded.height, coded.pix_fmt = size.width, size.height, "yuv420p"
        assert video.time_base is not None
        coded.codec_context.time_base = video.time_base
        sound = [(track, clip.add_stream_from_template(track)) for track in film.streams.audio[:1]]
        for picture in _first_seconds(film.decode(video), seconds):
            scaled = picture.reformat(width=size.width, height=size.height, format="yuv420p")
            scaled.pict_type = 0  # the decoder's choice, which the encoder would take for an order
            clip.mux(coded.encode(scaled))
        clip.mux(coded.encode(None))
        for track, copied in sound:
            film.seek(0)
            for packet in film.demux(track):
                if packet.dts is None or packet.dts * packet.time_base >= seconds:
                    break
                packet.stream = copied
                clip.mux(packet)


def _first_seconds(pictures: Iterator[av.VideoFrame], seconds: float) -> Iterator[av.VideoFrame]:
    begin: float | None = None
    for picture in pictures:
        assert picture.time is not None
        begin = picture.time if begin is None else begin
        if picture.time >= begin + seconds:
            return
        yield picture


def make_clips(
    source: Path | None, sizes: list[Size], seconds: float | None, folder: Path
) -> dict[Size, Path]:
    """A clip of each size, of the film or of the sample over and over."""
    lengths = {size: seconds or size.seconds for size in sizes}
    if source is None:
        source = folder / "source.mp4"
        make_film(source, math.ceil(max(lengths.values())))
    clips = {size: folder / f"{size}.mp4" for size in sizes}
    for size, clip in clips.items():
        make_clip(source, clip, size, lengths[size])
    return clips
