"""The whole files that are mutated, made once a run into one folder."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from stylize_video.models.feed_forward import weights_file
from stylize_video.models.gatys import optimisation as gatys
from stylize_video.models.perceptual.vgg import FeatureNetwork
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.painted import PaintingInterrupted
from stylize_video.pipeline.jobs.request import PaintRequest
from tests import drawing, media
from tests.filmmaking import Extras, Sound, Subtitle, Video, film, steady
from tests.networks import canvas_network, noise, thin, wct_file

WEIGHTS, STATISTICS, PAINTING, FILM = "small.safetensors", "wct.safetensors", "art.png", "film.mp4"
KEYS = "keys"  # a folder with what an interrupted run left, and the film that it was of
ITERATIONS, LONGER_SIDE = 2, 64
PICTURES = (
    "photo.png",
    "photo.jpg",
    "photo.webp",
    "photo.bmp",
    "photo.tif",
    "deep.png",
    "palette.png",
    "turned.jpg",
)
MASKS = ("mask.png", "mask.jpg", "mask.mkv", "mask.gif")
GUIDES = ("frame0001.png", "frame0003.jpg")

_FRAMES = 6
_RATE = Fraction(25)


def _film(
    codec: str, sound: str | None, pixel_format: str = "yuv420p", **more: object
) -> Callable[[Path], object]:
    """A maker of films of that kind."""

    def make(path: Path) -> object:
        video = Video(
            times=steady(_FRAMES),
            codec=codec,
            pixel_format=pixel_format,
            time_base=1 / _RATE,
            options={"threads": "1"} if codec not in ("libx265", "libsvtav1") else {},
        )
        sounds = [Sound(codec=sound, seconds=Fraction(1, 4))] if sound else []
        return film(path, video, sounds=sounds, **more)  # type: ignore[arg-type]

    return make


_EXTRAS = Extras(
    metadata={"title": "Frühling"},
    chapters=[(Fraction(0), Fraction(1, 8), "Anfang")],
    subtitles=[Subtitle(20, 120, "Hello")],
    attachment=("note.txt", "text/plain", b"attached\n"),
)
FILMS: dict[str, Callable[[Path], object]] = {
    "h264.mp4": _film("libx264", "aac"),
    "pcm.mov": _film("libx264", "pcm_s16le"),
    "rich.mkv": _film("libx264", "flac", extras=_EXTRAS),
    "vp9.webm": _film("libvpx-vp9", "libopus"),
    "mpeg4.avi": _film("mpeg4", "libmp3lame"),
    "h264.flv": _film("libx264", "aac"),
    "mpeg2.ts": _film("mpeg2video", "mp2"),
    "mpeg1.mpg": _film("mpeg1video", "mp2"),
    "wmv2.wmv": _film("wmv2", "wmav2"),
    "vp8.ogv": _film("libvpx", "libopus"),
    "animated.gif": lambda path: media.animated_gif(path.parent, name=path.name),
    "raw.y4m": _film("rawvideo", None, options={}),
    "hevc.mp4": _film("libx265", "aac"),
    "fragments.mp4": _film("libx264", "aac", options={"movflags": "frag_keyframe+empty_moov"}),
    "faststart.mp4": _film("libx264", "aac", options={"movflags": "faststart"}),
    "h264.ts": _film("libx264", "aac"),
    "ffv1.mkv": _film("ffv1", "pcm_s16le"),
    "prores.mov": _film("prores_ks", "alac", "yuv422p10le"),
    "av1.webm": _film("libsvtav1", "libopus"),
    "mjpeg.avi": lambda path: _mjpeg(path),
}


def make(folder: Path) -> None:
    """Make them all. To be called in a process that is not forked afterwards: encoders have threads."""
    for name, write in FILMS.items():
        write(folder / name)
    FILMS["h264.mp4"](folder / FILM)
    _make_weights(folder)
    _make_pictures(folder)
    _make_keys(folder)


def use_a_thin_vgg() -> None:
    """In place of VGG-16, wherever this process paints by optimisation: keys cost next to nothing."""

    def load(name: str, *, pooling: str) -> FeatureNetwork:
        return thin(name)

    gatys.load_features = load  # type: ignore[assignment, attr-defined]


def key_request() -> PaintRequest:
    """What the keys are painted with; `cases` asks for the same on the command line."""
    return PaintRequest.of(
        FILM,
        "out.mp4",
        style=PAINTING,
        method="gatys",
        keyframe_interval="1",
        max_size=LONGER_SIDE,
        device="cpu",
        stabilize=False,
        iterations=ITERATIONS,
    )


def _mjpeg(path: Path) -> None:
    video = Video(times=steady(_FRAMES), codec="mjpeg", pixel_format="yuvj420p", time_base=1 / _RATE)
    frames = [drawing.to_frame(video.picture(n), "yuv420p", full_range=True) for n in range(_FRAMES)]
    media.encoded(path, "mjpeg", "yuvj420p", [frame.reformat(format="yuvj420p") for frame in frames])


def _make_weights(folder: Path) -> None:
    weights_file.save(folder / WEIGHTS, canvas_network(styles=2), ["red", "blue"], {"made": "for the tests"})
    wct_file(folder, red=noise(2))


def _make_pictures(folder: Path) -> None:
    cv2.imwrite(str(folder / PAINTING), noise(1))
    for name in PICTURES[:5]:
        cv2.imwrite(str(folder / name), _chart())
    media.deep_still(folder, name="deep.png")
    media.turned_still(folder, name="turned.jpg")
    media.palette_still(folder, name="palette.png")
    for name in GUIDES:
        cv2.imwrite(str(folder / name), noise(3, LONGER_SIDE * 2 // 3, LONGER_SIDE))
    white = np.zeros((64, 96), np.uint8)
    white[:, 48:] = 255
    for name in MASKS[:2]:
        cv2.imwrite(str(folder / name), white)
    film(
        folder / "mask.mkv", Video(times=steady(_FRAMES), codec="ffv1", pixel_format="gray", full_range=True)
    )
    media.animated_gif(folder, name="mask.gif")


def _chart() -> np.ndarray:
    return np.rint(drawing.colour_chart() * 255).astype(np.uint8)[..., ::-1]


def _make_keys(folder: Path) -> None:
    """What a run leaves that is interrupted after its second keyframe, made by just that."""

    def interrupt(frames: int) -> None:
        if frames > 2:
            raise KeyboardInterrupt

    use_a_thin_vgg()
    home = folder / KEYS
    home.mkdir()
    shutil.copyfile(folder / PAINTING, home / PAINTING)
    # Of one picture: what no key shows would be painted by the large transform, for seconds.
    still = Video(times=steady(_FRAMES), draw=lambda _, *size: drawing.numbered_picture(5, *size))
    film(home / FILM, still, sounds=[Sound(seconds=Fraction(1, 4))])
    before = Path.cwd()
    os.chdir(home)
    try:
        job.paint(key_request(), on_frame=interrupt)
    except PaintingInterrupted as interrupted:
        if interrupted.partial is not None:
            interrupted.partial.unlink()
    finally:
        os.chdir(before)
