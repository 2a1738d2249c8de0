"""What goes to a GPU as planes comes back as planes: here on CPU tensors, through the whole job."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
import pytest
import torch

from stylize_video.errors import DeviceError
from stylize_video.pictures.arrays import to_unit
from stylize_video.pipeline import plane_transfer, transfer
from stylize_video.pipeline.frames import Frame, FrameBatch
from stylize_video.pipeline.jobs.film import film as job
from stylize_video.pipeline.jobs.painted import Painted
from stylize_video.pipeline.jobs.request import PaintRequest
from stylize_video.pipeline.plane_transfer import PlaneTransfer
from stylize_video.pipeline.signal import ColorTags, Signal
from stylize_video.pipeline.transfer import RgbTransfer
from tests import media
from tests.pipeline._stages import Stateless

CPU = torch.device("cpu")


def planes_on_the_cpu(info: Signal, pixel_format: str, output: ColorTags, _: torch.device) -> PlaneTransfer:
    """What `transfer.choose` takes for CUDA, with chroma where libswscale puts it."""
    like_libswscale = replace(info, centred_chroma=True)
    dtype = torch.float16 if info.bit_depth <= 8 else torch.float32
    return plane_transfer.planes(like_libswscale, pixel_format, output, CPU, dtype=dtype)


def paint(source: Path, target: Path, **options: object) -> Painted:
    wanted = {"device": "cpu", "codec": "ffv1", "batch_size": 3, **options}
    return job.paint(PaintRequest.of(source, target, **wanted))


def pictures(film: Path) -> list[np.ndarray]:
    """The frames' planes, one under the other, in 0..1."""
    with av.open(str(film)) as container:
        frames = list(container.decode(video=0))
    peak = 2 ** frames[0].format.components[0].bits - 1
    return [np.concatenate([plane.ravel() for plane in _planes(f)]) / peak for f in frames]


