"""The painter of the whitening and colouring transform: any picture, any runtime, and film after film."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from stylize_video.models.runtimes.openvino_runtime import OpenVinoRuntime
from stylize_video.models.runtimes.picture_kinds import to_kind, to_unit
from stylize_video.models.runtimes.program import Program, Runtime
from stylize_video.models.runtimes.torch_runtime import TorchRuntime
from stylize_video.models.style_spec import parse
from stylize_video.models.wct import levels as wct_levels
from stylize_video.models.wct import moments
from stylize_video.models.wct import program as wct_program
from stylize_video.models.wct import style as wct_style
from stylize_video.models.wct import transform as wct
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.moments import Statistics
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.painter import WctPainter, WctStyle
from stylize_video.models.wct.program import WctParameters
from tests.layout import first, last
from tests.networks import noise, wct_network

CPU = torch.device("cpu")
ALL = (5, 4, 3, 2, 1)
SUBSETS = [wct_levels.DEFAULT_LEVELS, ALL, (3, 2, 1), (4, 2), (5, 1), (5,), (1,)]
SHARES = {5: 0.4, 4: 0.4, 3: 0.7, 2: 1.0}
SIZES = [(72, 80), (37, 50), (16, 16), (33, 17), (9, 130), (1, 1)]
RUNTIMES: dict[str, Callable[[Program], Runtime]] = {
    "eager": lambda program: TorchRuntime(program, CPU, half=False),
    "exact openvino": lambda program: OpenVinoRuntime(program, exact=True, threads=1),
}


class Tensors(WctPainter):
    """The painter at one shot, for (N, 3, H, W)."""

    def __init__(self, runtime: Runtime, style: WctStyle, **options: Any) -> None:
        super().__init__(runtime, **options)
        self.style = style
        self.known = self.new_shot()

    def paint(self, images: Tensor) -> Tensor:
        return first(super().paint(last(images), (), self.style, self.known))


def style(picture: np.ndarray | None = None) -> Statistics:
    """What the small network makes of a painting, by default one of noise."""
    return wct_weights.statistics(wct_network(), noise(1) if picture is None else picture, 96)


def painter(
    runtime: str = "eager",
    *,
    of: Statistics | None = None,
    levels: Sequence[int] = wct_levels.DEFAULT_LEVELS,
    strength: float = 1.0,
    steady: bool = True,
) -> Tensors:
    """One that knows no film yet."""
    made = RUNTIMES[runtime](wct_program.program(WctParameters.of(wct_network()), levels))
    return Tensors(made, WctStyle(of or style(), strength), levels=levels, steady=steady)


def smooth(height: int, width: int, count: int = 1, seed: int = 5) -> Tensor:
    """Pictures of smooth colours in 0..1."""
    generator = torch.Generator().manual_seed(seed)
    coarse = torch.rand(count, 3, 5, 6, generator=generator)
    return F.interpolate(coarse, (height, width), mode="bicubic", align_corners=False).clamp(0, 1)


def by_hand(
    network: WctNetwork,
    images: Tensor,
    painting: Statistics,
    levels: Sequence[int] = wct_levels.DEFAULT_LEVELS,
    alpha: float = 1.0,
) -> Tensor:
    """The transform level by level, `SHARES` of it on all but the last; for sides that need no border."""
    with torch.inference_mode():
        for level in levels:
            features = network.encoder(images, level)
            share = alpha if level == levels[-1] else SHARES[level] * alpha
            found = moments.transform(wct.moments(features), painting[level], alpha=share, epsilon=1e-2)
            images = network.decode(wct.apply(features, found), level)
        return images.clamp(0, 1)


def psnr(one: Tensor, other: Tensor) -> float:
    """In dB, of pictures in 0..1."""
    return float(-10 * torch.log10((one - other).square().mean().clamp_min(1e-20)))


def test_the_small_network_makes_pictures() -> None:
    """Else the tests below would compare one grey with another."""
    made = by_hand(wct_network(), smooth(64, 96), style())
    assert made.std((2, 3)).min() > 0.05
    assert psnr(made, by_hand(wct_network(), smooth(64, 96, seed=6), style())) < 30
    assert psnr(made, by_hand(wct_network(), smooth(64, 96), style(noise(2) // 3))) < 30


# -- against the network itself --


@pytest.mark.parametrize(
    ("runtime", "levels"),
    [*(("eager", levels) for levels in SUBSETS), *(("exact openvino", levels) for levels in SUBSETS[:4])],
)
def test_it_paints_what_the_network_paints(runtime: str, levels: tuple[int, ...]) -> None:
    given = smooth(64, 96, count=2)
    wanted = by_hand(wct_network(), given, style(), levels)
    found = painter(runtime, levels=levels, steady=False)
    assert psnr(found.paint(given), wanted) >= 80
    as_bytes = found.paint(to_kind(given, torch.uint8))
    assert as_bytes.dtype == torch.uint8
    of_bytes = by_hand(wct_network(), to_unit(to_kind(given, torch.uint8)), style(), levels)
    assert (as_bytes.int() - to_kind(of_bytes, torch.uint8).int()).abs().max() <= 1


def test_a_border_is_mirrored_and_cut_off_again() -> None:
    given = smooth(51, 75)
    wanted = by_hand(wct_network(), F.pad(given, (0, 5, 0, 5), mode="reflect"), style())[..., :51, :75]
    assert psnr(painter(steady=False).paint(given), wanted) >= 80


@pytest.mark.parametrize("strength", [0.0, 0.4])
def test_strength_blends_features(strength: float) -> None:
    given = smooth(64, 96)
    wanted = by_hand(wct_network(), given, style(), alpha=strength)
    assert psnr(painter(strength=strength).paint(given), wanted) >= 80


@pytest.mark.parametrize("levels", [(4, 3, 2, 1), (3,)])
def test_of_no_strength_there_is_the_reconstruction(levels: tuple[int, ...]) -> None:
    given = smooth(64, 96)
    network, wanted = wct_network(), given
    with torch.inference_mode():
        for level in levels:
            wanted = network.decode(network.encoder(wanted, level), level)
    found = painter(levels=levels, strength=0.0).paint(given)
    assert psnr(found, wanted.clamp(0, 1)) >= 80


@pytest.mark.parametrize(("exact", "tolerance"), [(True, 80), (False, 35)])
def test_the_bundled_networks_by_openvino(exact: bool, tolerance: float) -> None:
    """bfloat16 costs random networks nearly everything, but not these."""
    weights = wct_weights.open_bundled()
    given = smooth(96, 128)
    for name in weights.paintings:
        known = wct_style.load(parse(name), weights)
        program = wct_program.program(weights.parameters, wct_levels.DEFAULT_LEVELS)
        runtime = OpenVinoRuntime(program, exact=exact, threads=1)
        found = Tensors(runtime, WctStyle(known)).paint(given)
        assert psnr(found, by_hand(weights.network, given, known)) >= tolerance, name


# -- pictures of every kind --


# A size costs OpenVINO as many compilations as there are sections.
@pytest.mark.parametrize(
    ("runtime", "levels", "size"),
    [
        *(("eager", levels, size) for levels in ((4, 3, 2, 1), ALL, (1,)) for size in SIZES),
        *(("exact openvino", (4, 3, 2, 1), size) for size in SIZES[1::2]),
        ("exact openvino", ALL, (37, 50)),
        ("exact openvino", (1,), (9, 130)),
    ],
)
def test_sizes(runtime: str, levels: tuple[int, ...], size: tuple[int, int]) -> None:
    given, found = smooth(*size, count=2), painter(runtime, levels=levels)
    floats = found.paint(given)
    assert floats.shape == given.shape
    assert floats.dtype == torch.float32
    assert floats.isfinite().all()
    assert 0 <= floats.min() <= floats.max() <= 1
    as_bytes = found.paint(to_kind(given, torch.uint8))
    assert as_bytes.shape == given.shape
    assert as_bytes.dtype == torch.uint8


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("levels", [(4, 3, 2, 1), ALL])
def test_flat_pictures_and_black_styles(runtime: str, levels: tuple[int, ...]) -> None:
    black = style(np.zeros((48, 64, 3), np.uint8))
    contents = [torch.full((1, 3, 40, 56), grey) for grey in (0.0, 0.5, 1.0)]
    runs = RUNTIMES[runtime](
        wct_program.program(WctParameters.of(wct_network()), levels)
    )  # one for all: it keeps no film
    for content in [*contents, smooth(40, 56)]:
        for painting in (black, style()):
            found = Tensors(runs, WctStyle(painting), levels=levels)
            for given in (content, to_kind(content, torch.uint8)):
                painted = found.paint(given)
                assert painted.shape == given.shape
                assert painted.dtype == given.dtype
                assert painted.isfinite().all()


def test_a_black_style_leaves_nothing_of_the_content() -> None:
    black = style(np.zeros((48, 64, 3), np.uint8))
    one, other = (painter(of=black).paint(smooth(64, 96, seed=seed)) for seed in (5, 6))
    assert psnr(one, other) >= 50


def test_what_is_given_stays_as_it_is() -> None:
    given = smooth(37, 50)
    before = given.clone()
    painter().paint(given)
    assert torch.equal(given, before)


# -- films --


@pytest.mark.parametrize("steady", [True, False])
@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_batch_is_so_many_frames(runtime: str, steady: bool) -> None:
    film = smooth(40, 56, count=4)
    at_once, one_by_one, in_pairs = (painter(runtime, steady=steady) for _ in range(3))
    wanted = torch.cat([one_by_one.paint(film[n : n + 1]) for n in range(4)])
    assert psnr(at_once.paint(film), wanted) >= 80
    assert psnr(torch.cat([in_pairs.paint(film[:2]), in_pairs.paint(film[2:])]), wanted) >= 80


def test_a_new_shot_begins_anew() -> None:
    before, frame = smooth(40, 56), smooth(40, 56, seed=6)
    used, fresh = painter(), painter()
    used.paint(before)
    remembers = used.paint(frame)
    used.known = used.new_shot()
    assert torch.equal(used.paint(frame), fresh.paint(frame))
    assert not torch.equal(remembers, painter().paint(frame))


def test_unless_it_is_steady_a_frame_depends_on_no_other() -> None:
    frame, used = smooth(40, 56, seed=6), painter(steady=False)
    used.paint(smooth(40, 56))
    assert torch.equal(used.paint(frame), painter(steady=False).paint(frame))


def test_a_still_film_stays_as_it_is() -> None:
    frame, used = smooth(40, 56), painter()
    first = used.paint(frame)
    for _ in range(3):
        assert psnr(used.paint(frame), first) >= 60


def test_the_statistics_follow_the_film() -> None:
    """After many frames of another scene, without a cut between them, the one before is forgotten."""
    used, frame = painter(), smooth(40, 56, seed=6)
    used.paint(smooth(40, 56))
    wanted = painter().paint(frame)
    distances = [float((used.paint(frame) - wanted).abs().mean()) for _ in range(60)]
    assert distances[0] > 0.01
    assert distances[-1] < distances[0] / 4


def test_what_comes_into_view_changes_the_rest_less() -> None:
    before = smooth(64, 320) * 0.5
    after = before.clone()
    after[..., 240:] = 1.0  # a lamp
    changed = {}
    for steady in (True, False):
        used = painter(steady=steady)
        first, second = used.paint(before), used.paint(after)
        changed[steady] = float((second - first)[..., :96].abs().mean())  # far from the lamp
    assert changed[True] < changed[False] / 2
