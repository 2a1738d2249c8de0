"""Renders samples/sample.mp4, the clip that newcomers paint first.

    python samples/make_samples.py

Five seconds, 640x360 at 25 frames/s: a lake, a hard cut, a street at dusk. It has what films have and
careless tools lose: sound, subtitles, chapters, tags. Drawn and composed here, so it is everybody's.
"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import music
import numpy as np
from av.container import OutputContainer
from av.subtitles.subtitle import SubtitleSet
from brush import Array
from lake import Lake
from numpy.typing import NDArray
from street import Street

SIZE = (640, 360)  # px
RATE = 25  # frames/s
SCENES = (("The lake", Lake, 75), ("The street", Street, 50))  # title, painter, frames
SECONDS = sum(frames for _, _, frames in SCENES) / RATE
SUBTITLES = (  # start ms, end ms, text
    (300, 2700, "An afternoon by the lake …"),
    (3200, 4800, "… and an evening in town."),
)
SEED = 11
BT709 = 1  # the code of its matrix, primaries and transfer
LIMITED = 1

ASS_HEADER = b"""[Script Info]
ScriptType: v4.00+
[V4+ Styles]
Format: Name, Fontname, Fontsize, PrimaryColour, BackColour, Bold, Italic, Alignment
Style: Default,Arial,18,&Hffffff,&H0,0,0,2
[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
"""


def main() -> None:
    """Write the sample beside this file, whole or not at all."""
    path = Path(__file__).with_name("sample.mp4")
    partial = path.with_suffix(".part.mp4")
    try:
        write_sample(partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
    print(f"{path}: {path.stat().st_size / 1e6:.2f} MB")


def write_sample(path: Path) -> None:
    """Render everything into one mp4 whose index comes first."""
    with av.open(path, "w", container_options={"movflags": "+faststart"}) as container:
        video, sound, subtitles = _add_streams(container)
        container.metadata.update(title="A lake and a street", artist="stylize-video", date="2026")
        container.set_chapters(list(_chapters()))
        for packet in _subtitle_packets(subtitles):
            container.mux(packet)
        for frame in _sound_frames():
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
        for number, picture in enumerate(pictures()):
            container.mux(video.encode(_video_frame(picture, number)))
        container.mux(video.encode(None))


def pictures() -> Iterator[NDArray[np.uint8]]:
    """The film, frame by frame: (360, 640, 3) RGB."""
    for _, scene, count in SCENES:
        painter = scene(SEED)
        for number in range(count):
            yield _reduced(painter.draw(number / (count - 1)))


def _reduced(canvas: Array) -> NDArray[np.uint8]:
    """A drawing at the film's size; every pixel is the mean of four."""
    small = cv2.resize(canvas, SIZE, interpolation=cv2.INTER_AREA)
    return np.rint(np.clip(small, 0, 255)).astype(np.uint8)


def _add_streams(container: OutputContainer) -> tuple[Any, Any, Any]:
    options = {"preset": "veryslow", "crf": "19", "tune": "animation"}
    video: Any = container.add_stream("libx264", rate=RATE, options=options)
    video.width, video.height = SIZE
    video.pix_fmt = "yuv420p"
    context = video.codec_context
    context.colorspace = context.color_primaries = context.color_trc = BT709
    context.color_range = LIMITED
    sound: Any = container.add_stream("aac", rate=music.RATE, bit_rate=128_000)
    sound.layout = "stereo"
    sound.metadata["language"] = "eng"
    subtitles: Any = container.add_stream("mov_text")
    subtitles.codec_context.subtitle_header = ASS_HEADER
    subtitles.codec_context.time_base = subtitles.time_base = Fraction(1, 1000)
    subtitles.metadata["language"] = "eng"
    return video, sound, subtitles


def _chapters() -> Iterator[Any]:
    start = 0
    for index, (title, _, frames) in enumerate(SCENES):
        yield {
            "id": index,
            "start": start,
            "end": start + frames,
            "time_base": Fraction(1, RATE),
            "metadata": {"title": title},
        }
        start += frames


def _subtitle_packets(stream: Any) -> Iterator[Any]:
    for start, end, text in SUBTITLES:
        line = f"0,0,Default,,0,0,0,,{text}".encode()
        packet = stream.codec_context.encode_subtitle(SubtitleSet.create(line, 0, end - start))
        packet.stream, packet.time_base = stream, Fraction(1, 1000)
        packet.pts = packet.dts = start
        packet.duration = end - start
        yield packet


def _sound_frames() -> Iterator[av.AudioFrame]:
    samples = music.compose(SECONDS).astype(np.float32)
    for start in range(0, samples.shape[1], 1024):
        piece = np.ascontiguousarray(samples[:, start : start + 1024])
        frame = av.AudioFrame.from_ndarray(piece, "fltp", "stereo")
        frame.sample_rate, frame.pts, frame.time_base = music.RATE, start, Fraction(1, music.RATE)
        yield frame


def _video_frame(picture: NDArray[np.uint8], number: int) -> av.VideoFrame:
    frame = av.VideoFrame.from_ndarray(picture, "rgb24").reformat(
        format="yuv420p",
        dst_colorspace=BT709,
        src_color_range="JPEG",
        dst_color_range="MPEG",
        interpolation="BICUBIC",
    )
    frame.color_primaries = frame.color_trc = BT709
    frame.pts, frame.time_base = number, Fraction(1, RATE)
    return frame


if __name__ == "__main__":
    main()
