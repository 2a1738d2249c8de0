"""Refuses at once what can't work, before torch and the network are loaded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from stylize_video.errors import InputError, UsageError
from stylize_video.files import whole_file
from stylize_video.option import flag
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.jobs import early_checks
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.planes import pixel_formats
from stylize_video.pipeline.stages import keyframe_store
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.masks import check_mask

_OF_THE_SOURCE = ("max_size", "start", "duration", "video_track", "deinterlace")  # decide what keyframes show


def check(request: PaintRequest) -> None:
    """Check input, output, style and codec as far as that is possible without opening the film.

    Raises:
        InputError: no such input, or one that is no regular file.
        OutputError: the output's folder is missing or can't be written to.
        OutputExistsError: the output exists and is not to be overwritten.
        UsageError: unknown style, extension or codec; or the output is the input, a style or a mask.
    """
    early_checks.check(request)
    for mask in request.look.masks:
        check_mask(mask)
    try:
        _check_paths(request)
        if request.run.resume:
            open_store(request)
    except OSError as error:  # a name too long, a folder that may not be searched
        raise InputError(
            f"{error.filename or request.source.input}: can't be used ({error.strerror})"
        ) from error


def _check_paths(request: PaintRequest) -> None:
    source, output, sink = request.source.input, request.target, request.sink
    _, encoder = formats.check_output(output, sink.codec)
    pixel_formats.check_pixel_format(encoder, sink.pixel_format)
    formats.check_quality(encoder, sink.crf, sink.preset)
    another = f"name another with {flag('output')}"
    if output.exists() and output.samefile(source):
        raise UsageError(f"{output}: output and input are the same file; {another}")
    for used in _made_with(request):
        if output.exists() and output.samefile(used):
            raise UsageError(f"{output}: the output would replace what it is made with; {another}")
    whole_file.check_target(output, overwrite=sink.overwrite)


def _made_with(request: PaintRequest) -> list[Path]:
    """The files of styles, masks and guides."""
    return [*(file for plan in request.plans() for file in plan.files), *request.look.masks]


def open_store(request: PaintRequest) -> KeyframeStore | None:
    """Where keyframes that take long are kept until the film is done; None if there are none to keep.

    Raises:
        InputError: a file can't be read, or the keyframes there are another film's.
    """
    for plan in request.plans():
        if (keeping := plan.keeping) is not None:
            of_source: dict[str, Any] = {name: getattr(request.source, name) for name in _OF_THE_SOURCE}
            settings = {**keeping.settings, **of_source}
            identity = keyframe_store.identity(request.source.input, plan.files, settings)
            folder = keyframe_store.folder_of(request.target)
            if not request.run.resume:  # what is there goes
                keyframe_store.remove(folder)
            return KeyframeStore(folder, identity)
    return None
