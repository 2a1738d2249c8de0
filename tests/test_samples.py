"""The bundled clip is what newcomers are told it is."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np

SAMPLE = Path(__file__).parents[1] / "samples" / "sample.mp4"


def test_the_sample_is_small_and_has_everything_that_must_survive() -> None:
    assert SAMPLE.stat().st_size <= 1_500_000
    with av.open(SAMPLE) as container:
        video = container.streams.video[0]
        assert (video.width, video.height) == (640, 360)
        assert video.average_rate == 25
        assert container.streams.audio[0].codec_context.name == "aac"
        assert container.streams.subtitles[0].codec_context.name == "mov_text"
        titles = [chapter["metadata"]["title"] for chapter in container.chapters()]
        assert titles == ["The lake", "The street"]
        assert container.metadata["title"]


def test_the_sample_moves_and_has_one_hard_cut() -> None:
    with av.open(SAMPLE) as container:
        frames: list[Any] = list(container.decode(video=0))
    times = [frame.pts * frame.time_base for frame in frames]
    assert times == [Fraction(index, 25) for index in range(125)]
    first = frames[0]
    tags = (first.colorspace, first.color_range, first.color_primaries, first.color_trc)
    assert tags == (1, 1, 1, 1)
    thumbnails = np.stack([frame.to_ndarray(width=64, height=36, format="gray") for frame in frames])
    change = np.abs(np.diff(thumbnails.astype(float), axis=0)).mean(axis=(1, 2))
    assert change.min() > 0.1
    assert list(np.flatnonzero(change > 25)) == [74]


def test_the_samples_index_comes_first() -> None:
    data = SAMPLE.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
