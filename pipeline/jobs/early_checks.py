"""Refuses what can be seen without any library: options that do nothing, missing styles and inputs."""

from __future__ import annotations

from stylize_video.errors import InputError, UsageError
from stylize_video.files import paths
from stylize_video.models.method import Method
from stylize_video.models.methods import METHODS
from stylize_video.option import changed, flag, flags
from stylize_video.pipeline.jobs.request import PaintRequest


def check(request: PaintRequest) -> None:
    """See whether the look can be painted, and whether there is an input.

    Raises:
        UsageError: a style that is missing or can't be painted so, an option that would do nothing.
        InputError: the input or another file is missing, or no regular file.
    """
    check_look(request)
    if why_not := paths.why_no_file(request.source.input):
        raise InputError(f"{request.source.input}: {why_not}; give a film or a picture")


def check_look(request: PaintRequest) -> None:
    """See whether each style is there and can be painted so, and whether each option does something.

    Raises:
        UsageError: a style that is missing or can't be painted so, an option that would do nothing.
        InputError: another file is missing.
    """
    ways = request.ways
    for region, method in ways:
        method.check(region.style, request.options_of(method))
    used = {way.method.name: way.method for way in ways}
    for method in METHODS:
        names = changed(request.options_of(method))
        if names and method.name not in used:
            raise UsageError(f"{flags(names)} only for {method.title}; {method.advice}")
    for method in used.values():
        _check_use(method, request)
    request.look.check_places()


def _check_use(method: Method, request: PaintRequest) -> None:
    """Refuse what a method can't heed."""
    for name in sorted(request.given & method.refuses.keys()):
        raise UsageError(f"{flag(name)} is not for {method.title}: {method.refuses[name]}")
