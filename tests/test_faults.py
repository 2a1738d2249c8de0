"""Faults from outside: what is no film, failing streams, too little memory, names that command a terminal."""

from __future__ import annotations

import json
import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rich.table import Table

from stylize_video.commands.console import command_line
from stylize_video.errors import InputError
from stylize_video.files import paths
from stylize_video.models.runtimes import model_cache
from stylize_video.pictures.pictures import read_picture
from stylize_video.pipeline.containers import opening
from stylize_video.pipeline.scoring.page import text as page_text
from stylize_video.process import last_net, terminal
from tests import media
from tests.commands import names, refused, run

COMMAND = [sys.executable, "-m", "stylize_video"]


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return media.constant(tmp_path, count=3).path


# -- what is no film --

NO_FILMS = {
    "live.m3u8": ("#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfilm.ts\n", "an HLS or M3U playlist"),
    "list.mp4": ("ffconcat version 1.0\nfile constant.mp4\n", "an ffconcat playlist"),
    "list.pls": ("[playlist]\nFile1=constant.mp4\n", "a PLS playlist"),
    "stream.mpd": ('<?xml version="1.0"?>\n<MPD type="static"></MPD>\n', "a DASH playlist"),
    "session.sdp": ("v=0\no=- 0 0 IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\n", "an SDP description"),
    "notes.txt": ("What to paint next\n" * 20, "is a text, not a film"),
    "titles.srt": ("1\n00:00:01,000 --> 00:00:02,000\nHello\n", "is a text, not a film"),
    "tags.mp4": (";FFMETADATA1\ntitle=x\n", "is a text, not a film"),
}


@pytest.mark.parametrize("name", NO_FILMS)
def test_playlists_and_texts_are_refused_by_name(name: str, film: Path) -> None:
    """And whatever they name stays closed: the film beside them would be painted."""
    text, message = NO_FILMS[name]
    source = film.with_name(name)
    source.write_text(text, "utf-8")
    line = refused(1, message, source, "-o", film.with_name("out.mp4"), "--quiet")
    assert str(source) in line
    assert names(film.parent) == {film.name, name}


def test_a_playlist_is_no_mask_and_no_score(film: Path) -> None:
    playlist = film.with_name("live.m3u8")
    playlist.write_text(NO_FILMS["live.m3u8"][0], "utf-8")
    refused(1, "playlist", film, "--mask", playlist, "--quiet", "--device", "cpu")
    refused(1, "playlist", "score", film, playlist, "--quiet")


def test_demuxers_that_open_other_files_are_not_allowed() -> None:
    allowed = {*opening.FILMS, *opening.GAMES, *opening.PICTURES, *opening.SOUNDS}
    others = (
        "hls concat dash sdp rtsp rtp sap imf tty ffmetadata vobsub lavfi svg_pipe webm_dash_manifest data"
    )
    assert allowed.isdisjoint(others.split())
    assert {
        "mov",
        "matroska",
        "mpegts",
        "mpeg",
        "avi",
        "flv",
        "asf",
        "ogg",
        "gif",
        "apng",
        "dv",
        "mxf",
    } <= allowed


def _make_pipe(path: Path) -> None:
    os.mkfifo(path)


def _make_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(os.path.relpath(path))  # such names are short


SPECIAL = [(_make_pipe, "is a pipe"), (_make_socket, "is a socket"), (Path.mkdir, "is a folder")]


