"""What is said of a film and its streams beside their packets: tags, languages, dispositions, chapters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Self

from av.stream import Disposition, Stream

from stylize_video.pipeline.verification.finding import Finding, at

if TYPE_CHECKING:
    from av.container.core import Chapter

_MICROSECOND = Fraction(1, 1_000_000)  # s
_MILLISECOND = Fraction(1, 1000)  # s, of MP4's and Matroska's chapters
# What a file says of itself and of who wrote it, lower case; and how such begin.
_OF_THE_FILE = frozenset(
    {
        "major_brand",
        "minor_version",
        "compatible_brands",
        "encoder",
        "software",  # the encoder, by AVI's name
        "duration",
        "bps",
        "source_id",
        "vendor_id",
    }
)
_BEGINNINGS = ("_statistics", "number_of_", "encoded_", "writing_")


@dataclass(frozen=True)
class Labels:
    """What is said of one stream."""

    tags: dict[str, str]  # names in lower case
    disposition: int

    @classmethod
    def of(cls, stream: Stream) -> Self:
        """A stream's, as it is read."""
        return cls(kept(stream.metadata), int(stream.disposition))


def kept(tags: Mapping[str, str]) -> dict[str, str]:
    """Tags that a painted film should keep, by their names in lower case."""
    found = {name.lower(): value for name, value in tags.items()}
    if "name" in found:  # as FFmpeg reads what it has written to MP4 as a title
        found.setdefault("title", found.pop("name"))
    if found.get("language") == "und":
        del found["language"]
    if found.get("handler_name", "").endswith("Handler"):  # MP4's own names for kinds of tracks
        del found["handler_name"]
    return {n: v for n, v in found.items() if n not in _OF_THE_FILE and not n.startswith(_BEGINNINGS)}


def tags(
    of: str, wanted: Mapping[str, str], found: Mapping[str, str], stream: int | None
) -> Iterator[Finding]:
    """Tags that differ or are missing; those that somebody has added are told, too."""
    for name, value in wanted.items():
        what = "language" if name == "language" else f'tag "{name}"'
        if name not in found:
            yield Finding("tags", f"{of}: its {what} ({_short(value)}) is missing", stream)
        elif found[name] != value:
            yield Finding("tags", f"{of}: its {what} is {_short(found[name])}, not {_short(value)}", stream)
    for name in found.keys() - wanted.keys():
        told = f'{of}: a tag "{name}" ({_short(found[name])}) is in it, and not in the input'
        yield Finding("tags", told, stream, expected=True)


def streams_differ(name: str, wanted: Labels, found: Labels, index: int) -> Iterator[Finding]:
    """What is said otherwise of one stream."""
    yield from tags(name, wanted.tags, found.tags, index)
    for flag in Disposition(wanted.disposition ^ found.disposition):
        word = str(flag.name).replace("_", " ")
        how = "no longer" if flag & wanted.disposition else "now"
        yield Finding("tags", f'{name}: it is {how} marked "{word}"', index)


def chapters(wanted: Sequence[Chapter], found: Sequence[Chapter]) -> Iterator[Finding]:
    """Chapters that are missing, begin elsewhere or are called otherwise; and further ones."""
    left = [(_start(chapter), _title(chapter)) for chapter in found]
    for number, chapter in enumerate(wanted, 1):
        start, title = _start(chapter), _title(chapter)
        said = f'chapter {number} ("{title}")' if title else f"chapter {number}"
        same = min(left, key=lambda other: (abs(other[0] - start), other[1] != title), default=None)
        named = next((other for other in left if title and other[1] == title), None)
        if same is not None and abs(same[0] - start) <= _MILLISECOND:
            left.remove(same)
            if same[1] != title:
                yield Finding("chapters", f'{said} is called "{same[1]}"', time=start)
        elif named is not None:
            left.remove(named)
            yield Finding("chapters", f"{said} begins at {at(named[0])}, not {at(start)}", time=start)
        else:
            yield Finding("chapters", f"{said}, at {at(start)}, is missing", time=start)
    for start, title in left:
        yield Finding("chapters", f'a chapter "{title}" at {at(start)} is not in the input', time=start)


def _start(chapter: Chapter) -> Fraction:
    return chapter["start"] * Fraction(chapter["time_base"] or _MICROSECOND)


def _title(chapter: Chapter) -> str:
    return str(chapter["metadata"].get("title", ""))


def _short(value: str) -> str:
    return f'"{value}"' if len(value) <= 60 else f'"{value[:60]} ..."'
