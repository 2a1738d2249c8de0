"""What a job is asked for: one value made of all options, as data that can be pickled and written as JSON.

It is made at the door, by the command line, from JSON or by a caller of the Python API; what is typed is read
here, once, and nobody behind it sees a text that is still to be parsed. Needs no torch.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, Self

from stylize_video import option as options
from stylize_video.errors import UsageError
from stylize_video.models import methods
from stylize_video.models.look import Look, Region
from stylize_video.models.method import Method, Plan
from stylize_video.models.methods import METHODS, MethodChoice
from stylize_video.models.steadying_options import SteadyingOptions
from stylize_video.option import Declared
from stylize_video.pipeline.jobs.options import RunOptions, SinkOptions, SourceOptions

# In the order in which options are shown.
GROUPS: tuple[type[Any], ...] = (
    *(SinkOptions, SourceOptions, Look, MethodChoice, SteadyingOptions, RunOptions),
    *(method.options for method in METHODS),
)

_READ_ONLY_PICTURES = frozenset(
    {
        *(".avif", ".heic", ".heif", ".jxl", ".j2k", ".jp2"),
        *(".bmp", ".dpx", ".exr", ".ico", ".pcx", ".qoi", ".sgi", ".tga", ".tif", ".tiff"),
        *(".pam", ".pbm", ".pgm", ".pnm", ".ppm"),
    }
)


def declared() -> Iterator[Declared]:
    """All options of a job."""
    for group in GROUPS:
        yield from options.declared(group)


class Way(NamedTuple):
    """A style of the look, where it is painted, and what paints it."""

    region: Region
    method: Method


@dataclass(frozen=True)
class PaintRequest:
    """A film or picture to be painted, and how."""

    source: SourceOptions
    look: Look = field(default_factory=Look)
    choice: MethodChoice = field(default_factory=MethodChoice)
    steadying: SteadyingOptions = field(default_factory=SteadyingOptions)
    sink: SinkOptions = field(default_factory=SinkOptions)
    run: RunOptions = field(default_factory=RunOptions)
    of_methods: tuple[Any, ...] = field(default_factory=lambda: tuple(m.options() for m in METHODS))

    @classmethod
    def of(cls, input: Path | str, output: Path | str | None = None, **values: Any) -> Self:  # noqa: A002 - as the option
        """A request by the options' names: `PaintRequest.of("in.mp4", style="kandinsky", strength=0.5)`.

        Args:
            input: what is painted.
            output: what comes out.
            values: each as it would be typed, or the value itself.

        Raises:
            UsageError: no such option, or a value that it can't have.
        """
        return cls._from({"input": input, "output": output, **values}, lambda known, given: known.read(given))

    @classmethod
    def from_json(cls, given: Mapping[str, Any]) -> Self:
        """A request from what `to_json` gave, or from any part of it: all but "input" may be left out.

        Raises:
            UsageError: no such option, or a value that it can't have.
        """
        return cls._from(given, lambda known, value: known.from_json(value))

    @classmethod
    def _from(cls, values: Mapping[str, Any], read: Callable[[Declared, Any], Any]) -> Self:
        _check_names(values)
        made = [
            group(
                **{
                    known.field.name: read(known, values[known.name])
                    for known in options.declared(group)
                    if known.name in values
                }
            )
            for group in GROUPS
        ]
        sink, source, look, choice, steadying, run, *of_methods = made
        return cls(source, look, choice, steadying, sink, run, tuple(of_methods))

    def to_json(self) -> dict[str, Any]:
        """All options by their names, as JSON has them."""
        return {
            known.name: known.to_json(getattr(group, known.field.name))
            for group in self._groups
            for known in options.declared(type(group))
        }

    @property
    def _groups(self) -> tuple[Any, ...]:
        return (
            *(self.sink, self.source, self.look, self.choice, self.steadying, self.run),
            *self.of_methods,
        )

    @property
    def given(self) -> set[str]:
        """The names of the options that have another value than by default."""
        return {name for group in self._groups for name in options.changed(group)}

    def options_of(self, method: Method) -> Any:
        """What only that method is told."""
        return next(found for found in self.of_methods if isinstance(found, method.options))

    @property
    def ways(self) -> tuple[Way, ...]:
        """Each style of the look, and what paints it.

        Raises:
            UsageError: a style that can't be painted so.
        """
        name = self.choice.method
        return tuple(Way(region, methods.choose(region.style, name)) for region in self.look.painted)

    @property
    def holds_frames(self) -> bool:
        """Whether a few frames are painted, and carried to those between."""
        return any(way.method.needs.held_frames for way in self.ways)

    @property
    def needs_cuts(self) -> bool:
        """Whether anybody asks where shots begin."""
        return self.stabilizes or any(way.method.needs.cuts for way in self.ways)

    @property
    def needs_motion(self) -> bool:
        """Whether anybody asks what moved between neighbouring frames."""
        return self.stabilizes or any(way.method.needs.motion for way in self.ways)

    @property
    def in_pairs(self) -> bool:
        """Whether frames are painted two at a time, where there is a core for each."""
        return any(way.method.needs.pairs for way in self.ways)

    @property
    def is_draft(self) -> bool:
        """Whether all of the film may be worse, if only it is made sooner."""
        return all(way.method.is_draft(self.options_of(way.method)) for way in self.ways)

    @property
    def stabilizes(self) -> bool:
        """Whether the stabiliser works on what is painted."""
        return self.steadying.wanted and self.stability is not None

    @property
    def stability(self) -> float | None:
        """What was asked for, or what suits all methods; None if what is painted is steady as it is.

        Raises:
            UsageError, WeightsError: a style that can't be painted; the manifest is damaged.
        """
        found = [way.method.stability for way in self.ways if way.method.stability is not None]
        asked = self.steadying.stability
        return None if not found else min(found) if asked is None else asked

    @property
    def mixed(self) -> float:
        """How much of the painting is mixed with how much of the original, 0..1."""
        return 1.0 if self._blends else self.look.strength

    @property
    def _blends(self) -> bool:
        """Whether whoever paints heeds the look's strength."""
        return all(way.method.blends for way in self.ways)

    def plans(self) -> tuple[Plan, ...]:
        """How each style of the look is painted.

        Raises:
            UsageError: a style that can't be painted so.
        """
        look = self.look if self._blends else replace(self.look, strength=1.0)
        steadying = replace(self.steadying, stabilize=self.stabilizes)
        return tuple(
            method.plan(look, region.style, self.options_of(method), steadying)
            for region, method in self.ways
        )

    @property
    def target(self) -> Path:
        """Where the painting goes: the output that was named, or the one beside the input.

        Raises:
            UsageError: none was named, and no file can be called after the style.
        """
        return self.sink.output or default_output(self.source.input, self.look)


