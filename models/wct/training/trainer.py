"""Training the networks of the whitening and colouring transform, in two phases.

1. Reconstruction: the encoder learns to see as VGG-16 does (Wang et al. 2020, equations 6 and 7), and each
   decoder to give back the picture, `|I_o - I_i|^2 + beta |phi(I_o) - phi(I_i)|^2` (Li et al. 2017, equation
   of section 3.1).
2. Stylisation, which goes beyond both papers: with the encoder as it is, the decoders go through the whole
   transform, coarse to fine, and what comes out is judged by the perceptual losses of Johnson et al. 2016,
   for any pair of pictures. A decoder that has met only features of photographs blurs transformed ones.
   Reconstruction is trained on beside it, so that it stays.

A single level's own layers can be trained by the first phase, others as they are; the deepest's begin anew.
The squared error weighs chroma more than lightness, which is no paper's: see `objectives.py`.

Reproducible as all trainings are: see `models/training/trainer.py`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from stylize_video.models.training import checkpoint
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.training.trainer import Loss, Trainer, warm_then_cosine
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.shape import WctConfig
from stylize_video.models.wct.training.config import WctTrainingConfig
from stylize_video.models.wct.training.objectives import Objectives
from stylize_video.models.wct.training.revival import revive
from stylize_video.pictures.pictures import Picture, to_tensor

# Ways through the levels, of which one is taken in each step: half of the time the default.
_CHAINS = (*[(4, 3, 2, 1)] * 4, (3, 2, 1), (5, 4, 3, 2, 1), (4, 2), (3, 1))

_REVIVAL, _LAST_REVIVAL = 200, 0.6  # every so many steps, up to this share of the first phase
_WITNESSES = 16  # photographs; a channel that answers to none of them is dead
_NO_GRADIENT = 1e-3  # of the mean square in a layer; what has less had none
_FULL_RATE_INPUTS = 288  # of a neuron, 32 channels' 3x3; with more, its learning rate is less
_METHOD = 3  # a checkpoint made by another way of training is of no use


@dataclass(frozen=True)
class Lesson:
    """What a step learns on."""

    photographs: Tensor  # (N, 3, S, S) in 0..1
    judged: int  # the level whose reconstruction is judged by features too
    styles: Tensor | None = None  # (N, 3, S, S), pictures whose style is taken on; None in the first phase
    chain: Sequence[int] = ()  # the levels on that way


class WctTrainer(Trainer[Lesson]):
    """A run of this training."""

    config: WctTrainingConfig

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
        self.paintings, self.photographs = paintings, photographs
        where = torch.device(device)
        with torch.random.fork_rng(devices=[]):  # the caller's random state is the caller's
            torch.manual_seed(config.seed)
            network = WctNetwork(start.config if start else shape or WctConfig())
            self.objectives = Objectives(network, encoder_share=config.encoder_share, device=where)
            if start is not None:
                network.load_state_dict(start.state_dict())
                if config.level == LEVELS[-1]:
                    network.begin_deepest()
        self.network = network.to(where).to(memory_format=torch.channels_last)
        self.embeddings = self.objectives.embeddings
        self.levels: tuple[int, ...] = LEVELS
        if config.level is not None:
            self.levels = (config.level,)
            self.network.requires_grad_(False)
            for convolution in self.network.own_convolutions(config.level):
                convolution.requires_grad_(True)
        photos = photographs.crops(np.random.default_rng(config.seed), count=8, size=128).to(where)
        self.objectives.measure(photos)
        if start is not None:
            self.objectives.fit_embeddings(photos)
        identity = {
            "method": _METHOD,
            "config": asdict(config),
            "shape": list(network.config.channels),
            "inputs": checkpoint.fingerprint((*paintings, *photographs.training), network.state_dict()),
        }
        super().__init__(
            config,
            {"network": self.network, "embeddings": self.embeddings},
            torch.optim.Adam(_groups([*self.network.parameters(), *self.embeddings.parameters()])),
            dict(self.network.named_parameters()),
            identity,
            where,
        )
        self.largest_gradient = config.largest_gradient

    def result(self) -> WctNetwork:
        """The networks with the averaged weights, on the CPU."""
        network = WctNetwork.empty(self.network.config)
        network.load_state_dict({name: value.cpu() for name, value in self.average.items()})
        return network.eval()

    def material(self, step: int) -> Lesson:
        """See `Trainer`."""
        config = self.config
        rng = np.random.default_rng([config.seed, step])
        styling = step >= config.reconstruction_steps
        size = config.second_crop if styling else config.crop
        photos = self.photographs.crops(rng, count=config.batch_size, size=size)
        judged = self.levels[rng.integers(len(self.levels))]
        if not styling:
            return Lesson(photos, judged)
        chain = _CHAINS[rng.integers(len(_CHAINS))]
        return Lesson(photos, judged, self._styles(rng), chain)

    def losses(self, material: Lesson) -> Mapping[str, Loss]:
        """See `Trainer`."""
        config = self.config
        photos = self._there(material.photographs)
        if material.styles is None:
            pixels, perceptual, embedding = self.objectives.taught(photos, material.judged, self.levels)
            own = {"embedding": Loss(embedding, config.embedding_weight)}
        else:
            pixels, perceptual = self.objectives.reconstructed(photos, material.judged)
            styles = self._there(material.styles)
            content, style, grain = self.objectives.stylised(photos, styles, material.chain)
            own = {
                "content": Loss(content, 1.0),
                "style": Loss(style, config.style_weight),
                "grain": Loss(grain, config.tv_weight),
            }
        reconstruction = Loss(pixels, config.pixel_weight)
        return {
            "reconstruction": reconstruction,
            "features": Loss(perceptual, config.perceptual_weight),
            **own,
        }

    def learning_rate(self, step: int) -> float:
        """See `Trainer`."""
        return learning_rate(step, self.config)

    def correct_gradients(self) -> None:
        """The second phase leaves the encoder as it is."""
        if self.step >= self.config.reconstruction_steps:
            self.network.encoder.zero_grad(set_to_none=True)

    def _there(self, pictures: Tensor) -> Tensor:
        return pictures.to(self.device).contiguous(memory_format=torch.channels_last)

    def prepare_step(self) -> None:
        """Begin dead channels anew, while there is time enough for them to learn."""
        if self.step % _REVIVAL == 0 and self.step <= self.config.reconstruction_steps * _LAST_REVIVAL:
            generator = torch.Generator().manual_seed(self.config.seed + self.step)
            photos = self.photographs.crops(
                np.random.default_rng([self.config.seed, self.step, 1]),
                count=_WITNESSES,
                size=self.config.crop,
            )
            if revive(
                self.network, photos.to(self.device), generator, self.embeddings, level=self.config.level
            ):
                self._floor_second_moments()

    def _floor_second_moments(self) -> None:
        """Dead channels had no gradient: Adam, taking it for small, would push them by six times its rate."""
        for state in self.optimizer.state.values():
            square = state["exp_avg_sq"]
            mean = square.mean()
            square[square < _NO_GRADIENT * mean] = mean

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
        return chosen


def _groups(parameters: Sequence[Tensor]) -> list[dict[str, Any]]:
    """For Adam: parameters by what their learning rate is multiplied by, the less, the more inputs they have.

    A step of Adam changes each weight by as much, and so the answers of a neuron by as many times more as it
    has inputs; ReLUs died of it. Yang et al. 2022, "Tensor Programs V", table 3: Adam's hidden weights.
    """
    groups: dict[float, list[Tensor]] = defaultdict(list)
    for value in parameters:
        groups[1.0 if value.ndim == 1 else min(1.0, _FULL_RATE_INPUTS / value[0].numel())].append(value)
    return [{"params": values, "times": times} for times, values in groups.items()]


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
    return peak * warm_then_cosine(step - began, length, warm_up=max(1, length // 50))
