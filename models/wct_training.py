"""Training the networks of the whitening and colouring transform, in two phases.

1. Reconstruction: the encoder learns to see as VGG-16 does (Wang et al. 2020, equations 6 and 7), and each
   decoder to give back the picture, `|I_o - I_i|^2 + beta |phi(I_o) - phi(I_i)|^2` (Li et al. 2017, equation
   of section 3.1).
2. Stylisation, which goes beyond both papers: with the encoder as it is, the decoders go through the whole
   transform, coarse to fine, and what comes out is judged by the perceptual losses of Johnson et al. 2016,
   for any pair of pictures. A decoder that has met only features of photographs blurs transformed ones.
   Reconstruction is trained on beside it, so that it stays.

Reproducible as `training` is.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import EllipsisType

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from stylize_video.errors import TrainingError
from stylize_video.models import checkpoint, losses, wct
from stylize_video.models.devices import has_fast_bfloat16
from stylize_video.models.photographs import PhotographSet
from stylize_video.models.pictures import Picture, to_tensor
from stylize_video.models.vgg import load_features
from stylize_video.models.wct_levels import LEVELS
from stylize_video.models.wct_network import WctConfig, WctNetwork
from stylize_video.models.wct_training_config import WctTrainingConfig

# What the encoder is to know: VGG's names are its own. Second and third convolutions too, for what comes
# after them is made of them.
TAUGHT = (
    "relu1_1", "relu1_2", "relu2_1", "relu2_2", "relu3_1", "relu3_3", "relu4_1", "relu4_3", "relu5_1",
)  # fmt: skip
_DEPTH = {1: 1.5, 2: 0.7, 3: 2.5, 4: 2.0, 5: 24.0}  # weight of a level's pixels; the deep ones learn slowly
_RIDGE = 1e-3  # of the mean variance, for the linear maps to VGG's features
_EPSILON = 1e-2  # of the transform while training, in float32
_CHAINS = (*[(4, 3, 2, 1)] * 4, (3, 2, 1), (5, 4, 3, 2, 1), (4, 2), (3, 1))


@dataclass(frozen=True)
class Progress:
    """One step's losses, each without its weight; those of the other phase are 0."""

    step: int
    pixels: float  # squared error of the reconstructions, pixels in 0..1, by the weights of their levels
    embedding: float
    content: float
    style: float


