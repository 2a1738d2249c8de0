"""The networks of live pictures, loaded once for all who look; slow things are done in the background.

    painters = LivePainters("auto")
    loaded = painters.load(style, FULL, seed=0)        # waits
    painters.ask(style, FULL, seed=0)                  # doesn't: None until it is loaded
    painters.is_ready(loaded, (640, 368))              # whether its program for that size is compiled
    painters.nearest(loaded, (640, 368))               # the size most like it that can be painted at once

Threads load styles and compile programs, one for what is waited for, one with a lower priority for the rest;
`close` ends them. No picture waits for that while one of another size can be painted instead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import partial
from typing import Any, NamedTuple

from stylize_video.errors import StylizeVideoError, UsageError
from stylize_video.models import methods
from stylize_video.models.look import Look
from stylize_video.models.method import CanvasPainter, Method, Plan
from stylize_video.models.mixture import Mixture
from stylize_video.models.runtimes.devices import choose_device
from stylize_video.models.steadying_options import SteadyingOptions
from stylize_video.pipeline.live.background import Background
from stylize_video.pipeline.live.shared_painter import SharedPainter, Size

_KEPT = 256  # styles; a slider makes another mixture at each of its steps


class Loaded(NamedTuple):
    """A style, and what paints in it."""

    painter: SharedPainter
    style: Any  # as the painter takes it
    stability: float | None  # that suits the method; None: it needs no steadying


class _Wanted(NamedTuple):
    """What is asked for; pictures of all sizes are painted by one painter."""

    style: Mixture
    quality: str
    seed: int


@dataclass
class _Built:
    """A painter of one method, and how further styles of its own are loaded."""

    painter: SharedPainter
    load_style: Callable[[Any], Any]


class LivePainters:
    """All that paints live, for any number of sessions and threads.

    Args:
        device: by name, one of `models.runtimes.devices.DEVICES`.

    Raises:
        DeviceError: this machine has no such device.
    """

    def __init__(self, device: str = "auto") -> None:
        self._device = choose_device(device)
        self._lock = threading.RLock()  # of what is loaded
        self._built: list[tuple[Hashable, _Built]] = []
        self._loaded: dict[_Wanted, Loaded] = {}
        self._errors: dict[_Wanted, StylizeVideoError] = {}
        self._background = Background()

    def load(self, style: Mixture, quality: str, *, seed: int = 0) -> Loaded:
        """What paints in a style; waits until it is loaded, which takes part of a second.

        Raises:
            StylizeVideoError: there is no such style, it can't be read, or it can't be painted live.
        """
        wanted = _Wanted(style, quality, seed)
        if (found := self._loaded.get(wanted)) is not None:  # others that are being loaded aren't waited for
            return found
        with self._lock:
            if wanted not in self._loaded:
                self._loaded[wanted] = self._load(wanted)
                while len(self._loaded) > _KEPT:
                    self._loaded.pop(next(iter(self._loaded)))
            return self._loaded[wanted]

    def ask(self, style: Mixture, quality: str, *, seed: int = 0) -> Loaded | None:
        """What paints in a style if that is loaded; else it soon will be, and None.

        Raises:
            StylizeVideoError: as of `load`, once that was tried.
        """
        wanted = _Wanted(style, quality, seed)
        found = self._loaded.get(wanted)
        if found is None and wanted in self._errors:
            raise self._errors.pop(wanted)
        if found is None:
            self._background.do(wanted, lambda: self._try_to_load(wanted))
        return found

    def has(self, style: Mixture, quality: str, size: Size, *, seed: int = 0) -> bool:
        """Whether a style is loaded, and its program for a size compiled; nothing is done if not."""
        loaded = self._loaded.get(_Wanted(style, quality, seed))
        return loaded is not None and size in loaded.painter.ready

    def is_ready(self, loaded: Loaded, size: Size) -> bool:
        """Whether a picture of a size can be painted at once; if not, it soon can be."""
        painter = loaded.painter
        if size in painter.ready:
            return True
        self._background.do((id(painter), size), lambda: painter.prepare(*size[::-1], loaded.style))
        return False

    def nearest(self, loaded: Loaded, size: Size) -> Size:
        """The size to paint at now where another one is wanted, which soon can be; see `SharedPainter`."""
        found = loaded.painter.nearest(size, loaded.style)
        self.is_ready(loaded, size)
        return found

    def prepare(self, style: Mixture, wanted: Sequence[tuple[str, Size]], *, seed: int = 0) -> None:
        """Have programs made ready that may be wanted soon, in that order; nobody waits for them.

        Args:
            style: any of those that will be painted in.
            wanted: qualities, and sizes that are painted.
            seed: of the canvas.
        """
        for quality, size in wanted:
            name = ("prepare", style, quality, size, seed)
            self._background.do(name, partial(self._prepare, _Wanted(style, quality, seed), size), last=True)

    def _prepare(self, wanted: _Wanted, size: Size) -> None:
        with suppress(StylizeVideoError):  # told to whoever paints in it
            loaded = self.load(wanted.style, wanted.quality, seed=wanted.seed)
            loaded.painter.prepare(*size[::-1], loaded.style)

    def close(self) -> None:
        """End the threads in the background; what they are at, they end first. Safe to call again."""
        self._background.close()

    def _try_to_load(self, wanted: _Wanted) -> None:
        try:
            self.load(wanted.style, wanted.quality, seed=wanted.seed)
        except StylizeVideoError as error:
            self._errors[wanted] = error

    def _load(self, wanted: _Wanted) -> Loaded:
        method = methods.choose(wanted.style)
        if method.needs.held_frames:
            raise UsageError(f"{wanted.style} can't be painted live: {method.title} take too long")
        plan = _plan(method, wanted)
        kind = (method.name, wanted.quality if _has_quality(method) else "", wanted.seed)
        for known, built in self._built:
            if known == kind:
                with suppress(UsageError):  # another network's
                    return Loaded(built.painter, built.load_style(plan), method.stability)
        painter = plan.build(self._device)
        assert isinstance(painter, CanvasPainter)  # all that hold no frames are
        made = _Built(SharedPainter(painter.paints), painter.load_style)
        self._built.append((kind, made))
        return Loaded(made.painter, painter.style, method.stability)


def _plan(method: Method, wanted: _Wanted) -> Plan:
    """In full strength: painting and original are mixed afterwards, so that strength costs nothing."""
    own = method.options(**({"quality": wanted.quality} if _has_quality(method) else {}))
    method.check(wanted.style, own)
    return method.plan(Look(style=wanted.style, seed=wanted.seed), wanted.style, own, SteadyingOptions())


def _has_quality(method: Method) -> bool:
    """Whether it has drafts; else one painter is enough for both qualities."""
    return any(field.name == "quality" for field in fields(method.options))
