"""Dead channels of the transform's networks are found and live again; what is painted stays the same."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.shape import WctConfig
from stylize_video.models.wct.training.revival import _carriers, revive


@pytest.fixture
def network() -> WctNetwork:
    torch.manual_seed(0)
    made = WctNetwork(WctConfig((4, 6, 8, 10, 12)))
    for convolution in made.modules():
        if isinstance(convolution, nn.Conv2d):  # as strong as trained ones; PyTorch's own soon say nothing
            nn.init.kaiming_normal_(convolution.weight)
            nn.init.zeros_(convolution.bias)
    while revive(made, _photos(), _generator()):  # of so few channels some are born dead, or die of others
        pass
    return made


def _photos(seed: int = 0) -> Tensor:
    noise = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(seed))
    return F.interpolate(noise, scale_factor=8, mode="bilinear")


def _generator() -> torch.Generator:
    return torch.Generator().manual_seed(1)


def _kill(convolution: nn.Conv2d, *channels: int) -> None:
    with torch.no_grad():
        for channel in channels:
            convolution.bias[channel] = -1e3


def _painted(network: WctNetwork) -> list[Tensor]:
    with torch.no_grad():
        return [network.decode(network.encoder(_photos(), level), level) for level in LEVELS]


def test_the_living_are_left_alone(network: WctNetwork) -> None:
    before = {name: value.clone() for name, value in network.state_dict().items()}
    assert revive(network, _photos(), _generator()) == 0
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("name", ["1_1", "1_2", "3_1", "4_2", "5_1"])
def test_a_dead_channel_of_the_encoder_answers_again(network: WctNetwork, name: str) -> None:
    _kill(network.encoder.convolutions[name], 1, 3)
    before = _painted(network)
    readers = nn.ModuleDict()
    readers[f"relu{name}"] = nn.Conv2d(network.encoder.convolutions[name].out_channels, 5, 1)
    assert revive(network, _photos(), _generator(), readers) >= 2
    for one, other in zip(_painted(network), before, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    with torch.no_grad():
        answers = network.encoder.features(_photos(), 5)[f"relu{name}"]
    share = (answers > 0).float().mean((0, 2, 3))
    strength = answers.std((0, 2, 3))
    for channel in (1, 3):
        assert share[channel] > 0.2
        assert strength[channel] > 0.2 * strength.median()
    assert (readers[f"relu{name}"].weight[:, [1, 3]] == 0).all()
    assert (readers[f"relu{name}"].weight[:, [0, 2]] != 0).all()


def test_a_dead_channel_of_a_decoder_learns_again(network: WctNetwork) -> None:
    convolution = network.decoders["3"].steps[3]
    _kill(convolution, 0)
    before = _painted(network)
    assert revive(network, _photos(), _generator()) == 1
    for one, other in zip(_painted(network), before, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)
    optimizer = torch.optim.SGD(network.parameters(), lr=0.01)
    for _ in range(2):  # what takes from it learns first
        optimizer.zero_grad()
        network.decode(network.encoder(_photos(), 3), 3).square().mean().backward()
        optimizer.step()
    assert convolution.weight.grad[0].abs().max() > 0


def test_a_layer_of_which_nothing_lives_is_begun_anew_and_listened_to(network: WctNetwork) -> None:
    _kill(network.encoder.convolutions["2_1"], *range(6))
    heard = network.encoder.convolutions["2_2"].weight.clone()
    assert revive(network, _photos(), _generator()) >= 6
    with torch.no_grad():
        answers = network.encoder.features(_photos(), 2)["relu2_1"]
    assert (answers.amax((0, 2, 3)) > 0).all()
    assert torch.equal(network.encoder.convolutions["2_2"].weight, heard)


def test_of_one_level_only_its_own_are_looked_at(network: WctNetwork) -> None:
    other, own = network.encoder.convolutions["3_1"], network.encoder.convolutions["4_3"]
    for convolution in (other, own):
        _kill(convolution, 0)
    before = other.weight.clone()
    assert revive(network, _photos(), _generator(), level=5) >= 1
    assert torch.equal(other.weight, before)
    assert own.bias[0] > -1e3


def test_it_is_reproducible(network: WctNetwork) -> None:
    _kill(network.encoder.convolutions["3_1"], 2)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    found = []
    for _ in range(2):
        network.load_state_dict(state)
        revive(network, _photos(), _generator())
        found.append(network.encoder.convolutions["3_1"].weight[2].clone())
    assert torch.equal(*found)


def test_a_new_channel_passes_on_one_of_those_that_come_in_and_a_little_of_all() -> None:
    weight = _carriers(6, torch.Size((8, 3, 3)), _generator())
    centres = weight[:, :, 1, 1]
    passed = centres.argmax(1)
    assert len(set(passed.tolist())) == 6
    rest = weight.clone()
    rest[torch.arange(6), passed, 1, 1] -= 1
    assert 0.15 < rest.flatten(1).norm(dim=1).mean() < 0.45