def _planes(frame: av.VideoFrame) -> Iterator[np.ndarray]:
    deep = frame.format.components[0].bits > 8
    for plane in frame.planes:
        rows = np.frombuffer(memoryview(plane), np.uint16 if deep else np.uint8).reshape(plane.height, -1)
        yield rows[:, : plane.width].astype(float)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        *(("constant", options) for options in ({}, {"strength": 0.5}, {"preserve_color": True})),
        ("rotated", {}),
        ("ten bits", {"preserve_color": True}),
        ("ten bits", {"stroke_size": 2.0}),
    ],
)
def test_a_film_painted_through_planes_is_the_film_painted_through_rgb(
    kind: str, options: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip = {
        "constant": lambda: media.constant(tmp_path, count=5),
        "rotated": lambda: media.rotated(tmp_path, 90),
        "ten bits": lambda: media.pixel_format(tmp_path, "yuv422p10le"),
    }[kind]()
    wanted, found = tmp_path / "wanted.mkv", tmp_path / "found.mkv"
    paint(clip.path, wanted, **options)
    monkeypatch.setattr(transfer, "choose", planes_on_the_cpu)
    result = paint(clip.path, found, **options)
    assert result.verified is not None
    one, other = pictures(wanted), pictures(found)
    assert len(one) == len(other) == result.frames
    for a, b in zip(one, other, strict=True):
        assert -10 * np.log10(np.square(a - b).mean()) > 35  # read half a pixel away; see device_color.py


def test_planes_go_to_cuda_and_rgb_elsewhere(tmp_path: Path) -> None:
    from stylize_video.pipeline.sources.film import FilmSource

    with FilmSource(media.constant(tmp_path).path) as reader:
        info = reader.signal
    chosen = transfer.choose(info, "yuv420p", info.color, CPU)
    assert isinstance(chosen, RgbTransfer)
    for pixel_format in ("rgb24", "gray"):  # GIF, PNG
        assert isinstance(transfer.choose(info, pixel_format, info.color, torch.device("cuda")), RgbTransfer)


def test_a_download_that_is_waited_for_later_gives_its_own_frames(tmp_path: Path) -> None:
    from stylize_video.pipeline.sources.film import FilmSource

    with FilmSource(media.constant(tmp_path).path) as reader:
        way = plane_transfer.planes(reader.signal, "yuv420p", reader.signal.color, CPU)
        frames = list(reader.frames(rgb=False))
    first, second = way.upload(frames[:2]), way.upload(frames[2:4])
    pending = [way.download(batch) for batch in (first, second)]
    given = [frame for finish in pending for frame in finish()]
    assert [frame.pts for frame in given] == [frame.pts for frame in frames[:4]]
    for frame, original in zip(given, frames, strict=False):
        assert frame.painting is not None
        luma = [np.asarray(f.to_ndarray()[:24], int) for f in (frame.painting, original.planes)]
        assert np.abs(luma[0] - luma[1]).mean() < 2


def test_what_was_fetched_from_the_device_is_not_sent_there_again(tmp_path: Path) -> None:
    """The stabiliser gives arrays: they become the frames' pixels, and the writer makes planes of them."""
    from stylize_video.pipeline.sources.film import FilmSource

    with FilmSource(media.constant(tmp_path).path) as reader:
        way = plane_transfer.planes(reader.signal, "yuv420p", reader.signal.color, CPU)
        frames = list(reader.frames(rgb=False))[:2]
    batch = way.upload(frames)
    assert isinstance(batch.pixels, torch.Tensor)
    steadied = np.random.default_rng(0).integers(0, 256, tuple(batch.pixels.shape), np.uint8)
    given = list(way.download(batch.with_pixels(steadied))())
    assert [frame.pts for frame in given] == [frame.pts for frame in frames]
    for frame, picture in zip(given, steadied, strict=True):
        assert frame.painting is None
        assert np.array_equal(frame.rgb, picture)


def test_bytes_and_deep_pixels_both_make_a_batch() -> None:
    for dtype in (np.uint8, np.uint16):
        frame = Frame(np.full((4, 6, 3), np.iinfo(dtype).max, dtype), 0, 1)  # type: ignore[arg-type]
        batch = RgbTransfer(CPU).upload([frame])
        assert isinstance(batch, FrameBatch)
        assert to_unit(batch.pixels).min() == 1
        (back,) = RgbTransfer(CPU).download(batch)()
        assert np.array_equal(back.rgb, frame.rgb)


def test_frames_without_pixels_are_grouped_by_their_planes() -> None:
    from stylize_video.pipeline import batcher

    sizes = [(16, 16), (16, 16), (32, 16)]
    frames = [
        Frame(None, pts, 1, av.VideoFrame(*size, "yuv420p"))  # type: ignore[arg-type]
        for pts, size in enumerate(sizes)
    ]
    assert [len(group) for group in batcher.batches(frames, size=4)] == [2, 1]
    with pytest.raises(ValueError, match="planes, not pixels"):
        _ = frames[0].rgb
    with pytest.raises(ValueError, match="pixels or planes"):
        Frame(None, 0, 1)  # type: ignore[arg-type]


def test_an_interrupted_painting_keeps_what_was_painted(tmp_path: Path) -> None:
    """Also the batch that was on its way when Ctrl-C came."""
    from stylize_video.pipeline import runner
    from stylize_video.pipeline.sources.film import FilmSource

    class InterruptedInTheThirdBatch(Stateless):
        painted = 0

        def step(self, _: None, batch: FrameBatch) -> list[FrameBatch]:
            if self.painted == 2:
                raise KeyboardInterrupt
            self.painted += 1
            return [batch]

    written: list[int] = []
    with FilmSource(media.constant(tmp_path).path) as reader:
        way = plane_transfer.planes(reader.signal, "yuv420p", reader.signal.color, CPU)
        with pytest.raises(KeyboardInterrupt):
            runner.run(
                reader.frames(rgb=False),
                [InterruptedInTheThirdBatch()],
                lambda frame: written.append(frame.pts),
                signal=reader.signal,
                batch_size=2,
                transfer=way,
            )
    assert len(written) == 4


def test_memory_that_runs_out_between_frames_and_engine_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_: object) -> FrameBatch:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB.")

    monkeypatch.setattr(RgbTransfer, "upload", exhausted)
    clip = media.constant(tmp_path)
    with pytest.raises(DeviceError, match="too little memory for frames of 96x64, 3 at once; use a smaller"):
        paint(clip.path, tmp_path / "out.mkv")
    assert not (tmp_path / "out.mkv").exists()


def test_ctrl_c_while_the_encoder_limits_keeps_what_was_painted(tmp_path: Path) -> None:
    """The painter then waits for room; the frame in its hand and those behind it are not lost.

    After other tests of this file, this was also how OpenVINO's signal stack crashed the process; see
    `openvino_runtime._core`.
    """
    from stylize_video.pipeline import runner
    from stylize_video.pipeline.sources.film import FilmSource
    from stylize_video.pipeline.stages.paint import Unchanged

    written: list[int] = []
    painter = threading.get_ident()

    def slow(frame: Frame) -> None:
        if not written:
            time.sleep(0.3)  # by now the painter waits
            signal.pthread_kill(painter, signal.SIGINT)
            time.sleep(0.3)
        written.append(frame.pts)

    with FilmSource(media.constant(tmp_path).path) as reader:
        way = plane_transfer.planes(reader.signal, "yuv420p", reader.signal.color, CPU)
        with pytest.raises(KeyboardInterrupt):
            runner.run(
                reader.frames(rgb=False),
                [Unchanged()],
                slow,
                signal=reader.signal,
                batch_size=4,
                transfer=way,
                depth=1,
            )
        times = list(reader.report.times)
    assert written == times[: len(written)]  # each once, in order
    assert len(written) == 8  # the batch being handed over and the one under way
