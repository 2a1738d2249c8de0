"""How the films of the tests are made: a `Video`, `Sound`s and `Extras` in, a `Clip` out.

What a `Clip` says to expect comes from the arguments and from the container's own rules, never from
a reader.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.container import OutputContainer
from av.stream import Disposition

from tests import drawing

Times = tuple[Fraction, ...]
Tags = tuple[int, int, int, int]  # matrix, range, primaries, transfer; equals a ColorTags

SMALL = (96, 64)
UNTAGGED: Tags = (2, 0, 2, 2)
_TAGS = {"601": (6, 6, 6), "709": (1, 1, 1), "2020": (9, 9, 14)}  # matrix, primaries, transfer
_RGB_MATRIX = 0
_OPTIONS = {
    "libx264": {"preset": "ultrafast", "crf": "8", "threads": "1", "bf": "0", "g": "12"},
    "libx264rgb": {"preset": "ultrafast", "qp": "0", "threads": "1"},
    "libx265": {
        "preset": "ultrafast",
        "x265-params": "log-level=none:pools=none:frame-threads=1:bframes=0:crf=8",
    },
    "ffv1": {"level": "3", "threads": "1"},
    "libvpx-vp9": {"deadline": "realtime", "cpu-used": "8", "lossless": "1", "threads": "1"},
}


def steady(count: int, rate: Fraction | int = 25, start: Fraction | int = 0) -> Times:
    """Times of `count` frames at `rate` frames/s from `start` s on."""
    return tuple(start + Fraction(index) / rate for index in range(count))


def irregular(count: int = 12) -> Times:
    """Times of a phone's film: gaps of 16 to 120 ms, whole milliseconds, no pattern."""
    gaps = np.random.default_rng(3).integers(16, 121, count - 1)
    return tuple(Fraction(int(ms), 1000) for ms in np.concatenate([[0], np.cumsum(gaps)]))


