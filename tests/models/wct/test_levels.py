"""Levels as a user gives them."""

from __future__ import annotations

import pytest

from stylize_video.errors import UsageError
from stylize_video.models.wct.levels import check, parse


@pytest.mark.parametrize(
    ("text", "wanted"), [("4,3,2,1", (4, 3, 2, 1)), (" 5, 1 ", (5, 1)), ("1", (1,)), ("5,4,3", (5, 4, 3))]
)
def test_levels_go_from_coarse_to_fine(text: str, wanted: tuple[int, ...]) -> None:
    assert parse(text) == wanted


@pytest.mark.parametrize("text", ["", "a", "4,", "4;3", "4.0", "4-1"])
def test_no_levels(text: str) -> None:
    with pytest.raises(UsageError, match="are no levels; give ") as caught:
        parse(text)
    assert repr(text) in str(caught.value)


@pytest.mark.parametrize("text", ["0", "6", "-1", "1,2", "4,4", "4,3,3", "5,4,3,2,1,0"])
def test_levels_that_there_is_no_way_through(text: str) -> None:
    with pytest.raises(UsageError, match="out of range; give some of 5,4,3,2,1, in this order"):
        parse(text)


def test_none_at_all() -> None:
    with pytest.raises(UsageError, match="out of range"):
        check(())
