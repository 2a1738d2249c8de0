"""The alias-free painter: what it paints moves with what it is shown."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.errors import WeightsError
from stylize_video.models.alias_free.network import AliasFreeNet
from stylize_video.models.alias_free.shape import AliasFreeConfig
from stylize_video.models.canvas import Canvas, Field
from stylize_video.models.feed_forward import weights_file
from stylize_video.models.feed_forward.layers import StyleNumbers
from stylize_video.models.feed_forward.sections import Paint
from stylize_video.models.feed_forward.shape import norms
from stylize_video.models.perceptual import equivariance
from stylize_video.models.runtimes.program import Program

SHAPE = AliasFreeConfig(
    styles=2,
    full_channels=6,
    half_channels=8,
    seen_channels=6,
    quarter_channels=8,
    eighth_channels=12,
    sixteenth_channels=12,
    eighth_blocks=2,
    sixteenth_blocks=1,
)


def network(seed: int = 0, shape: AliasFreeConfig = SHAPE) -> AliasFreeNet:
    """A small one, whose styles differ and whose paintings have contrast."""
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        made = AliasFreeNet(shape).eval()
        for value in made.style_parameters().values():
            value.add_(0.3 * torch.randn_like(value))
        made.last.weight.mul_(4)
    return made


def inputs(height: int = 64, width: int = 96, *, count: int = 1) -> tuple[Tensor, Tensor]:
    """Pictures and canvases."""
    noise = [Field.draw(0).at(Canvas.of(height, width, seed=number).places) for number in range(count)]
    images = torch.rand(count, 3, height, width, generator=torch.manual_seed(1))
    return images, torch.from_numpy(np.stack(noise))


def numbers(painter: AliasFreeNet, shares: Tensor) -> Tensor:
    """(1, K): a mixture as what paints takes it."""
    values = painter.state_dict()
    own = [shares @ values[f"{n.name}.{kind}"] for n in norms(painter.config) for kind in ("scale", "shift")]
    return torch.cat(own, 1)


def psnr(one: Tensor, other: Tensor) -> float:
    """Of pictures in 0..1, dB."""
    return -10 * float(torch.log10((one - other).square().mean()))


@pytest.mark.parametrize("shift", [(0.5, 0.5), (3.37, -7.81), (1.0, 2.0)])
@torch.inference_mode()
def test_a_translation_of_photograph_and_canvas_translates_the_painting(shift: tuple[float, float]) -> None:
    painter, style = network(), torch.tensor([[0.3, 0.7]])
    images, noise = inputs(128, 128)
    for _ in range(2):  # noise is no photograph
        images = F.avg_pool2d(F.pad(images, (2,) * 4, mode="circular"), 5, stride=1)
    with equivariance.circular(painter):
        error = equivariance.translation_error(lambda x, c: painter(x, c, style), images, noise, [shift])

    assert painter(images, noise, style).std() > 0.1  # a grey painting would move well, too
    assert equivariance.db(error) > 50


@pytest.mark.parametrize(("height", "width"), [(32, 32), (48, 80), (64, 32)])
@torch.inference_mode()
def test_paintings_are_as_large_as_photographs(height: int, width: int) -> None:
    painted = network()(*inputs(height, width, count=2), torch.eye(2))

    assert painted.shape == (2, 3, height, width)
    assert 0 <= painted.min() < painted.max() <= 1


@torch.inference_mode()
def test_a_mixture_is_its_styles_numbers_mixed() -> None:
    painter, shares = network(), torch.tensor([[0.25, 0.75]])

    by_numbers = painter(*inputs(), StyleNumbers(numbers(painter, shares)))

    torch.testing.assert_close(by_numbers, painter(*inputs(), shares), atol=1e-5, rtol=0)
    assert psnr(by_numbers, painter(*inputs(), torch.tensor([[1.0, 0.0]]))) < 40


@torch.inference_mode()
def test_another_canvas_gives_other_strokes() -> None:
    painter, (images, noise) = network(), inputs()

    assert psnr(painter(images, noise, torch.eye(2)[:1]), painter(images, -noise, torch.eye(2)[:1])) < 35


@torch.inference_mode()
def test_each_picture_is_painted_by_itself() -> None:
    painter, (images, noise) = network(), inputs(count=2)
    together = painter(images, noise, torch.eye(2))

    torch.testing.assert_close(together[1:], painter(images[1:], noise[1:], torch.eye(2)[1:]))


SIZES = [(64, 96), (96, 32)]  # what is converted for one must hold for others


@pytest.fixture(scope="module")
def by_openvino() -> dict[tuple[bool, tuple[int, int]], Tensor]:
    """What the compiled network paints, exactly or as fast as it can, in each size."""
    pytest.importorskip("openvino")
    from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime

    painter = network()
    style = numbers(painter, torch.tensor([[0.5, 0.5]]))[..., None, None]
    program = Program(lambda: {"paint": Paint(painter)}, b"alias-free, a test")
    runtimes = {exact: OpenVinoRuntime(program, exact=exact, threads=1) for exact in (True, False)}
    painted = {}
    for (exact, runtime), size in product(runtimes.items(), SIZES):
        given = [x.permute(0, 2, 3, 1).contiguous().numpy() for x in (*inputs(*size), style)]
        painting = torch.from_numpy(np.asarray(runtime.run("paint", *given)))
        painted[exact, size] = painting.permute(0, 3, 1, 2)
    return painted


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("exact", "least"), [(True, 70.0), (False, 40.0)])
@torch.inference_mode()
def test_openvino_paints_the_same(
    exact: bool,
    least: float,
    size: tuple[int, int],
    by_openvino: dict[tuple[bool, tuple[int, int]], Tensor],
) -> None:
    expected = network()(*inputs(*size), torch.tensor([[0.5, 0.5]]))

    assert psnr(by_openvino[exact, size], expected) > least


@torch.inference_mode()
@pytest.mark.usefixtures("without_onednn")
def test_half_precision_is_near() -> None:
    painter, (images, noise) = network(), inputs()
    expected = painter(images, noise, torch.eye(2)[:1])
    half = painter.half()(
        images.half(), noise.half(), StyleNumbers(numbers(painter, torch.eye(2)[:1].half()))
    )

    assert psnr(half.float(), expected) > 40


def test_its_file_holds_it_and_is_no_plain_painters(tmp_path: Path) -> None:
    path, painter = tmp_path / "painter.safetensors", network()
    weights_file.save(path, painter, ("one", "other"), {"step": 3})

    found = weights_file.open_file(path, AliasFreeNet)

    assert weights_file.format_of(path) == AliasFreeConfig.stored_as
    assert (found.styles, found.provenance, found.network.config) == (("one", "other"), {"step": 3}, SHAPE)
    stored = weights_file.as_stored(painter).state_dict()
    assert all(torch.equal(value, stored[name]) for name, value in found.network.state_dict().items())
    with pytest.raises(WeightsError, match="another architecture"):
        weights_file.open_file(path)


def test_one_style_or_many() -> None:
    shape = replace(SHAPE, styles=5)

    assert all(len(value) == 5 for value in AliasFreeNet(shape).style_parameters().values())
