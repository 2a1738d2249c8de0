"""An option, declared once: a field of a frozen dataclass with its default, range, unit and help.

    @dataclass(frozen=True)
    class RunOptions:
        batch_size: int | None = option(None, help="Frames painted at once.", panel="Speed", least=1)

The command line, a job's JSON and the table of docs/options.md are made of such fields: each has a name that
no other option of the same job has. Needs nothing, so that `--help` is there at once.
"""

from __future__ import annotations

import math
import os
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, replace
from fractions import Fraction
from numbers import Integral, Rational, Real
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

from stylize_video.errors import UsageError

_KEY = "option"  # of a field's metadata


@dataclass(frozen=True)
class Notation:
    """How a value is written that is neither a number nor a plain text."""

    read: Callable[[str], Any]  # what somebody typed -> the value; raises UsageError
    write: Callable[[Any], str]  # the value -> what could be typed
    to_json: Callable[[Any], Any] | None = None  # None: as it is typed
    from_json: Callable[[Any], Any] | None = None


@dataclass(frozen=True)
class Option:
    """What is known of an option beside its name, its type and its default."""

    help: str
    panel: str  # of --help
    name: str = ""  # as it is asked for; empty: as the field is called
    short: str = ""  # one letter
    least: float | None = None
    most: float | None = None
    above: float | None = None  # as `least`, but not itself allowed
    unit: str = ""
    choices: tuple[str, ...] = ()
    usual: str = ""  # what None stands for
    metavar: str = ""
    notation: Notation | None = None
    repeats: bool = False  # given several times; the value is a tuple
    off: bool = False  # whether a flag has a --no-... too
    opposite: str = ""  # what that is called instead

    @property
    def range(self) -> str:
        """What may be given, in words; empty: anything."""
        unit = f" {self.unit}" if self.unit else ""
        if self.choices:
            return ", ".join(self.choices)
        if self.above is not None:
            return f"more than {self.above:g}{unit}"
        if self.least is None:
            return ""
        if self.most is None:
            return f"{self.least:g}{unit} or more"
        return f"{self.least:g} to {self.most:g}{unit}"


@dataclass(frozen=True)
class Declared:
    """An option and the field that it is declared by."""

    field: Field[Any]
    hint: Any  # its type
    option: Option

    @property
    def name(self) -> str:
        """As it is asked for, with underscores."""
        return self.option.name or self.field.name

    @property
    def default(self) -> Any:
        """The value of who asks for nothing; MISSING if somebody must."""
        return self.field.default

    @property
    def plain(self) -> Any:
        """The type of a single value: `Path` for a field that is `Path | None`."""
        if get_origin(self.hint) in (Union, types.UnionType):
            return next(part for part in get_args(self.hint) if part is not type(None))
        return self.hint

    def read(self, given: Any) -> Any:
        """What was typed, or the value itself -> the value.

        Raises:
            UsageError: it can't be read, or is of another kind than the option.
        """
        if self.option.repeats:
            several = (given,) if isinstance(given, str) else given or ()
            return tuple(self._read_one(item) for item in several)
        return self._read_one(given)

    def _read_one(self, given: Any) -> Any:
        notation, kinds = self.option.notation, self._kinds
        if notation is not None and isinstance(given, str):
            return notation.read(given)
        if notation is not None and isinstance(given, os.PathLike) and Path not in kinds:
            return notation.read(os.fspath(given))  # a picture that is the style
        if isinstance(given, kinds) and not (isinstance(given, bool) and bool not in kinds):
            return given
        try:
            return _AS[self.plain](given)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise UsageError(f"{self.name} {given!r} is of the wrong kind") from error

    @property
    def _kinds(self) -> tuple[type, ...]:
        """The classes of its values; where it repeats, of each."""
        hint = get_args(self.hint)[0] if self.option.repeats else self.hint
        parts = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
        return tuple(get_origin(part) or part for part in parts)

    def written(self, value: Any) -> Any:
        """The value as it would be typed; numbers, flags, paths and None as they are."""
        notation = self.option.notation
        if value is None:
            return None if self.default is None or notation is None else notation.write(None)
        if notation is None:
            return value
        return [notation.write(item) for item in value] if self.option.repeats else notation.write(value)

    def to_json(self, value: Any) -> Any:
        """The value as JSON has it."""
        if value is None:
            return self.written(None)
        notation = self.option.notation
        if notation is None:
            return str(value) if isinstance(value, Path) else value
        encode = notation.to_json or notation.write
        return [encode(item) for item in value] if self.option.repeats else encode(value)

    def from_json(self, given: Any) -> Any:
        """What JSON has, or what could be typed -> the value.

        Raises:
            UsageError: it is of another kind than the option.
        """
        if self.option.repeats:
            if not isinstance(given, list):
                raise UsageError(f"{self.name} {given!r} is no list")
            return tuple(self._one_of_json(item) for item in given)
        return self._one_of_json(given)

    def check(self, value: Any) -> None:
        """Hold a value against the range or the choices.

        Raises:
            UsageError: it is out of it.
        """
        known = self.option
        if value is None:
            return
        name = self.name.replace("_", " ")
        if known.choices and value not in known.choices:
            raise UsageError(f"no {name} called {value!r}; there are: {known.range}")
        if not known.choices and not _is_in_range(value, known):
            unit = f" {known.unit}" if known.unit else ""
            shown = f"{float(value):g}" if known.notation else value
            raise UsageError(f"{name} {shown}{unit} is out of range; give {known.range}")

    def _one_of_json(self, given: Any) -> Any:
        decode = None if self.option.notation is None else self.option.notation.from_json
        if given is None and self.default is None:
            return None
        if decode is not None and not isinstance(given, str):
            return decode(given)
        wanted = (str,) if self.plain is Path or self.option.notation else _KINDS[self.plain]
        if self.option.notation is not None and self.plain in (int, Fraction):
            wanted = (str, int, float)  # "auto" or 64, "1:30" or 90
        if not isinstance(given, wanted) or (isinstance(given, bool) and self.plain is not bool):
            raise UsageError(f"{self.name} {given!r} is of the wrong kind")
        return self._read_one(_as_float(given) if self.plain is float else given)


