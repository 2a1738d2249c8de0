"""The ways to paint: the only table of them. A new one is a folder and a row here. Needs no torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stylize_video import option as options
from stylize_video.errors import UsageError
from stylize_video.models.alias_free.method import AliasFree
from stylize_video.models.feed_forward.method import FeedForward, PaintsByNetwork
from stylize_video.models.feed_forward.networks import Networks
from stylize_video.models.gatys.method import Gatys
from stylize_video.models.guided.method import Guided
from stylize_video.models.method import Method
from stylize_video.models.mixture import Mixture
from stylize_video.models.wct.method import Wct
from stylize_video.option import option

# Whoever is first paints by default.
METHODS: tuple[Method, ...] = (FeedForward(), AliasFree(), Wct(), Gatys(), Guided())

AUTO = "auto"  # the first one that can paint all of a style


@dataclass(frozen=True)
class MethodChoice:
    """Which way to paint is asked for. Checked when made.

    Raises:
        UsageError: there is no such way.
    """

    method: str = option(
        AUTO,
        help=f"How to paint. With {AUTO}, the style decides. "
        + " ".join(f"{method.name}: {method.summary}." for method in METHODS),
        panel="Any picture",
        choices=(AUTO, *(method.name for method in METHODS)),
    )

    def __post_init__(self) -> None:
        options.check(self)


def named(name: str) -> Method:
    """The method of that name.

    Raises:
        UsageError: there is none.
    """
    for method in METHODS:
        if method.name == name:
            return method
    raise UsageError(f"no method called {name!r}; there are: {', '.join(m.name for m in METHODS)}")


def choose(style: Mixture, name: str = AUTO) -> Method:
    """The method of that name, or by `AUTO` the first that paints all ingredients of a style.

    Raises:
        UsageError: the style can't be painted so.
    """
    if name == AUTO:
        found = next((method for method in METHODS if not refusals(method, style)), None)
        if found is not None:
            return found
        told = " and ".join(str(ingredient) for ingredient in style.ingredients)
        raise UsageError(
            f"{told} can't be mixed: no method paints both; pictures, and networks of each architecture, "
            "have one of their own"
        )
    method = named(name)
    if said := refusals(method, style):
        raise UsageError(said[0])
    return method


def networks_for(style: Mixture, name: str = AUTO) -> Networks:
    """Which networks paint a style, by the method of that name; see `choose`.

    Raises:
        UsageError: the style can't be painted so, or not by a network that was trained on it.
    """
    method = choose(style, name)
    if not isinstance(method, PaintsByNetwork):
        raise UsageError(f"{style}: is painted by {method.title}, not by a network trained on it")
    return method.networks(method.options())


def refusals(method: Method, style: Mixture) -> Sequence[str]:
    """Why a method can't paint in a style, a line for each ingredient that it can't."""
    said = ((ingredient, method.refusal(ingredient)) for ingredient in style.ingredients)
    return [f"{ingredient}: {why_not}" for ingredient, why_not in said if why_not]
