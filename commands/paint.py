"""`stylize-video INPUT`: the main job."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import stylize_video
from stylize_video.commands.console import summary
from stylize_video.commands.console.command_line import reporting, share_the_cores, style_names
from stylize_video.commands.options import gatys
from stylize_video.models.gatys.config import DEFAULTS, PHOTOREAL, GatysConfig, parse_layers
from stylize_video.models.methods import METHODS
from stylize_video.models.runtimes.devices import DEVICES
from stylize_video.models.wct import levels as wct_levels
from stylize_video.pipeline.jobs.options import FLOWS, PaintOptions, default_output, parse_region, parse_time
from stylize_video.process import signals, terminal

if TYPE_CHECKING:
    from stylize_video.pipeline.jobs.film import Painted


def _version(wanted: bool) -> None:
    if wanted:
        print(f"stylize-video {stylize_video.__version__}")
        raise typer.Exit


def paint(
    source: Annotated[
        Path, typer.Argument(metavar="INPUT", help="A film, or a picture.", show_default=False)
    ],
    style: Annotated[
        str,
        typer.Option(
            "--style",
            "-s",
            help="A style's name, any picture, a trained .safetensors file, or a mixture: NAME:0.6,NAME:0.4.",
            autocompletion=style_names,
        ),
    ] = PaintOptions.style,
    method: Annotated[
        str,
        typer.Option(
            help=f"{', '.join(METHODS)}. By default the style decides: wct, the whitening and colouring "
            "transform, paints as any picture, a feed-forward network as the painting it was trained on. "
            "gatys paints as any picture too, best and slowest."
        ),
    ] = PaintOptions.method,
    levels: Annotated[
        str,
        typer.Option(
            help="The levels of the transform (--method wct), from coarse to fine: some of 5,4,3,2,1."
        ),
    ] = ",".join(map(str, PaintOptions.levels)),
    wct_weights: Annotated[
        Path | None,
        typer.Option(help="Networks that train --wct made. Default: bundled.", show_default=False),
    ] = PaintOptions.wct_weights,
    iterations: gatys.Iterations = GatysConfig.iterations,
    content_weight: gatys.ContentWeight = GatysConfig.content_weight,
    style_weight: gatys.StyleWeight = None,
    tv_weight: gatys.TvWeight = GatysConfig.tv_weight,
    temporal_weight: gatys.TemporalWeight = GatysConfig.temporal_weight,
    init: gatys.Init = GatysConfig.init,
    optimizer: gatys.Optimizer = GatysConfig.optimizer,
    layers: gatys.Layers = gatys.LAYERS,
    features: gatys.Features = GatysConfig.features,
    seed: gatys.Seed = GatysConfig.seed,
    photoreal: gatys.Photoreal = False,
    content_mask: gatys.ContentMask = PaintOptions.content_mask,
    style_mask: gatys.StyleMask = PaintOptions.style_mask,
    keyframe_interval: gatys.KeyframeInterval = PaintOptions.keyframe_interval,
    resume: gatys.Resume = PaintOptions.resume,
    guide: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Frames that you painted, frame0001.png ..., carried through the film; no network paints.",
            show_default=False,
        ),
    ] = PaintOptions.guide,
    mask: Annotated[
        Path | None,
        typer.Option(
            help="A picture or film, painted where it is white, partly where it is grey.", show_default=False
        ),
    ] = PaintOptions.mask,
    region: Annotated[
        list[str] | None,
        typer.Option(metavar="MASK=STYLE", help="A style for a region; repeatable.", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="Default: INPUT-stem_STYLE.ext beside the input.", show_default=False
        ),
    ] = None,
    strength: Annotated[
        float, typer.Option(help="How much of the painting, 0 to 1; the rest is the original.")
    ] = PaintOptions.strength,
    preserve_color: Annotated[
        bool, typer.Option("--preserve-color", help="Paint the luminance only; keep the original's colours.")
    ] = PaintOptions.preserve_color,
    stroke_size: Annotated[
        float, typer.Option(help="How many times as large as usual the strokes are; 2 suits 1080p.")
    ] = PaintOptions.stroke_size,
    stabilize: Annotated[
        bool, typer.Option("--stabilize/--no-stabilize", help="Take the flicker out.")
    ] = PaintOptions.stabilize,
    stability: Annotated[
        float | None,
        typer.Option(
            help="How much of the frame before is kept where nothing new is seen, 0 to 1; of broad light and "
            "colour, and of frames larger than 640 px, more. Default: what suits the style.",
            show_default=False,
        ),
    ] = PaintOptions.stability,
    flow: Annotated[
        str, typer.Option(help=f"What finds motion: {' or '.join(FLOWS)}; torchvision downloads raft.")
    ] = PaintOptions.flow,
    max_size: Annotated[
        int | None, typer.Option(help="Longer side in px. Default: the input's own.", show_default=False)
    ] = PaintOptions.max_size,
    batch_size: Annotated[
        int | None,
        typer.Option(help="Frames painted at once. Default: what suits the device.", show_default=False),
    ] = PaintOptions.batch_size,
    tile: Annotated[
        str,
        typer.Option(help="Paint in tiles of so many px, for less memory on a GPU; 'off'; or 'auto'."),
    ] = PaintOptions.tile,
    device: Annotated[str, typer.Option(help=f"One of {', '.join(DEVICES)}.")] = PaintOptions.device,
    start: Annotated[
        str | None, typer.Option(help="Where to begin: seconds or HH:MM:SS.", show_default=False)
    ] = None,
    duration: Annotated[
        str | None, typer.Option(help="How long to go on: seconds or HH:MM:SS.", show_default=False)
    ] = None,
    video_track: Annotated[
        int | None,
        typer.Option(
            help="Which of several films in the file, from 1. Default: one that moves, the default one, the "
            "largest.",
            show_default=False,
        ),
    ] = PaintOptions.video_track,
    deinterlace: Annotated[
        bool, typer.Option("--deinterlace", help="Make whole frames of an interlaced film's fields.")
    ] = PaintOptions.deinterlace,
    codec: Annotated[
        str | None,
        typer.Option(help="h264, h265, vp9, av1, ... Default: H.264, VP9 in webm.", show_default=False),
    ] = PaintOptions.codec,
    crf: Annotated[
        int | None, typer.Option(help="Quality, lower is better. Default: 17 for H.264.", show_default=False)
    ] = PaintOptions.crf,
    preset: Annotated[
        str | None, typer.Option(help="The encoder's preset, e.g. fast, slow.", show_default=False)
    ] = PaintOptions.preset,
    pixel_format: Annotated[
        str | None,
        typer.Option(
            help="FFmpeg's name, e.g. yuv444p, yuv422p10le. Default: near the input's; 4:2:0 of GIF and RGB.",
            show_default=False,
        ),
    ] = PaintOptions.pixel_format,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace an existing output, once the new one is whole.")
    ] = PaintOptions.overwrite,
    verify: Annotated[
        bool, typer.Option("--verify/--no-verify", help="Compare the finished output with the input.")
    ] = PaintOptions.verify,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout, all else on stderr.")
    ] = False,
    profile: Annotated[
        bool, typer.Option("--profile", help="Say how long reader, painter and encoder worked and waited.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")] = False,
    version: Annotated[  # noqa: ARG001 - the callback answers it
        bool, typer.Option("--version", help="Show the version.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Turn a film into the same film in the style of a painting: sound, subtitles and times untouched."""
    with reporting(as_json=as_json) as say:
        usual = PHOTOREAL if photoreal else DEFAULTS
        options = PaintOptions(
            style=style,
            method=method,
            levels=wct_levels.parse(levels),
            wct_weights=wct_weights,
            gatys=GatysConfig(
                iterations=iterations,
                content_weight=content_weight,
                style_weight=usual.style_weight if style_weight is None else style_weight,
                tv_weight=tv_weight,
                temporal_weight=temporal_weight,
                init=init,
                optimizer=optimizer,
                style_layers=parse_layers(layers),
                features=features,
                seed=seed,
                photoreal_weight=usual.photoreal_weight,
            ),
            content_mask=content_mask,
            style_mask=style_mask,
            keyframe_interval=keyframe_interval,
            resume=resume,
            guide=guide,
            mask=mask,
            regions=tuple(parse_region(text) for text in region or ()),
            strength=strength,
            preserve_color=preserve_color,
            stroke_size=stroke_size,
            stabilize=stabilize,
            stability=stability,
            flow=flow,
            max_size=max_size,
            batch_size=batch_size,
            device=device,
            tile=tile,
            start=None if start is None else parse_time(start),
            duration=None if duration is None else parse_time(duration),
            video_track=video_track,
            deinterlace=deinterlace,
            codec=codec,
            crf=crf,
            preset=preset,
            pixel_format=pixel_format,
            overwrite=overwrite,
            verify=verify,
        )
        options.check_styles()  # before a file is called after them
        specs = [str(guide)] if guide else [region.style for region in options.painted]
        target = output or default_output(source, *specs, guide=guide)
        result = _paint(source, target, options, quiet=quiet)
        signals.finish()  # the film has its name
        terminal.answer_is_a_file()
        if as_json:
            print(json.dumps(summary.as_json(result, "+".join(specs))))
        for line in summary.of_profile(result.profile) if profile else ():
            say(line)
        for line in () if quiet else summary.lines(result):
            say(line)


def _paint(source: Path, target: Path, options: PaintOptions, *, quiet: bool) -> Painted:
    from stylize_video.pipeline.jobs import preflight

    preflight.check(source, target, options)  # before the seconds that importing torch takes
    share_the_cores()
    from stylize_video.pipeline.jobs import film as job

    if quiet:
        return job.paint(source, target, options)
    from stylize_video.commands.console.progress import FilmProgress

    with FilmProgress(f"painting {source.name}") as bar:
        return job.paint(source, target, options, on_start=bar.start, on_frame=bar.update, on_step=bar.step)
