"""Rims around dark things, measured."""

from __future__ import annotations

import numpy as np
import pytest

from stylize_video.models.perceptual import rims


def tower() -> np.ndarray:
    """Dark before a light ground."""
    picture = np.full((384, 512, 3), 200, np.uint8)
    picture[150:, 200:300] = 30
    return picture


def test_a_pale_rim_shows_in_both_bands() -> None:
    for where in rims.places(tower()):
        haloed = np.where(where.rim[..., None], np.uint8(240), tower())
        assert rims.difference(tower(), where) < 1
        assert rims.difference(haloed, where) > 10


def test_a_line_is_told_from_a_halo() -> None:
    line, halo = rims.places(tower())
    lined = np.where((line.rim & ~halo.rim)[..., None], np.uint8(240), tower())
    assert rims.difference(lined, line) > rims.difference(lined, halo) + 2


def test_what_is_dark_can_be_chosen() -> None:
    grey = tower() // 2  # 100 before 15
    assert not rims.places(grey)[0].rim.any()
    assert rims.places(grey, dark_below=50)[0].rim.any()


def test_without_such_places_nothing_is_measured() -> None:
    blank = np.full((384, 512, 3), 200, np.uint8)
    with pytest.raises(ValueError, match="nothing dark"):
        rims.difference(blank, rims.places(blank)[0])


def test_what_a_painting_adds_is_told_and_its_subject_is_not() -> None:
    line, halo = rims.places(tower())
    haloed = np.where((line.rim | halo.rim)[..., None], np.uint8(240), tower())
    found = [rims.excess(tower(), painted) for painted in (haloed, tower(), 255 - tower())]
    assert found[0] is not None
    assert found[0] > 10
    assert found[1:] == [0, pytest.approx(0, abs=1e-4)]
    assert rims.excess(haloed, tower()) == pytest.approx(-found[0])
    assert rims.excess(np.full((384, 512, 3), 200, np.uint8), tower()) is None
