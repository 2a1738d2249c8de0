"""The styles that a page offers, and what a visitor may wish for. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from stylize_video.models.mixture import Ingredient, Mixture, NamedStyle, Part
from stylize_video.models.styles import Style
from stylize_video.pipeline.live.settings import LiveSettings
from stylize_video.pipeline.web.wire import RefusedError, number

_STEPS = 20  # of a blend: each other mixture is loaded once more


@dataclass(frozen=True)
class Offer:
    """A style, as the page shows it."""

    name: str
    painting: str
    painter: str
    ingredient: Ingredient

    def described(self, thumbnails: Iterable[str]) -> dict[str, Any]:
        """For the page; `thumbnails` are the names of those there are."""
        told = {"name": self.name, "painting": self.painting, "painter": self.painter}
        return told | {"thumbnail": self.name in thumbnails}


class Gallery:
    """What may be wished for: nobody can name a file of the server's.

    Args:
        offers: the styles, in their order.
        first: what a visitor sees who has wished for nothing yet.
    """

    def __init__(self, offers: Iterable[Offer], first: LiveSettings) -> None:
        self._offers = {offer.name: offer for offer in offers}
        self.first = first

    @classmethod
    def of(cls, styles: Iterable[Style], first: LiveSettings) -> Gallery:
        """Of bundled styles, and those that the first settings ask for."""
        offers = [Offer(s.name, s.painting, s.painter, NamedStyle(s.name)) for s in styles]
        known = {offer.ingredient for offer in offers}
        own = [i for i in dict.fromkeys(first.style.ingredients) if i not in known]
        return cls([*(Offer(Mixture.only(i).stem, "", "", i) for i in own), *offers], first)

    @property
    def mixtures(self) -> list[Mixture]:
        """Each style alone."""
        return [Mixture.only(offer.ingredient) for offer in self._offers.values()]

    def described(self, thumbnails: Iterable[str]) -> list[dict[str, Any]]:
        """For the page."""
        found = set(thumbnails)
        return [offer.described(found) for offer in self._offers.values()]

    def wish(self) -> dict[str, Any]:
        """The first settings, as the page says it."""
        names = {offer.ingredient: offer.name for offer in self._offers.values()}
        parts = [(names[part.ingredient], part.weight) for part in self.first.style.parts][:2]
        style, blend = parts[0], parts[1] if len(parts) > 1 else (None, 0.0)
        return {
            "style": style[0],
            "blend": blend[0],
            "share": blend[1] / (style[1] + blend[1]),
            "strength": self.first.strength,
            "keep_colours": self.first.preserve_color,
        }

    def settings(self, said: dict[str, Any], before: LiveSettings) -> LiveSettings:
        """What a page wishes for; all that it has no word in stays as `before`.

        Raises:
            RefusedError: a style that isn't offered, or a number out of its range.
        """
        style, blend = self._offer(said.get("style")), said.get("blend")
        share = round(number(said, "share") * _STEPS) / _STEPS if blend is not None else 0.0
        keep = said.get("keep_colours")
        if not isinstance(keep, bool):
            raise RefusedError("keep_colours has to be true or false")
        mixture = Mixture.only(style.ingredient)
        if share > 0:
            parts = (Part(style.ingredient, 1 - share), Part(self._offer(blend).ingredient, share))
            mixture = Mixture(tuple(part for part in parts if part.weight > 0))
        return replace(before, style=mixture, strength=number(said, "strength"), preserve_color=keep)

    def _offer(self, name: object) -> Offer:
        if not isinstance(name, str) or name not in self._offers:
            raise RefusedError("a style that isn't offered here")
        return self._offers[name]
