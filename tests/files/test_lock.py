"""A lock that one process holds at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from stylize_video.errors import OutputError
from stylize_video.files import lock


def test_a_second_holder_is_refused_until_the_first_has_gone(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with lock.held(path, "somebody is at it"):
        with pytest.raises(OutputError, match="somebody is at it"), lock.held(path, "somebody is at it"):
            pass
        assert path.exists()
    assert not path.exists()
    with lock.held(path, "nobody is"):
        pass


def test_a_lock_left_by_a_dead_process_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.write_text("")
    with lock.held(path, "nobody is"):
        pass


def test_where_no_file_can_be_made_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't be made"), lock.held(tmp_path / "no" / "lock", ""):
        pass