@pytest.mark.parametrize(("make", "message"), SPECIAL)
def test_nothing_but_plain_files_is_opened(
    make: Callable[[Path], None], message: str, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To open a pipe would be to wait for ever."""
    monkeypatch.chdir(film.parent)
    guide = film.with_name("guide")
    guide.mkdir()
    for path in ("in.mp4", "mask.png", "guide/frame0001.png"):
        make(film.parent / path)
    common = ("-o", film.with_name("out.mp4"), "--quiet")
    assert message in refused(1, "in.mp4", film.with_name("in.mp4"), *common)
    assert message in refused(1, "mask.png", film, "--mask", film.with_name("mask.png"), *common)
    assert message in refused(1, "frame0001.png", film, "--guide", guide, *common)
    with pytest.raises(InputError, match=message):
        opening.open_media(film.with_name("in.mp4"))
    with pytest.raises(InputError, match="can't be read"):
        read_picture(film.with_name("mask.png"))


def test_a_device_is_no_file() -> None:
    assert paths.why_no_file("/dev/null") == "is a device, no regular file"
    with pytest.raises(OSError, match="device"):
        paths.read(Path("/dev/zero"))


@pytest.mark.parametrize("option", ["--style", "--content-mask"])
def test_pictures_that_are_pipes(option: str, film: Path) -> None:
    pipe = film.with_name("pipe.png")
    os.mkfifo(pipe)
    picture = media.still(film.parent).path
    more = ("--method", "gatys", "--style", picture, "--style-mask", picture) if "mask" in option else ()
    refused(2 if option == "--style" else 1, "pipe.png: is a pipe", film, option, pipe, *more)


def test_a_cache_entry_that_is_a_pipe_is_as_good_as_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_cache, "folder", lambda: tmp_path)
    os.mkfifo(tmp_path / "entry.model")
    assert model_cache.load("entry") is None
    model_cache.store("entry", b"model")
    assert model_cache.load("entry") == b"model"


# -- the last net --


def _no_memory() -> None:
    bytearray(1 << 60)


def _no_memory_in_opencv() -> None:
    cv2.resize(np.zeros((2, 2), np.float64), (1 << 30, 1 << 20))


def _no_memory_in_torch() -> None:
    import torch

    torch.empty(1 << 58)


@pytest.mark.parametrize("fail", [_no_memory, _no_memory_in_opencv, _no_memory_in_torch])
def test_memory_that_runs_out_is_said_in_plain_words(fail: Callable[[], None]) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - each library has its own
        fail()
    assert last_net.describe(caught.value).startswith("too little memory")


@pytest.mark.parametrize("name", ["--start", "--duration", "--keyframe-interval", "--batch-size"])
@pytest.mark.parametrize("number", ["9" * 5000, "0." + "1" * 5000])
def test_numbers_of_thousands_of_digits(name: str, number: str, film: Path) -> None:
    assert len(refused(2, "", film, name, number)) < 1200


def test_what_nobody_foresaw_is_one_line(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise KeyError("what\nnobody\x1b[31m foresaw")

    monkeypatch.setattr("stylize_video.pipeline.jobs.preflight.check", broken)
    line = refused(1, "unexpected KeyError", film, unforeseen=True)
    assert "\x1b" not in line
    failed = run(film, "--json", unforeseen=True)
    assert json.loads(failed.stdout)["exit_code"] == failed.exit_code == 1
    monkeypatch.setenv("STYLIZE_VIDEO_DEBUG", "1")
    assert isinstance(run(film).exception, KeyError)


@pytest.mark.parametrize("limit_mb", [100, 600])
def test_too_little_memory_to_begin_with(limit_mb: int, film: Path) -> None:
    """Below some limits libraries crash while they are loaded: 139, and not a word."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (limit_mb << 20, limit_mb << 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    command = [*COMMAND, str(film), "--json"]
    environment = os.environ | {"RUST_BACKTRACE": "1"}
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    started = subprocess.Popen(command, preexec_fn=limit, env=environment, start_new_session=True, **streams)
    with started as told:
        try:
            out, error = told.communicate(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(told.pid, signal.SIGKILL)  # its child, too, which holds the pipes
            pytest.fail(f"it hangs, having said {told.communicate()}", pytrace=False)
    assert told.returncode == 1, error
    assert error.splitlines()[-1].startswith("stylize-video: too little memory")
    assert "stack backtrace" not in error  # of a library in Rust, which may hang over it
    assert json.loads(out)["exit_code"] == 1
    assert names(film.parent) == {film.name}


EARLY = """
import sys
from stylize_video import entry as process
sys.modules["stylize_video.cli"] = None  # what can't be imported
process.main()
"""


def test_what_fails_before_there_is_a_command_line_is_told_alike() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EARLY, "--json"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert json.loads(done.stdout) == {"error": line.removeprefix("stylize-video: "), "exit_code": 1}


LATE = """
import atexit, threading, time
from stylize_video.__main__ import main
atexit.register(lambda: print("registered"))
threading.Thread(target=lambda: (time.sleep(0.1), print("a thread"))).start()
main()
"""


def test_the_end_comes_after_threads_and_what_is_registered() -> None:
    done = subprocess.run(
        [sys.executable, "-c", LATE, "no such film.mp4"], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.split("\n")) == (1, ["a thread", "registered", ""])


# -- streams that fail --


def _shell(line: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """A command in a shell: `"$@"` in the line is the program with its arguments."""
    command = ["sh", "-c", line, "sh", *COMMAND, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
def test_an_answer_that_cannot_be_given(where: str) -> None:
    done = _shell(f'"$@" {where}', "styles")
    assert done.returncode == 1
    assert done.stderr.startswith("stylize-video: can't write to stdout (")
    assert len(done.stderr.splitlines()) == 1


def test_a_film_in_its_place_is_no_failure(film: Path) -> None:
    done = _shell('"$@" >/dev/full', film, "--json", "--device", "cpu", "--no-stabilize")
    assert done.returncode == 0
    assert done.stderr.splitlines()[-1].endswith("; the output is in its place")
    assert names(film.parent) == {film.name, "constant_kandinsky.mp4"}


@pytest.mark.parametrize("where", ["2>/dev/full", "2>&-", ">&- 2>&- <&-"])
def test_errors_that_cannot_be_told(where: str, film: Path) -> None:
    done = _shell(f'"$@" {where}', film.with_name("missing.mp4"), "--json")
    assert done.returncode == 1
    assert done.stderr == ""
    assert (where[0] == ">") != ("no such file" in done.stdout)


def test_closed_streams_do_not_lend_their_numbers(tmp_path: Path) -> None:
    """Else the film would be file 2, and hold what libraries say on stderr."""
    program = "from stylize_video.process import terminal; terminal.secure_streams(); "
    program += "print(open('made', 'w').fileno())"
    line = f'{sys.executable} -c "{program}" 2>&-'
    done = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert int(done.stdout) > 2


def test_names_in_no_known_coding(film: Path) -> None:
    name = os.fsdecode(b"caf\xe9.mp4")
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    done = subprocess.run(
        [*COMMAND, film.with_name(name)], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 1
    assert "/caf\\xe9.mp4: no such file" in done.stderr


# -- what commands a terminal --


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain, Zürich, 日本, 🎬, עברית", "plain, Zürich, 日本, 🎬, עברית"),
        ("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m"),
        ("\x1b]0;title\x07", "\\x1b]0;title\\x07"),
        ("\x9b31m and \x85 and \x7f", "\\x9b31m and \\x85 and \\x7f"),
        ("gnp.\u202egpj\u2066", "gnp.\\u202egpj\\u2066"),
        ("two\nlines\r\t\u2028", "two\\nlines\\r\\t\\u2028"),
        (os.fsdecode(b"caf\xe9"), "caf\\xe9"),
    ],
)
def test_controls_are_written_out(text: str, expected: str) -> None:
    assert terminal.shown(text) == expected


HOSTILE = "\x1b[31mred\u202e[bold]\x9b.mp4"


def test_a_name_commands_no_terminal(film: Path) -> None:
    source = film.rename(film.with_name(HOSTILE))
    result = run(source, "--device", "cpu", "--no-stabilize", "--max-size", "32")
    assert result.exit_code == 0, result.output
    assert "\\x1b[31mred\\u202e[bold]\\x9b_kandinsky.mp4" in result.stderr
    missing = run(source.with_name(f"no {HOSTILE}"))
    for told in (result.output, missing.output):
        assert not set("\x1b\u202e\x9b") & set(told)


def test_tables_command_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Of a score: titles and languages of streams stand there."""
    table = Table("name")
    table.add_row(HOSTILE)
    stdout: Any = command_line.console()
    stdout.print(table)
    stdout.print(HOSTILE)
    assert capsys.readouterr().out.count("\\x1b[31mred\\u202e[bold]\\x9b.mp4") == 2


def test_a_page_shows_names_as_they_are() -> None:
    assert page_text.escape("<b>\x1b\u202e&") == "&lt;b&gt;\\x1b\\u202e&amp;"