@dataclass(frozen=True)
class Video:
    """A video stream to make. `draw(number, width, height)` gives the upright pictures."""

    times: Times = field(default_factory=lambda: steady(10))
    size: tuple[int, int] = SMALL  # px, as stored: before the rotation
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    matrix: str = "601"
    full_range: bool = False
    tags: Tags | None = None  # None: those of the matrix and range
    rotation: int = 0  # degrees anticlockwise that bring the stored picture upright
    aspect: Fraction | None = None  # of a sample
    rate: Fraction = Fraction(25)  # nominal, frames/s
    time_base: Fraction = Fraction(1, 90000)  # s
    options: Mapping[str, str] = field(default_factory=dict)
    draw: Callable[[int, int, int], drawing.Rgb] = drawing.numbered_picture

    @property
    def color(self) -> Tags:
        """The tags to write."""
        if self.tags is not None:
            return self.tags
        matrix, primaries, transfer = _TAGS[self.matrix]
        if drawing.LAYOUTS[self.pixel_format][0] not in ("yuv", "gray"):
            return (_RGB_MATRIX, 2, primaries, transfer)
        return (matrix, 2 if self.full_range else 1, primaries, transfer)

    def picture(self, number: int) -> drawing.Rgb:
        """The upright picture."""
        width, height = self.size if self.rotation % 180 == 0 else self.size[::-1]
        return self.draw(number, width, height)

    def frames(self) -> Iterator[av.VideoFrame]:
        """The frames to encode, as stored, numbered from 0."""
        for number, time in enumerate(self.times):
            stored = np.rot90(self.picture(number), -self.rotation // 90)
            frame = drawing.to_frame(
                stored, self.pixel_format, matrix=self.matrix, full_range=self.full_range
            )
            frame.pts, frame.time_base = _nearest(time / self.time_base), self.time_base
            frame.colorspace, frame.color_range = self.color[:2]
            frame.color_primaries, frame.color_trc = self.color[2:]
            yield frame


@dataclass(frozen=True)
class Sound:
    """A sound track to make: a tone."""

    codec: str = "aac"
    seconds: Fraction = Fraction(1)
    pitch: float = 440.0  # Hz
    rate: int = 48000  # samples/s
    metadata: Mapping[str, str] = field(default_factory=dict)  # language, title, ...
    disposition: Disposition | None = None


@dataclass(frozen=True)
class Subtitle:
    """One subtitle."""

    start_ms: int
    end_ms: int
    text: str


@dataclass(frozen=True)
class Extras:
    """What else a container holds."""

    metadata: Mapping[str, str] = field(default_factory=dict)
    chapters: Sequence[tuple[Fraction, Fraction, str]] = ()  # start s, end s, title
    subtitles: Sequence[Subtitle] = ()
    subtitle_language: str = "eng"
    attachment: tuple[str, str, bytes] | None = None  # file name, MIME type, content


@dataclass(frozen=True)
class Clip:
    """A film and what is known of it."""

    path: Path
    video: Video
    times: Times  # s, of each frame in order of presentation, as the container rounds them
    sounds: Sequence[Sound] = ()
    extras: Extras = Extras()

    @property
    def numbers(self) -> tuple[int, ...]:
        """What `drawing.read_number` says of each frame in order."""
        return tuple(range(len(self.times)))

    @property
    def upright_size(self) -> tuple[int, int]:
        """Width and height of the upright picture, px."""
        width, height = self.video.size
        return (height, width) if self.video.rotation % 180 else (width, height)


def film(
    path: Path,
    video: Video | None = None,
    *,
    sounds: Sequence[Sound] = (),
    extras: Extras | None = None,
    options: Mapping[str, str] | None = None,
) -> Clip:
    """Make any film. `options` are the container's."""
    video, extras = video or Video(), extras or Extras()
    settings = {"video_track_timescale": str(video.time_base.denominator)} if _is_mp4(path) else {}
    with av.open(path, "w", container_options={**settings, **(options or {})}) as container:
        picture = add_video(container, video)
        tracks = [add_sound(container, sound) for sound in sounds]
        write_subtitles = _add_extras(container, extras)
        container.start_encoding()
        for frame in video.frames():
            container.mux(picture.encode(frame))
        container.mux(picture.encode(None))
        for track, sound in zip(tracks, sounds, strict=True):
            encode_tone(container, track, sound)
        write_subtitles()
    ticks = _container_ticks(path, video)
    times = tuple(_nearest(time / ticks) * ticks for time in video.times)
    return Clip(path, video, times, sounds, extras)


def add_video(container: OutputContainer, video: Video) -> Any:
    options = {**_OPTIONS.get(video.codec, {}), **video.options}
    stream: Any = container.add_stream(video.codec, rate=video.rate, options=options)
    stream.width, stream.height = video.size
    stream.pix_fmt = video.pixel_format
    context = stream.codec_context
    stream.time_base = context.time_base = video.time_base
    context.colorspace, context.color_range = video.color[:2]
    context.color_primaries, context.color_trc = video.color[2:]
    if video.aspect:
        context.sample_aspect_ratio = video.aspect
    if video.rotation:
        stream.set_display_rotation(video.rotation)
    return stream


def add_sound(container: OutputContainer, sound: Sound) -> Any:
    stream: Any = container.add_stream(sound.codec, rate=sound.rate)
    stream.layout = "stereo"
    if sound.codec.startswith("wma"):
        stream.bit_rate = 128_000  # it has no default that it takes
    stream.metadata.update(sound.metadata)
    stream.disposition = sound.disposition or Disposition(0)
    return stream


def encode_tone(container: OutputContainer, stream: Any, sound: Sound) -> None:
    """Encode a stereo tone that swells, from 0 s on."""
    count = int(sound.seconds * sound.rate)
    phase = 2 * np.pi * np.arange(count) / sound.rate
    tone = 0.3 * np.sin(sound.pitch * phase) * np.sin(np.pi * np.arange(count) / count)
    samples = np.repeat(np.rint(tone * 32767).astype(np.int16), 2)[None]
    frame = av.AudioFrame.from_ndarray(samples, "s16", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = sound.rate, 0, Fraction(1, sound.rate)
    resampler = av.AudioResampler(
        stream.format, stream.layout, sound.rate, stream.codec_context.frame_size or None
    )
    for piece in [*resampler.resample(frame), *resampler.resample(None)]:
        container.mux(stream.encode(piece))
    container.mux(stream.encode(None))


def _add_extras(container: OutputContainer, extras: Extras) -> Callable[[], None]:
    """Declare the extras in the header; call what is returned to write the subtitles."""
    container.metadata.update(extras.metadata)
    container.set_chapters(
        [
            {
                "id": index + 1,
                "start": int(start * 1000),
                "end": int(end * 1000),
                "time_base": Fraction(1, 1000),
                "metadata": {"title": title},
            }
            for index, (start, end, title) in enumerate(extras.chapters)
        ]
    )
    lines: Any = container.add_mux_stream("subrip") if extras.subtitles else None
    if lines is not None:
        lines.time_base = Fraction(1, 1000)
        lines.metadata["language"] = extras.subtitle_language
    if extras.attachment:
        container.add_attachment(*extras.attachment)

    def write() -> None:
        for subtitle in extras.subtitles:
            packet: Any = av.Packet(subtitle.text.encode())
            packet.stream, packet.time_base = lines, Fraction(1, 1000)
            packet.pts = packet.dts = subtitle.start_ms
            packet.duration = subtitle.end_ms - subtitle.start_ms
            container.mux(packet)

    return write


def _container_ticks(path: Path, video: Video) -> Fraction:
    """The unit in which the container stores times, s."""
    if path.suffix in (".mkv", ".webm"):
        return Fraction(1, 1000)
    return 1 / video.rate if path.suffix == ".avi" else video.time_base


def _nearest(value: Fraction) -> int:
    """The nearest integer; halves upwards, as FFmpeg rounds."""
    return math.floor(value + Fraction(1, 2))


def _is_mp4(path: Path) -> bool:
    return path.suffix in (".mp4", ".mov", ".m4v")
