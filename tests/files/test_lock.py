"""A lock that one process holds at a time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from stylize_video.errors import OutputError
from stylize_video.files import lock
from stylize_video.files.lock import FileLock, LockedError


def test_only_one_has_it(tmp_path: Path) -> None:
    with FileLock(tmp_path / "lock"), pytest.raises(LockedError):
        FileLock(tmp_path / "lock")
    with FileLock(tmp_path / "lock") as again:
        assert again.is_held
    assert not again.is_held


def test_removed_it_is_made_anew(tmp_path: Path) -> None:
    lock = FileLock(tmp_path / "lock")
    lock.remove()
    lock.release()
    assert not list(tmp_path.iterdir())
    FileLock(tmp_path / "lock").release()


def test_it_goes_with_the_process_that_held_it(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from stylize_video.files.lock import FileLock;"
        "lock = FileLock(Path(sys.argv[1])); print('held', flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockedError):
            FileLock(tmp_path / "lock")
        holder.kill()
    FileLock(tmp_path / "lock").release()


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
