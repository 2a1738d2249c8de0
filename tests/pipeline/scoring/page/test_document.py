"""The page of a score: whole in itself, whatever the film, and alive in a real browser."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stylize_video.errors import OutputError
from stylize_video.pipeline.scoring.options import ScoreOptions
from stylize_video.pipeline.scoring.page.document import html, write
from stylize_video.pipeline.scoring.page.plots import PANELS
from stylize_video.pipeline.scoring.score import Score, score
from tests import drawing, media

_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# What a reader does: points at the middle of the first curve, and lets the paintings alternate.
_READER = """<script>
const box = document.querySelector(".field").getBoundingClientRect();
document.querySelector(".field").dispatchEvent(
  new PointerEvent("pointermove", { clientX: box.left + box.width / 2, clientY: box.top }));
document.querySelector("button").click();
</script>"""


def _two_shots(number: int, width: int, height: int) -> drawing.Rgb:
    picture = drawing.numbered_picture(number, width, height)
    return picture if number < 15 else 1 - picture[::-1] * [1, 0.4, 0.8]


@pytest.fixture(scope="module")
def scored(tmp_path_factory: pytest.TempPathFactory) -> Score:
    """Two shots, a painting with grain, a frame missing, and names that are no HTML."""
    folder = tmp_path_factory.mktemp("films")
    video = media.Video(times=media.steady(40), draw=_two_shots)
    source = media.film(folder / 'a <b>&amp; "film".mp4', video, sounds=[media.Sound()])

    def painted(number: int, *size: int) -> drawing.Rgb:
        grain = np.random.default_rng(number).normal(0, 0.02, (size[1], size[0], 1))
        return np.clip(_two_shots(number, *size) ** 1.3 + grain, 0, 1)

    lacking = media.Video(times=media.steady(39), draw=painted)
    output = media.film(folder / "painted.mkv", lacking)
    return score(source.path, output.path, ScoreOptions(places=2))


@pytest.fixture(scope="module")
def page(scored: Score) -> str:
    return html(scored)


class _Reader(HTMLParser):
    """Counts elements, and collects what would be fetched."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.counts: dict[str, int] = {}
        self.fetched: list[str] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.fetched += [value or "" for name, value in attributes if name in ("src", "href", "srcset")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_fetches_nothing(page: str) -> None:
    read = _Reader(page)
    assert read.open == []
    assert read.counts["svg"] == len(PANELS)
    assert read.counts["img"] == 2 * 5
    assert {link.partition(",")[0] for link in read.fetched if not link.startswith("#")} == {
        "data:image/jpeg;base64"
    }
    assert "default-src 'none'" in page
    assert "http" not in re.sub(r'"data:[^"]*"|http-equiv', "", page)


def test_the_page_says_what_there_is(page: str, scored: Score) -> None:
    assert "painted.mkv against a &lt;b&gt;&amp;amp; &quot;film&quot;.mp4" in page
    assert "1 frame is missing: at 0:01.56" in page
    assert "stream 1 (audio, aac): missing" in page
    assert page.count('class="cut"') == len(PANELS)
    assert len(scored.shots) == 2
    data = json.loads(re.search(r'id="data">(.*?)</script>', page)[1])
    assert len(data["time_s"]) == 39
    assert data["warping_error"][15] is None
    assert "NaN" not in page


def test_a_long_film_makes_no_heavy_page(scored: Score, monkeypatch: pytest.MonkeyPatch) -> None:
    columns = {name: np.tile(column, 1000) for name, column in scored.series.columns().items()}
    columns["time_s"] = np.arange(39_000) / 25
    columns["shot"] = np.floor(np.arange(39_000) / 100)
    monkeypatch.setattr(scored.series, "columns", lambda: columns)
    monkeypatch.setattr(scored.series, "column", columns.__getitem__)
    monkeypatch.setattr(type(scored.series), "__len__", lambda _: 39_000)
    long = html(scored)
    assert len(long) < 1_500_000
    assert "25:00" in long


def test_a_film_of_one_frame_has_a_page(tmp_path: Path) -> None:
    picture = media.still(tmp_path).path
    read = _Reader(html(score(picture, picture, ScoreOptions(places=2))))
    assert read.open == []
    assert "img" not in read.counts


def test_a_page_that_cannot_be_written_is_one_error(scored: Score, tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="can't be written"):
        write(tmp_path / "missing" / "page.html", scored)
    write(tmp_path / "page.html", scored)
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]


def _browser() -> str:
    """A browser's program; without one the test is skipped, or fails where there has to be one."""
    found = next(filter(None, map(shutil.which, _BROWSERS)), None)
    if found is None:
        told = f"no browser here: none of {', '.join(_BROWSERS)}"
        if os.environ.get("STYLIZE_VIDEO_REQUIRE_BROWSER") == "1":
            pytest.fail(told, pytrace=False)
        pytest.skip(told)
    return found


def _shown(page: str, folder: Path) -> Any:
    """Standard output (the DOM as it is after the scripts) and error of a browser with the page."""
    (folder / "page.html").write_text(page, "utf-8")
    options = ("--headless=new", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr")
    profile = f"--user-data-dir={folder / 'profile'}"
    address = (folder / "page.html").as_uri()
    command = [_browser(), *options, profile, "--window-size=1200,900", "--dump-dom", address]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=90)


def test_the_page_in_a_real_browser(page: str, tmp_path: Path) -> None:
    done = _shown(page.replace("</body>", f"{_READER}</body>"), tmp_path)
    assert [line for line in done.stderr.splitlines() if "CONSOLE" in line] == []
    root = re.search(r"<html[^>]*>", done.stdout)[0]
    assert f'data-plots="{len(PANELS)}"' in root
    assert "data-error" not in root
    readouts = re.findall(r"<output>(.*?)</output>", done.stdout)
    assert len(readouts) == len(PANELS)
    for readout in readouts:
        assert re.fullmatch(r"0:00\.7[26], output [\d.]+, input [\d.]+", readout)
    assert re.search(r"<button[^>]*>Stop</button>", done.stdout)
    for kind in ("input", "output"):
        paths = re.findall(rf'<path class="{kind}" d="(M[^"]*)"', done.stdout)
        assert len(paths) == len(PANELS)
        assert all(path.count("M") >= 2 for path in paths[:1])  # broken at the cut


def test_a_fault_in_the_page_would_be_seen(page: str, tmp_path: Path) -> None:
    done = _shown(page.replace('id="data">{', 'id="data">{,'), tmp_path)
    assert "data-error" in done.stdout or "CONSOLE" in done.stderr
