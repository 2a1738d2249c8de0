"""The figures on a score's page: cards for the film, tables for shots and files, and what they mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from stylize_video.pipeline.scoring import words
from stylize_video.pipeline.scoring.page.text import escape
from stylize_video.pipeline.scoring.words import clock, number, percent

if TYPE_CHECKING:
    from stylize_video.pipeline.scoring.figures import Figures
    from stylize_video.pipeline.scoring.pairing import PairingReport
    from stylize_video.pipeline.scoring.score import Score
    from stylize_video.pipeline.scoring.survey import FilmSummary

_DEFINITIONS = {
    "Warping error": "The mean squared difference of a frame and the next one, brought back along the "
    "input's optical flow, where both show the scene (Lai et al. 2018, with DIS in place of FlowNet2). A "
    "perfectly steady film has a small one too, for fetching between pixels blurs: compare with the input's.",
    "Relative warping error": "The warping error divided by the square of what is painted, which is the mean "
    "absolute horizontal difference of the luma. A painting of half the contrast has a quarter of the "
    "warping error and the same relative one: it can't be won by painting little.",
    "Bare canvas": "How much of the frames holds less brushwork than nine tenths of the painting: the "
    "painting itself has 10 %.",
    "Flicker of still regions": "The root mean squared change of luma from frame to frame where the input "
    "neither moves nor changes (after Ruder et al. 2016). Noise that is new in each frame gives 1.41 times "
    "its standard deviation.",
    "Detail": "The mean gradient magnitude of the luma. Who paints nothing is steady too: this falls then.",
    "Drift": "How much lighter the output is against the input in the last second of a shot than it was in "
    "the first, and of how much more contrast. Of the film, that of the shot that drifts most.",
    "Worst second": "The second with the highest mean warping error of the output.",
}

_SHOT_HEADS = (
    *("shot", "from", "frames", "warping error", "input", "ratio", "relative", "still flicker", "input"),
    *("detail ratio", "luminance drift", "contrast drift", "worst second", "its error"),
)


def cards(score: Score) -> str:
    """The film in a few figures."""
    found = [
        *_error_cards(score.film),
        ("Frames", _share_of_frames(score.pairing), _wrong_frames(score.pairing)),
        *_distance_cards(score),
    ]
    return f'<div class="cards">{"".join(_card(*map(escape, card)) for card in found)}</div>'


def shots(score: Score) -> str:
    """A line for each shot, and one for the film."""
    rows = [(str(count), *_row(shot)) for count, shot in enumerate(score.shots, 1)]
    if len(rows) > 1:
        rows.append(("film", *_row(score.film)))
    return _table(_SHOT_HEADS, rows)


def files(score: Score) -> str:
    """What the two files are, and what became of frames and streams."""
    films = score.source, score.output
    rows = [
        ("file", *(str(film.path) for film in films)),
        ("container", *(film.container for film in films)),
        ("pictures", *map(_pictures, films)),
        ("other streams", *(str(len(film.streams)) for film in films)),
    ]
    lines = [*words.frames(score), *map(words.stream, score.streams), *score.notes]
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"{_table(('', 'input', 'output'), rows, kind='words')}<ul>{items}</ul>"


def definitions() -> str:
    """What is measured, briefly; docs/score.md says it at length."""
    terms = (f"<dt>{escape(term)}</dt><dd>{escape(text)}</dd>" for term, text in _DEFINITIONS.items())
    return f"<dl>{''.join(terms)}</dl>"


def _error_cards(film: Figures) -> Iterator[tuple[str, str, str]]:
    errors = _against(film.warping_error, film.input_warping_error)
    yield "Warping error", _times(film.warping_error_ratio), f"the input's; {errors}"
    relative = f"the input's {number(film.input_relative_warping_error)}; by the square of what is painted"
    yield "Relative warping error", number(film.relative_warping_error), relative
    still = f"the input's {number(film.input_still_flicker_255)}; {percent(film.still_share)} stands still"
    yield "Flicker of still regions", _of_255(film.still_flicker_255), still
    details = _against(film.detail, film.input_detail)
    yield "Detail", percent(film.detail_ratio), f"of the input's; {details}"
    contrast = f"of luminance; contrast {number(film.contrast_drift_255, sign=True)}"
    yield "Drift", _of_255(film.luminance_drift_255, sign=True), f"{contrast}; in the shot that drifts most"
    worst = f"warping error {number(film.worst_second_warping_error)}"
    yield "Worst second", clock(film.worst_second_s), worst


def _distance_cards(score: Score) -> Iterator[tuple[str, str, str]]:
    found = score.distances
    if found is None:
        return
    yield "Content distance", number(found.content_distance), f"mean of {found.frames} frames"
    if found.style_distance is not None:
        yield "Style distance", number(found.style_distance), f"mean of {found.frames} frames"
    if found.bare_canvas is not None:
        bare = f"the painting has 10 %; mean of {found.frames} frames"
        yield "Bare canvas", percent(found.bare_canvas), bare


def _share_of_frames(report: PairingReport) -> str:
    return f"{report.pairs} of {report.pairs + report.missing.count}"


def _wrong_frames(report: PairingReport) -> str:
    kinds = (("missing", report.missing), ("added", report.added), ("moved", report.moved))
    wrong = [f"{misfits.count} {what}" for what, misfits in kinds if misfits.count]
    return ", ".join(wrong) or "none missing, added or moved"


def _card(title: str, figure: str, line: str) -> str:
    return f'<div class="card">{title}<b>{figure}</b><small>{line}</small></div>'


def _against(output: float | None, source: float | None) -> str:
    return f"{number(output)} against {number(source)}"


def _times(ratio: float | None) -> str:
    return words.NOTHING if ratio is None else f"{number(ratio)} times"


def _of_255(value: float | None, *, sign: bool = False) -> str:
    return words.NOTHING if value is None else f"{number(value, sign=sign)} / 255"


def _row(of: Figures) -> Iterator[str]:
    yield from (clock(of.start_s), str(of.frames))
    yield from map(number, (of.warping_error, of.input_warping_error, of.warping_error_ratio))
    yield number(of.relative_warping_error)
    yield from map(number, (of.still_flicker_255, of.input_still_flicker_255, of.detail_ratio))
    yield from (number(drift, sign=True) for drift in (of.luminance_drift_255, of.contrast_drift_255))
    yield from (clock(of.worst_second_s), number(of.worst_second_warping_error))


def _pictures(film: FilmSummary) -> str:
    size = f"{film.coded_size[0]}x{film.coded_size[1]} px"
    return f"{film.codec}, {size}, {len(film.times)} frames, labelled {number(float(film.rate))} frames/s"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], *, kind: str = "figures") -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in heads)
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    table = f'<table class="{kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'
    return f'<div class="wide">{table}</div>'