class WctTrainer:
    """A training run that can be stopped and taken up again at any step."""

    def __init__(
        self,
        paintings: Sequence[Picture],
        photographs: PhotographSet,
        config: WctTrainingConfig,
        *,
        start: WctNetwork | None = None,
        shape: WctConfig | None = None,
        device: str = "cpu",
    ) -> None:
        """Prepare.

        Args:
            paintings: that pieces are taken from, (H, W, 3) uint8 RGB.
            photographs: to learn on.
            config: everything else.
            start: networks to go on from, whose shape is taken; by default, from nothing.
            shape: of networks from nothing.
            device: where to train.
        """
        self.config = config
        self.paintings, self.photographs = paintings, photographs
        self.device = torch.device(device)
        self.features = load_features("vgg16").to(self.device).to(memory_format=torch.channels_last)
        with torch.random.fork_rng(devices=[]):  # the caller's random state is the caller's
            torch.manual_seed(config.seed)
            network = WctNetwork(start.config if start else shape or WctConfig())
            self.embeddings = _embeddings(network.config)
        if start is not None:
            network.load_state_dict(start.state_dict())
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        self.scales = self._scales()
        if start is not None:
            self._fit_embeddings()
        self.optimizer = torch.optim.Adam([*self.network.parameters(), *self.embeddings.parameters()])
        self.average = {n: v.detach().clone() for n, v in self.network.named_parameters()}
        self.inputs = self._fingerprint()
        self.step = 0
        self.whole = True  # not in the middle of a step: a state that may be saved

    def _fingerprint(self) -> str:
        digest = hashlib.sha256()
        for picture in (*self.paintings, *self.photographs.training):
            digest.update(repr(picture.shape).encode() + picture.tobytes())
        for name, value in self.network.state_dict().items():
            digest.update(name.encode() + value.cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()

    def _scales(self) -> dict[str, float]:
        """The root mean square of VGG's features on photographs: hundreds; the student's are near 1."""
        with torch.no_grad():
            found = self.features(self._first_photos(), TAUGHT)
        return {name: float(x.square().mean().sqrt()) for name, x in found.items()}

    def _first_photos(self) -> Tensor:
        """(8, 3, 128, 128), before any training."""
        return self.photographs.crops(np.random.default_rng(self.config.seed), count=8, size=128).to(
            self.device
        )

    def _fit_embeddings(self) -> None:
        """The maps that bring a trained encoder nearest to VGG: its file doesn't hold them."""
        photos = self._first_photos()
        with torch.no_grad():
            wanted = self.features(photos, TAUGHT)
            own = self.network.encoder.features(photos, LEVELS[-1])
            for name in TAUGHT:
                weight = _linear_map(own[name], wanted[name] / self.scales[name])
                self.embeddings[name].load_state_dict({"weight": weight[..., None, None]})

    def run(self) -> Iterator[Progress]:
        """Train to the end, one step a turn."""
        while self.step < self.config.steps:
            yield self._advance()

    def result(self) -> WctNetwork:
        """The networks with the averaged weights, on the CPU."""
        network = WctNetwork.empty(self.network.config)
        network.load_state_dict({name: value.cpu() for name, value in self.average.items()})
        return network.eval()

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all.

        Raises:
            TrainingError: it can't be written.
        """
        state = {
            **self._identity(),
            "step": self.step,
            "network": self.network.state_dict(),
            "embeddings": self.embeddings.state_dict(),
            "average": self.average,
            "optimizer": self.optimizer.state_dict(),
        }
        checkpoint.write(path, state)

    def restore(self, path: Path) -> None:
        """Go on from a checkpoint that a run with the same settings left.

        Raises:
            TrainingError: the checkpoint is damaged or of a run with other settings.
        """
        state = checkpoint.read(path, self._identity())
        self.network.load_state_dict(state["network"])
        self.embeddings.load_state_dict(state["embeddings"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.average = {name: value.to(self.device) for name, value in state["average"].items()}
        self.step = state["step"]

    def _identity(self) -> dict[str, object]:
        return {
            "config": asdict(self.config),
            "shape": list(self.network.config.channels),
            "inputs": self.inputs,
        }

    def _advance(self) -> Progress:
        config = self.config
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, config)
        rng = np.random.default_rng([config.seed, self.step])
        styling = self.step >= config.reconstruction_steps
        size = config.second_crop if styling else config.crop
        photos = self.photographs.crops(rng, count=config.batch_size, size=size)
        photos = photos.to(self.device).contiguous(memory_format=torch.channels_last)
        zero = torch.zeros(())
        embedding = content = style = zero
        with torch.autocast(self.device.type, torch.bfloat16, enabled=has_fast_bfloat16(self.device)):
            if styling:
                pixels, perceptual = self._reconstructed(photos, int(rng.integers(1, 6)))
                chain = _CHAINS[rng.integers(len(_CHAINS))]
                content, style, grain = self._stylised(photos, self._styles(rng), chain)
                loss = content + config.style_weight * style + config.tv_weight * grain
            else:
                pixels, perceptual, embedding = self._taught(photos, int(rng.integers(1, 6)))
                loss = config.embedding_weight * embedding
            loss = loss + config.pixel_weight * pixels + config.perceptual_weight * perceptual
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        if styling:
            self.network.encoder.zero_grad(set_to_none=True)
        norm = torch.nn.utils.clip_grad_norm_(
            [*self.network.parameters(), *self.embeddings.parameters()], config.largest_gradient
        )
        if not (torch.isfinite(loss) and torch.isfinite(norm)):
            raise TrainingError(f"diverged at step {self.step + 1}; lower --learning-rate")
        self.whole = False
        self.optimizer.step()
        self._average_weights()
        self.step += 1
        self.whole = True
        return Progress(self.step, pixels.item(), embedding.item(), content.item(), style.item())

    def _taught(self, photos: Tensor, judged: int) -> tuple[Tensor, Tensor, Tensor]:
        """Reconstruction by all levels, by pixels and, at one level, by features; the encoder's errors."""
        with torch.no_grad():
            wanted = self.features(photos, TAUGHT)
        own = self.network.encoder.features(photos, LEVELS[-1])
        errors = []
        for name in TAUGHT:
            some = _grid(name, judged)
            mapped = self.embeddings[name](own[name][some])
            errors.append(_squared(mapped, wanted[name][some] / self.scales[name]))
        pixels, perceptual = torch.zeros(()), torch.zeros(())
        for level in LEVELS:
            layer = f"relu{level}_1"
            # How much the encoder hears of it is a choice: with little, it sees more as VGG does; but then
            # level 5 came to 13 dB only.
            picture = self.network.decode(_softly(own[layer], self.config.encoder_share), level)
            pixels = pixels + _DEPTH[level] * _squared(picture, photos)
            if level == judged:
                found = self.features(picture.clamp(-0.2, 1.2), [layer])[layer]
                perceptual = losses.content_distance(found, wanted[layer])
        return pixels, perceptual, torch.stack(errors).mean()

    def _reconstructed(self, photos: Tensor, level: int) -> tuple[Tensor, Tensor]:
        """Reconstruction by one level, by pixels and by features, the encoder as it is."""
        layer = f"relu{level}_1"
        with torch.no_grad():
            own = self.network.encoder(photos, level)
            wanted = self.features(photos, [layer])[layer]
        picture = self.network.decode(own, level)
        found = self.features(picture.clamp(-0.2, 1.2), [layer])[layer]
        # Each level has its turn every fifth step only.
        weight = len(LEVELS) * _DEPTH[level]
        return weight * _squared(picture, photos), losses.content_distance(found, wanted)

    def _stylised(
        self, photos: Tensor, styles: Tensor, chain: Sequence[int]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Content and style distance after the transform at each level of a chain, and total variation."""
        with torch.no_grad():
            targets = {
                name: losses.gram_matrix(found)
                for name, found in self.features(styles, losses.STYLE_LAYERS).items()
            }
            wanted = self.features(photos, [losses.CONTENT_LAYER])[losses.CONTENT_LAYER]
            own = self.network.encoder.features(styles, max(chain))
            known = {level: _moments(own[f"relu{level}_1"]) for level in chain}
        picture = photos
        for level in chain:
            features = self.network.encoder(picture, level)
            with torch.autocast(self.device.type, enabled=False):
                wide = features.float()
                mapped = wct.apply(
                    wide, wct.fast_transform(_moments(wide), known[level], epsilon=_EPSILON, steps=16)
                )
            picture = self.network.decode(mapped, level)
        found = self.features(picture, losses.STYLE_LAYERS)
        return (
            losses.content_distance(found[losses.CONTENT_LAYER], wanted),
            losses.style_distance(found, targets),
            losses.total_variation(picture.float()),
        )

    def _styles(self, rng: np.random.Generator) -> Tensor:
        """(N, 3, S, S) for crops of S px: pieces of paintings and of photographs, in other colours too."""
        count, size = self.config.batch_size, self.config.second_crop
        chosen = self.photographs.crops(rng, count=count, size=size)
        for index in range(count):
            if self.paintings and rng.random() < self.config.painting_share:
                painting = self.paintings[int(rng.integers(len(self.paintings)))]
                chosen[index] = to_tensor([_piece(painting, rng, size)])[0]
            if rng.random() < 0.5:
                chosen[index] = chosen[index][torch.from_numpy(rng.permutation(3))]
        return chosen.to(self.device).contiguous(memory_format=torch.channels_last)

    def _average_weights(self) -> None:
        decay = min(self.config.averaging, (1 + self.step) / (10 + self.step))
        with torch.no_grad():
            for name, value in self.network.named_parameters():
                self.average[name].lerp_(value, 1 - decay)


def _embeddings(config: WctConfig) -> nn.ModuleDict:
    """A linear map for each taught layer, from the student's channels to VGG's (Wang et al. 2020, eq. 6)."""
    vgg = (64, 128, 256, 512, 512)
    return nn.ModuleDict(
        {
            name: nn.Conv2d(config.channels[int(name[4]) - 1], vgg[int(name[4]) - 1], 1, bias=False)
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


def _moments(features: Tensor) -> wct.Moments:
    """As `wct.moments`, in float32 and with a gradient, also where autocast would multiply in bfloat16."""
    with torch.autocast(features.device.type, enabled=False):
        x = features.float().flatten(2)
        mean = x.mean(2)
        centred = x - mean.unsqueeze(2)
        return wct.Moments(mean, centred @ centred.transpose(1, 2) / x.shape[2])


def _piece(painting: Picture, rng: np.random.Generator, size: int) -> Picture:
    """A random square of a painting, up to all of its shorter side."""
    shorter = min(painting.shape[:2])
    side = min(shorter, round(size * rng.uniform(1.0, 2.0)))
    top = rng.integers(painting.shape[0] - side + 1)
    left = rng.integers(painting.shape[1] - side + 1)
    piece = painting[top : top + side, left : left + side]
    if rng.random() < 0.5:
        piece = piece[:, ::-1]
    kernel = cv2.INTER_AREA if side > size else cv2.INTER_CUBIC
    return cv2.resize(np.ascontiguousarray(piece), (size, size), interpolation=kernel)  # type: ignore[return-value]


def learning_rate(step: int, config: WctTrainingConfig) -> float:
    """For each phase: a linear warm-up over a fiftieth of it, then a cosine down to a hundredth."""
    first = config.reconstruction_steps
    began, length, peak = (
        (0, first, config.learning_rate)
        if step < first
        else (first, config.stylisation_steps, config.learning_rate * config.second_rate)
    )
    turn, warm_up = step - began, max(1, length // 50)
    if turn < warm_up:
        return peak * (turn + 1) / warm_up
    done = (turn - warm_up) / max(1, length - warm_up)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done)))