def _as_float(number: Any) -> float:
    try:
        return float(number)
    except OverflowError:  # an integer of JSON's may have any number of digits
        return math.inf


def _number(kind: Callable[[Any], Any], wanted: type | types.UnionType) -> Callable[[Any], Any]:
    """What reads a number, be it typed or of another library's type, such as NumPy's."""

    def read(given: Any) -> Any:
        if isinstance(given, bool) or not isinstance(given, str | wanted):
            raise TypeError(given)
        return kind(given)

    return read


# How a value is read that is not of the option's own type; raises TypeError, ValueError or OverflowError.
_AS: Mapping[Any, Callable[[Any], Any]] = {
    int: _number(int, Integral),
    float: _number(float, Real),
    Fraction: _number(Fraction, Rational | float),
    Path: Path,
}
_KINDS: Mapping[Any, tuple[type, ...]] = {int: (int,), float: (int, float), bool: (bool,), str: (str,)}


def option(default: Any = MISSING, **known: Any) -> Any:
    """A field of a dataclass that is an option; see `Option` for what may be said of it."""
    return field(default=default, metadata={_KEY: Option(**known)})


def same(other: type, name: str, **different: Any) -> Any:
    """A field that another dataclass has declared already; with another default, perhaps."""
    found = next(f for f in fields(other) if f.name == name)
    default = different.pop("default", found.default)
    return field(default=default, metadata={_KEY: replace(found.metadata[_KEY], **different)})


def declared(options: type) -> Iterator[Declared]:
    """The options of a dataclass, in their order."""
    hints = get_type_hints(options)
    for each in fields(options):
        if _KEY in each.metadata:
            yield Declared(each, hints[each.name], each.metadata[_KEY])


def changed(options: Any) -> list[str]:
    """The names of those that have another value than by default."""
    return [
        each.name
        for each in declared(type(options))
        if each.default is not MISSING and getattr(options, each.field.name) != each.default
    ]


def check(options: Any) -> None:
    """Hold each number against its range, and each text against its choices: for `__post_init__`.

    Raises:
        UsageError: one is out of its range.
    """
    for each in declared(type(options)):
        each.check(getattr(options, each.field.name))


def _is_in_range(value: Any, known: Option) -> bool:
    """Every comparison with NaN is false, so that it is in no range."""
    return (
        (known.least is None or value >= known.least)
        and (known.most is None or value <= known.most)
        and (known.above is None or value > known.above)
    )


def flag(name: str) -> str:
    """An option's name in a message; the command line spells it as a flag."""
    return f"`{name}`"


def flags(names: list[str]) -> str:
    """Several, as a sentence's subject with its verb: `a` is, `a` and `b` are."""
    verb = "is" if len(names) == 1 else "are"
    return f"{' and '.join(flag(name) for name in names)} {verb}"
