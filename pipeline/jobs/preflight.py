"""Refuses at once what can't work, before torch and the network are loaded."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from stylize_video.errors import InputError, UsageError
from stylize_video.files import paths, whole_file
from stylize_video.models import methods, style_spec
from stylize_video.models.gatys.config import STARTS
from stylize_video.pictures.picture_names import READ
from stylize_video.pipeline.containers import formats
from stylize_video.pipeline.jobs.options import PaintOptions
from stylize_video.pipeline.planes import pixel_formats
from stylize_video.pipeline.stages import keyframe_store
from stylize_video.pipeline.stages.keyframe_store import KeyframeStore
from stylize_video.pipeline.stages.masks import check_mask


def check(source: Path, output: Path, options: PaintOptions) -> None:
    """Check input, output, style and codec as far as that is possible without opening the film.

    Raises:
        InputError: no such input, or one that is no regular file.
        OutputError: the output's folder is missing or can't be written to.
        OutputExistsError: the output exists and `options.overwrite` is off, or keyframes of it do and
            `options.resume` is.
        UsageError: unknown style, extension or codec; or the output is the input, a style or a mask.
    """
    options.check_styles()
    for region in options.painted:
        if region.mask is not None:
            check_mask(region.mask)
    if options.wct_weights is not None and not paths.is_file(options.wct_weights):
        raise InputError(f"{options.wct_weights}: {paths.no_such(options.wct_weights, 'weights file')}")
    if options.guide is not None and not paths.is_folder(options.guide):
        raise InputError(f"{options.guide}: no such folder; --guide takes one of painted frames")
    _check_guide(options)
    for picture in _asked_of_gatys(options):
        if not paths.is_file(picture):
            raise InputError(f"{picture}: {paths.no_such(picture, 'picture')}")
    try:
        _check_paths(source, output, options)
        open_store(source, output, options)
    except OSError as error:  # a name too long, a folder that may not be searched
        raise InputError(f"{error.filename or source}: can't be used ({error.strerror})") from error


def _check_guide(options: PaintOptions) -> None:
    """Refuse a pipe or the like that is called like a painted frame: to open it would be to wait."""
    for picture in () if options.guide is None else sorted(options.guide.iterdir()):
        is_frame = picture.suffix.lower() in READ and picture.name[0] != "."
        if is_frame and (why_not := paths.why_no_file(picture)):
            raise InputError(f"{picture}: {why_not}; a guide's painted frames are pictures")


def _check_paths(source: Path, output: Path, options: PaintOptions) -> None:
    if why_not := paths.why_no_file(source):
        raise InputError(f"{source}: {why_not}; give a film or a picture")
    _, encoder = formats.check_output(output, options.codec)
    pixel_formats.check_pixel_format(encoder, options.pixel_format)
    formats.check_quality(encoder, options.crf, options.preset)
    if output.exists() and output.samefile(source):
        raise UsageError(f"{output}: output and input are the same file; name another with -o")
    for used in _pictures(options):
        if output.exists() and output.samefile(used):
            raise UsageError(f"{output}: the output would replace what it is made with; name another with -o")
    whole_file.check_target(output, overwrite=options.overwrite)


def open_store(source: Path, output: Path, options: PaintOptions) -> KeyframeStore | None:
    """Where optimised keyframes are kept until the film is done; None if there are none to keep.

    Raises:
        InputError: a file can't be read, or the keyframes there are another film's.
        OutputExistsError: there are keyframes and `options.resume` is off.
    """
    if methods.GATYS not in options.ways:
        return None
    names = (
        *("stroke_size", "max_size", "start", "duration", "keyframe_interval", "flow"),
        *("video_track", "deinterlace"),
    )
    settings = {**asdict(options.gatys), **{name: getattr(options, name) for name in names}}
    weights = [ingredient.weight for ingredient in style_spec.parse(options.style)]
    made_with = [
        *(Path(f) for f in style_spec.files(style_spec.parse(options.style))),
        *_asked_of_gatys(options),
    ]
    identity = keyframe_store.identity(source, made_with, {**settings, "weights": weights})
    return KeyframeStore(keyframe_store.folder_of(output), identity, resume=options.resume)


def _asked_of_gatys(options: PaintOptions) -> list[Path]:
    """Its pictures beside the style's."""
    masks = [options.content_mask, options.style_mask]
    init = [] if options.gatys.init in STARTS else [Path(options.gatys.init)]
    return [*init, *(mask for mask in masks if mask is not None)]


def _pictures(options: PaintOptions) -> list[Path]:
    """The files of styles, masks and guides."""
    found = _asked_of_gatys(options)
    if options.guide is not None:
        return [*found, *options.guide.iterdir()]
    for region in options.painted:
        found += [Path(file) for file in style_spec.files(style_spec.parse(region.style))]
        found += [] if region.mask is None else [region.mask]
    return found
