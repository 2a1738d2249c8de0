"""What the networks of the whitening and colouring transform are trained towards: both phases' losses.

See `trainer` for the phases and the papers.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import EllipsisType

import torch
from torch import Tensor, nn

from stylize_video.models.perceptual import losses
from stylize_video.models.perceptual.vgg import load_features
from stylize_video.models.wct import transform as wct
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.moments import Moments
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.shape import WctConfig

# What the encoder is to know: VGG's names are its own. Second and third convolutions too, for what comes
# after them is made of them.
TAUGHT = (
    "relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_3", "relu4_1", "relu4_3", "relu5_1",
)  # fmt: skip
_CHANNELS = (64, 128, 256, 512, 512)  # VGG's, of each block
_DEPTH = {1: 6.0, 2: 4.0, 3: 4.0, 4: 3.0, 5: 5.0}  # weight of a level's pixels, by what each was short of
# Weight of errors in chroma, beside those in lightness. Chroma is a tenth of a photograph's variance; at
# equal weight deep levels left it out: level 5 was grey, level 4 had no green.
_CHROMA = 4.0
_RIDGE = 1e-3  # of the mean variance, for the linear maps to VGG's features
_EPSILON = 1e-2  # of the transform while training, in float32


class Objectives:
    """The losses of some networks, by VGG-16's features; `measure` comes before `taught`.

    Args:
        network: what is trained.
        encoder_share: of the reconstruction's gradient goes on into the encoder.
        device: where all are.
    """

    def __init__(self, network: WctNetwork, *, encoder_share: float, device: torch.device) -> None:
        # First: making the features may draw random numbers as well.
        self.embeddings = _embeddings(network.config).to(device)
        self.features = load_features("vgg16").to(device).to(memory_format=torch.channels_last)
        self._network = network
        self._encoder_share = encoder_share
        self._scales: dict[str, float] = {}

    def measure(self, photos: Tensor) -> None:
        """Find the root mean square of VGG's features: hundreds; the student's are near 1.

        Args:
            photos: (N, 3, H, W) in 0..1, before any training.
        """
        with torch.no_grad():
            found = self.features(photos, TAUGHT)
        self._scales = {name: float(x.square().mean().sqrt()) for name, x in found.items()}

    def fit_embeddings(self, photos: Tensor) -> None:
        """The maps that bring a trained encoder nearest to VGG: its file doesn't hold them."""
        with torch.no_grad():
            wanted = self.features(photos, TAUGHT)
            own = self._network.encoder.features(photos, LEVELS[-1])
            for name in TAUGHT:
                weight = _linear_map(own[name], wanted[name] / self._scales[name])
                self.embeddings[name].load_state_dict({"weight": weight[..., None, None]})

    def taught(
        self, photos: Tensor, judged: int, levels: Sequence[int] = LEVELS
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruction by some levels, by pixels and, at one of them, by features; the encoder's errors."""
        with torch.no_grad():
            wanted = self.features(photos, TAUGHT)
        own = self._network.encoder.features(photos, LEVELS[-1])
        errors = []
        for name in TAUGHT:
            some = _grid(name, judged)
            mapped = self.embeddings[name](own[name][some])
            errors.append(_squared(mapped, wanted[name][some] / self._scales[name]))
        pixels, perceptual = torch.zeros(()), torch.zeros(())
        for level in levels:
            layer = f"relu{level}_1"
            # How much the encoder hears of it is a choice: with little, it sees more as VGG does; but then
            # level 5 came to 13 dB only.
            picture = self._network.decode(_softly(own[layer], self._encoder_share), level)
            pixels = pixels + _DEPTH[level] * _weighted_error(picture, photos)
            if level == judged:
                found = self.features(picture.clamp(-0.2, 1.2), [layer])[layer]
                perceptual = losses.content_distance(found, wanted[layer])
        return pixels, perceptual, torch.stack(errors).mean()

    def reconstructed(self, photos: Tensor, level: int) -> tuple[Tensor, Tensor]:
        """Reconstruction by one level, by pixels and by features, the encoder as it is."""
        layer = f"relu{level}_1"
        with torch.no_grad():
            own = self._network.encoder(photos, level)
            wanted = self.features(photos, [layer])[layer]
        picture = self._network.decode(own, level)
        found = self.features(picture.clamp(-0.2, 1.2), [layer])[layer]
        # Each level has its turn every fifth step only.
        weight = len(LEVELS) * _DEPTH[level]
        return weight * _weighted_error(picture, photos), losses.content_distance(found, wanted)

    def stylised(self, photos: Tensor, styles: Tensor, chain: Sequence[int]) -> tuple[Tensor, Tensor, Tensor]:
        """Content and style distance after the transform at each level of a chain, and total variation."""
        with torch.no_grad():
            targets = {
                name: losses.gram_matrix(found)
                for name, found in self.features(styles, losses.STYLE_LAYERS).items()
            }
            wanted = self.features(photos, [losses.CONTENT_LAYER])[losses.CONTENT_LAYER]
            own = self._network.encoder.features(styles, max(chain))
            known = {level: _moments(own[f"relu{level}_1"]) for level in chain}
        picture = photos
        for level in chain:
            features = self._network.encoder(picture, level)
            with torch.autocast(photos.device.type, enabled=False):
                wide = features.float()
                found_there = _moments(wide)
                affine = wct.fast_transform(
                    found_there, known[level], epsilon=_EPSILON, steps=16, turned=False
                )
                mapped = wct.apply(wide, affine)
            picture = self._network.decode(mapped, level)
        found = self.features(picture, losses.STYLE_LAYERS)
        return (
            losses.content_distance(found[losses.CONTENT_LAYER], wanted),
            losses.style_distance(found, targets),
            losses.total_variation(picture.float()),
        )


def _embeddings(config: WctConfig) -> nn.ModuleDict:
    """A linear map for each taught layer, from the student's channels to VGG's (Wang et al. 2020, eq. 6)."""
    return nn.ModuleDict(
        {
            name: nn.Conv2d(config.channels[int(name[4]) - 1], _CHANNELS[int(name[4]) - 1], 1, bias=False)
            for name in TAUGHT
        }
    )


def _linear_map(x: Tensor, y: Tensor) -> Tensor:
    """(D, C), which takes (N, C, H, W) nearest to (N, D, H, W): least squares, with a ridge."""
    x, y = (features.permute(0, 2, 3, 1).flatten(0, 2).double() for features in (x, y))
    gram = x.T @ x
    ridge = _RIDGE * gram.diagonal().mean() * torch.eye(len(gram), dtype=x.dtype, device=x.device)
    weight: Tensor = torch.linalg.solve(gram + ridge, x.T @ y).T.float()
    return weight


def _grid(layer: str, turn: int) -> tuple[slice | EllipsisType, ...]:
    """Every eighth px of the picture each way, of the first layers: all of them would take half of a step."""
    step = max(1, 16 >> int(layer[4]))
    return ..., slice(turn % step, None, step), slice(turn * 3 % step, None, step)


def _softly(x: Tensor, share: float) -> Tensor:
    """`x`, with only a share of its gradient."""
    return x.detach() + share * (x - x.detach())


def _squared(picture: Tensor, wanted: Tensor) -> Tensor:
    return (picture.float() - wanted.float()).pow(2).mean()


def _weighted_error(picture: Tensor, wanted: Tensor) -> Tensor:
    """Squared error of (N, 3, H, W), its part that is not grey more weighty."""
    error = picture.float() - wanted.float()
    chroma = error - error.mean(1, keepdim=True)
    return error.pow(2).mean() + (_CHROMA - 1) * chroma.pow(2).mean()


def _moments(features: Tensor) -> Moments:
    """As `wct.moments`, in float32 and with a gradient, also where autocast would multiply in bfloat16."""
    with torch.autocast(features.device.type, enabled=False):
        x = features.float().flatten(2)
        mean = x.mean(2)
        centred = x - mean.unsqueeze(2)
        return Moments(mean, centred @ centred.transpose(1, 2) / x.shape[2])