def _check_names(values: Mapping[str, Any]) -> None:
    known = {each.name: each for each in declared()}
    for name in values:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise UsageError(f"no option called {name!r}{hint}")
    for name, each in known.items():
        if each.default is MISSING and name not in values:
            raise UsageError(f"an {name} is missing")


def default_output(source: Path, look: Look) -> Path:
    """INPUT-stem_STYLE.ext beside the input; with an extension that can be written.

    Raises:
        UsageError: the style is no name, so no file can be called after it.
    """
    name = look.stem
    if "/" in name or "\0" in f"{name}{source}":
        raise UsageError(f"no style called {name!r}; 'stylize-video styles' lists them")
    # Not with_name, which "" and "/" have none for.
    return source.parent / f"{source.stem}_{name}{output_suffix(source)}"


def output_suffix(source: Path) -> str:
    """The extension of a painting: its source's if that can be written, else of one that holds it."""
    from stylize_video.pipeline.containers.formats import (
        CONTAINERS,  # brings PyAV, which --help need not wait for
    )
    from stylize_video.pipeline.containers.moving_pictures import is_moving_picture

    suffix = source.suffix
    if is_moving_picture(source):
        return ".mp4"
    if suffix.lower() in _READ_ONLY_PICTURES:
        return ".png"
    return suffix if suffix.lower().lstrip(".") in CONTAINERS else ".mkv"  # which holds anything
