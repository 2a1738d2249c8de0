"""A batch's page: one file, for eyes, ears and thumbs."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import pytest

from stylize_video.errors import OutputExistsError, UsageError
from stylize_video.pipeline.jobs.batch import page
from stylize_video.pipeline.jobs.batch.page import Shown
from stylize_video.pipeline.jobs.batch.processes.comparing import Compared
from stylize_video.pipeline.jobs.batch.results import FAILED, PAINTED, Result

NAME = "sub/<b>a</b> & 春.mp4"


class Elements(HTMLParser):
    """The start tags of a page with their attributes, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.found if name == tag]


def shown(folder: Path) -> list[Shown]:
    figures = {"warping_error_ratio": 1.25, "detail_ratio": None}
    painted = Result(folder / "in" / "a b.mp4", PAINTED, folder / "out" / NAME, 120, 60.0, notes=("a note",))
    broken = Result(folder / "in" / "c.mp4", FAILED, reason=f"{folder / 'in' / 'c.mp4'}: is a text")
    return [
        Shown(painted, NAME, "style udnie", Compared(figures, b"before", b"after", "why not")),
        Shown(broken, "c.mp4", "", None),
    ]


def test_a_page_has_all_that_was_painted_and_all_that_was_not(tmp_path: Path) -> None:
    elements = Elements(page.html(shown(tmp_path), tmp_path))
    for told in ("1 painted film", NAME, "in/c.mp4", "is a text", "120", "1 min 0 s", "1.25", "–", "a note"):
        assert told in elements.text
    assert "style udnie" in elements.text
    assert "Not measured: why not" in elements.text
    assert not elements.of("b") or all(not attributes for attributes in elements.of("b"))
    assert "<b>a</b>" in elements.text  # as text


def test_a_page_needs_nothing_beside_it_and_can_be_heard(tmp_path: Path) -> None:
    elements = Elements(page.html(shown(tmp_path), tmp_path))
    assert elements.of("html") == [{"lang": "en"}]
    assert [image["alt"] for image in elements.of("img")] == [
        f"A frame from the middle of {NAME}, {when} painting" for when in ("before", "after")
    ]
    assert all((image["src"] or "").startswith("data:image/jpeg;base64,") for image in elements.of("img"))
    assert elements.of("script") == elements.of("link") == []
    identities = [attributes["id"] for _, attributes in elements.found if "id" in attributes]
    assert len(identities) == len(set(identities))
    links = [attributes["href"] or "" for attributes in elements.of("a")]
    assert {link[1:] for link in links if link.startswith("#")} <= set(identities)
    assert [link for link in links if not link.startswith("#")] == [
        "in/a%20b.mp4",
        "out/sub/%3Cb%3Ea%3C/b%3E%20%26%20%E6%98%A5.mp4",
    ]
    assert all(head.get("scope") for head in elements.of("th"))


def test_only_a_batchs_own_page_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    page.check_target(path, overwrite=False)
    page.write(path, shown(tmp_path), [])
    page.check_target(path, overwrite=False)
    path.write_text("<html>mine</html>")
    with pytest.raises(OutputExistsError):
        page.check_target(path, overwrite=False)
    page.check_target(path, overwrite=True)
    with pytest.raises(UsageError, match="the report is a page"):
        page.check_target(tmp_path / "report.txt", overwrite=False)
