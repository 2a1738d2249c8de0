"""Packets of several encoders one behind the other: what is decoded when."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.sinks.coding import EncoderOptions
from stylize_video.pipeline.sinks.encoded import Encoded, joined, lead
from stylize_video.pipeline.sinks.film import FilmSink
from stylize_video.pipeline.sinks.segment_encoder import SegmentEncoder

BASE = Fraction(1, 1000)
STEADY = tuple(range(0, 1000, 40))
# Slow after the joint at 12, fast before it: what an encoder says of its first frames lies before them.
SLOWER = (*range(100, 112), *range(120, 1420, 100))
UNEVEN = tuple(int(t) for t in 37 + np.cumsum(np.random.default_rng(1).integers(1, 90, 25)))


def signal() -> Signal:
    return Signal(
        coded_width=64,
        coded_height=48,
        pixel_format="yuv420p",
        bit_depth=8,
        color=ColorTags(),
        time_base=BASE,
        rate=Fraction(25),
    )


def picture(number: int, pts: int, kind: str) -> av.VideoFrame:
    rows = np.random.default_rng(0).integers(0, 255, (48, 200), np.uint8)[:, 2 * number : 2 * number + 64]
    frame = av.VideoFrame.from_ndarray(np.dstack([rows] * 3), format="rgb24").reformat(format=kind)
    frame.pts, frame.time_base, frame.duration = pts, BASE, 40
    return frame


def segments(path: Path, codec: str | None, times: Sequence[int], ends: Sequence[int]) -> tuple:
    """Packets of each segment, and the encoder."""
    encoder = SegmentEncoder(path, EncoderOptions(codec), signal())
    found: list[list[Encoded]] = [[]]
    for number, pts in enumerate(times):
        if number in ends:
            found[-1] += encoder.end(last=False)
            found.append([])
        found[-1] += encoder.write(picture(number, pts, encoder.pixel_format))
    found[-1] += encoder.end(last=True)
    return found, encoder


@pytest.mark.parametrize("times", [STEADY, SLOWER, UNEVEN])
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        *(("out.mp4", "h264"), ("out.mp4", "h265"), ("out.mkv", "h264"), ("out.avi", "mpeg4")),
        *(("out.webm", "vp9"), ("out.mp4", "av1"), ("out.mkv", "ffv1"), ("out.ts", "h264")),
        ("out.mov", "prores"),
    ],
)
def test_they_are_one_film(name: str, codec: str, times: Sequence[int], tmp_path: Path) -> None:
    path = tmp_path / name
    found, encoder = segments(path, codec, times, (1, 12, 24))
    assert [len(segment) for segment in found] == [1, 11, 12, 1]
    assert all(segment[0].is_keyframe for segment in found)
    packets = list(joined(found, encoder.clock.times, encoder.ahead))
    assert all(one.dts < other.dts for one, other in pairwise(packets))
    assert all(packet.dts <= packet.pts for packet in packets)
    assert sorted(packet.pts for packet in packets) == list(encoder.clock.times)
    with FilmSink(path, EncoderOptions(codec)).open(signal()) as sink:
        sink.join(found, encoder.clock, ahead=encoder.ahead)
        sink.finish()
    with av.open(path) as film:
        shown = [frame.pts * frame.time_base for frame in film.decode(video=0) if frame.pts is not None]
    assert len(shown) == len(times)
    if path.suffix in (".mp4", ".mov", ".mkv", ".webm"):
        assert shown == [pts * BASE for pts in times]


def test_times_at_a_joint_are_those_of_one_encoder() -> None:
    """As x264 has them at any rate: a frame is decoded when the second one before it is shown."""
    times = [0, 10, 20, 25, 26, 27, 90, 200]
    one = [Encoded(b"", pts, dts, 0, pts == 0) for pts, dts in ((0, -20), (20, -10), (10, 0), (25, 10))]
    other = [Encoded(b"", pts, dts, 0, pts == 26) for pts, dts in ((26, -38), (90, -37), (27, 26), (200, 27))]
    assert lead(one) == lead(other) == 2
    assert [p.dts for p in joined([one, other], times, 2)] == [-20, -10, 0, 10, 20, 25, 26, 27]


def test_what_can_not_follow_is_refused() -> None:
    one, other = [Encoded(b"", 5, 5, 0, True)], [Encoded(b"", 4, 4, 0, True)]
    with pytest.raises(ValueError, match="decoded at"):
        list(joined([one, other], [5, 4], 0))
