"""A time in a picture is read back, from a painting too; where there is none, none is read."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from stylize_video.models import style_spec
from stylize_video.models.styles import DRAFT
from stylize_video.pipeline.live import timecode
from stylize_video.pipeline.live.painters import LivePainters
from stylize_video.pipeline.live.rungs import Rung
from stylize_video.pipeline.live.session import LiveSession
from stylize_video.pipeline.live.settings import LiveSettings
from tests import networks


@pytest.mark.parametrize("ms", [0, 1, 12345, timecode.PERIOD - 1, timecode.PERIOD + 7])
def test_a_time_is_read_back(ms: int) -> None:
    scene = networks.noise(0, 90, 160)
    drawn = timecode.draw(scene, ms)
    assert timecode.read(drawn) == ms % timecode.PERIOD
    assert timecode.read(np.asarray(cv2.resize(drawn, (320, 200)), np.uint8)) == ms % timecode.PERIOD
    assert np.array_equal(drawn[20:], scene[20:])


def test_where_there_is_none_hardly_any_is_read() -> None:
    found = [timecode.read(networks.noise(seed, 90, 160)) for seed in range(100)]
    assert sum(time is not None for time in found) < 10


def test_how_long_ago_is_told_over_the_end_of_its_range() -> None:
    assert timecode.since(timecode.PERIOD - 10, timecode.PERIOD / 1000 + 0.02) == pytest.approx(30)


def test_it_is_read_from_paintings() -> None:
    painters = LivePainters("cpu")
    settings = LiveSettings(style=style_spec.parse("the-scream"), rung=Rung(320, DRAFT))
    session = LiveSession(painters, settings)
    scene = np.repeat(np.repeat(networks.noise(0, 12, 20), 16, 0), 16, 1)
    for number in range(3):
        ms = 1000 + 40 * number
        assert timecode.read(session.paint(timecode.draw(scene, ms), number / 25).picture) == ms
    painters.close()
