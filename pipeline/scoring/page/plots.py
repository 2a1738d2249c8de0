"""The curves of a score's page, as SVG within HTML: lines stretch with the page, letters don't."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from stylize_video.pipeline.scoring.page.text import escape
from stylize_video.pipeline.scoring.series import Column
from stylize_video.pipeline.scoring.words import clock

_WIDTH, _HEIGHT = 1000, 100  # units of the drawing, which the page stretches
_TIME_STEPS = (0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200)  # s
_TIME_TICKS, _TICKS = 9, 4  # at most, about


@dataclass(frozen=True)
class Panel:
    """One pair of curves: the output's and the input's."""

    name: str  # of the column; the input's is called input_...
    title: str
    unit: str
    from_zero: bool  # whether the axis begins at 0
    least: float = 0.0  # that the axis spans; smaller changes are not blown up


PANELS = (
    Panel("warping_error", "Warping error", "mean squared difference along the motion, of 0..1", True),
    Panel("still_flicker", "Flicker of still regions", "root mean squared change of luma, 1/255", True, 1),
    Panel("detail", "Detail", "mean gradient of luma, of 1, per px", True),
    Panel("luminance", "Mean luminance", "1/255", False, 16),
    Panel("contrast", "Contrast", "standard deviation of luma, 1/255", False, 16),
)


@dataclass(frozen=True)
class Marks:
    """What is marked on the curves, in seconds."""

    cuts: Sequence[float]
    places: Sequence[float]  # the worst first
    worst_second: float | None


def with_flicker(columns: Mapping[str, Column]) -> dict[str, Column]:
    """The columns with the root of the squared changes, which is what is drawn."""
    roots = {f"{who}still_flicker": np.sqrt(columns[f"{who}still_square"]) for who in ("", "input_")}
    return {**columns, **roots}


def plot(panel: Panel, columns: Mapping[str, Column], marks: Marks) -> str:
    """One panel: title, readout, drawing, axes."""
    times = columns["time_s"]
    curves = {"input": columns[f"input_{panel.name}"], "output": columns[panel.name]}
    across = _Axis(float(times[0]), float(times[-1]))
    up = _vertical(list(curves.values()), panel)
    lines = [_line(times, values, columns["shot"], across, up, who) for who, values in curves.items()]
    band = _band(marks.worst_second, across) if panel.name == "warping_error" else ""
    cuts = "".join(
        f'<line class="cut" x1="{x}" x2="{x}" y1="0" y2="{_HEIGHT}"/>' for x in map(across.place, marks.cuts)
    )
    heights = [(value, 100 - up.share(value) * 100) for value in up.ticks(_TICKS)]
    grid = "".join(f'<line class="grid" x1="0" x2="{_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>' for _, y in heights)
    labels = "".join(f'<span class="y" style="top:{y:.1f}%">{_tick_label(v)}</span>' for v, y in heights)
    return (
        f'<figure class="plot" data-name="{panel.name}"><figcaption><b>{escape(panel.title)}</b> '
        f'<small>{escape(panel.unit)}</small><output></output></figcaption><div class="field">'
        f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(panel.title)} over time">{band}{grid}{cuts}{"".join(lines)}</svg>'
        f'<i class="cursor"></i>{labels}{_time_labels(across)}{_place_marks(marks.places, across)}'
        "</div></figure>"
    )


@dataclass(frozen=True)
class _Axis:
    low: float
    high: float

    def share(self, value: float) -> float:
        """Where a value lies, 0..1."""
        return (value - self.low) / ((self.high - self.low) or 1.0)

    def place(self, value: float) -> str:
        """Where a value lies across the drawing."""
        return f"{self.share(value) * _WIDTH:.1f}"

    def ticks(self, count: int) -> list[float]:
        """About `count` round values."""
        span = (self.high - self.low) or 1.0
        power = 10 ** math.floor(math.log10(span / count))
        step = next(s * power for s in (1, 2, 5, 10) if span / (s * power) <= count)
        first = math.ceil(self.low / step - 1e-9)
        return [i * step for i in range(first, math.floor(self.high / step + 1e-9) + 1)]


def _vertical(curves: Sequence[Column], panel: Panel) -> _Axis:
    known = np.concatenate(curves)
    known = known[~np.isnan(known)]
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    if panel.from_zero:
        return _Axis(0.0, max(high * 1.08, panel.least) or 1.0)
    middle, half = (low + high) / 2, max((high - low) * 0.54, panel.least / 2)
    return _Axis(middle - half, middle + half)


def _line(times: Column, values: Column, shots: Column, across: _Axis, up: _Axis, who: str) -> str:
    """A path that breaks at cuts and where there is nothing; what stands alone becomes a dot."""
    words, before = [], None
    for time, value, shot in zip(times, values, shots, strict=True):
        if math.isnan(value):
            before = None
            continue
        move = f"M{across.place(time)} {_HEIGHT * (1 - up.share(value)):.2f}"
        words.append(f"L{move[1:]}" if before == shot else f"{move}h0")
        before = shot
    return f'<path class="{who}" d="{"".join(words)}"/>' if words else ""


def _tick_label(value: float) -> str:
    """A tick's value without zeros that say nothing."""
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _band(second: float | None, across: _Axis) -> str:
    if second is None:
        return ""
    end = min(second + 1, across.high)
    width = (across.share(end) - across.share(second)) * _WIDTH
    return f'<rect class="band" x="{across.place(second)}" y="0" width="{width:.1f}" height="{_HEIGHT}"/>'


def _time_labels(across: _Axis) -> str:
    span = across.high - across.low
    step = next((s for s in _TIME_STEPS if span / s <= _TIME_TICKS), _TIME_STEPS[-1])
    first, last = math.ceil(across.low / step - 1e-9), math.floor(across.high / step + 1e-9)
    return "".join(
        f'<span class="x{" odd" if number % 2 else ""}" style="left:{across.share(i * step) * 100:.2f}%">'
        f"{_brief(i * step)}</span>"
        for number, i in enumerate(range(first, last + 1))
    )


def _brief(seconds: float) -> str:
    """A time without hundredths that are nothing."""
    return clock(seconds).removesuffix(".00")


def _place_marks(places: Sequence[float], across: _Axis) -> str:
    return "".join(
        f'<a class="mark" href="#place-{n}" style="left:{across.share(time) * 100:.2f}%" '
        f'title="place {n}, {clock(time)}">{n}</a>'
        for n, time in enumerate(places, 1)
    )
