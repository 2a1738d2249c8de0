"""Training the networks of the whitening and colouring transform, in two phases.

1. Reconstruction: the encoder learns to see as VGG-16 does (Wang et al. 2020, equations 6 and 7), and each
   decoder to give back the picture, `|I_o - I_i|^2 + beta |phi(I_o) - phi(I_i)|^2` (Li et al. 2017, equation
   of section 3.1).
2. Stylisation, which goes beyond both papers: with the encoder as it is, the decoders go through the whole
   transform, coarse to fine, and what comes out is judged by the perceptual losses of Johnson et al. 2016,
   for any pair of pictures. A decoder that has met only features of photographs blurs transformed ones.
   Reconstruction is trained on beside it, so that it stays.

A single level's own layers can be trained by the first phase, others as they are; the deepest's begin anew.
The squared error weighs chroma more than lightness, which is no paper's: see `wct_objectives`.

Reproducible as `training` is.
"""

from __future__ import annotations

import hashlib
import math
import operator
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from stylize_video.errors import TrainingError
from stylize_video.models.runtimes.devices import has_fast_bfloat16
from stylize_video.models.training import checkpoint
from stylize_video.models.training.photographs import PhotographSet
from stylize_video.models.wct.levels import LEVELS
from stylize_video.models.wct.network import WctConfig, WctNetwork
from stylize_video.models.wct.objectives import Objectives
from stylize_video.models.wct.revival import revive
from stylize_video.models.wct.training_config import WctTrainingConfig
from stylize_video.pictures.pictures import Picture, to_tensor

# Ways through the levels, of which one is taken in each step: half of the time the default.
_CHAINS = (*[(4, 3, 2, 1)] * 4, (3, 2, 1), (5, 4, 3, 2, 1), (4, 2), (3, 1))

_REVIVAL, _LAST_REVIVAL = 200, 0.6  # every so many steps, up to this share of the first phase
_WITNESSES = 16  # photographs; a channel that answers to none of them is dead
_NO_GRADIENT = 1e-3  # of the mean square in a layer; what has less had none
_FULL_RATE_INPUTS = 288  # of a neuron, 32 channels' 3x3; with more, its learning rate is less
_METHOD = 2  # a checkpoint made by another way of training is of no use


@dataclass(frozen=True)
class Progress:
    """One step's losses, each without its weight; those of the other phase are 0."""

    step: int
    pixels: float  # squared error of the reconstructions, by the weights of levels and of chroma
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
        with torch.random.fork_rng(devices=[]):  # the caller's random state is the caller's
            torch.manual_seed(config.seed)
            network = WctNetwork(start.config if start else shape or WctConfig())
            self.objectives = Objectives(network, encoder_share=config.encoder_share, device=self.device)
            if start is not None:
                network.load_state_dict(start.state_dict())
                if config.level == LEVELS[-1]:
                    network.begin_deepest()
        self.network = network.to(self.device).to(memory_format=torch.channels_last)
        self.embeddings = self.objectives.embeddings
        self.levels: tuple[int, ...] = LEVELS
        if config.level is not None:
            self.levels = (config.level,)
            self.network.requires_grad_(False)
            for convolution in self.network.own_convolutions(config.level):
                convolution.requires_grad_(True)
        photos = self._first_photos()
        self.objectives.measure(photos)
        if start is not None:
            self.objectives.fit_embeddings(photos)
        self.optimizer = torch.optim.Adam(
            _groups([*self.network.parameters(), *self.embeddings.parameters()])
        )
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

    def _first_photos(self) -> Tensor:
        """(8, 3, 128, 128), before any training."""
        return self.photographs.crops(np.random.default_rng(self.config.seed), count=8, size=128).to(
            self.device
        )

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
        with checkpoint.fitting(path):
            self.network.load_state_dict(state["network"])
            self.embeddings.load_state_dict(state["embeddings"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average = checkpoint.like(self.average, state["average"])
            self.step = operator.index(state["step"])

    def _identity(self) -> dict[str, object]:
        return {
            "method": _METHOD,
            "config": asdict(self.config),
            "shape": list(self.network.config.channels),
            "inputs": self.inputs,
        }

    def _advance(self) -> Progress:
        config = self.config
        self._revive()
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(self.step, config) * group["scale"]
        rng = np.random.default_rng([config.seed, self.step])
        styling = self.step >= config.reconstruction_steps
        size = config.second_crop if styling else config.crop
        photos = self.photographs.crops(rng, count=config.batch_size, size=size)
        photos = photos.to(self.device).contiguous(memory_format=torch.channels_last)
        zero = torch.zeros(())
        embedding = content = style = zero
        with torch.autocast(self.device.type, torch.bfloat16, enabled=has_fast_bfloat16(self.device)):
            if styling:
                pixels, perceptual = self.objectives.reconstructed(photos, self._judged(rng))
                chain = _CHAINS[rng.integers(len(_CHAINS))]
                content, style, grain = self.objectives.stylised(photos, self._styles(rng), chain)
                loss = content + config.style_weight * style + config.tv_weight * grain
            else:
                judged = self._judged(rng)
                pixels, perceptual, embedding = self.objectives.taught(photos, judged, self.levels)
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
            raise TrainingError(f"diverged at step {self.step + 1}; lower `learning_rate`")
        self.whole = False
        self.optimizer.step()
        self._average_weights()
        self.step += 1
        self.whole = True
        return Progress(self.step, pixels.item(), embedding.item(), content.item(), style.item())

    def _revive(self) -> None:
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

    def _judged(self, rng: np.random.Generator) -> int:
        """The level whose reconstruction is judged by features too."""
        return self.levels[rng.integers(len(self.levels))]

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


def _groups(parameters: Sequence[Tensor]) -> list[dict[str, Any]]:
    """For Adam: parameters by what their learning rate is multiplied by, the less, the more inputs they have.

    A step of Adam changes each weight by as much, and so the answers of a neuron by as many times more as it
    has inputs; ReLUs died of it. Yang et al. 2022, "Tensor Programs V", table 3: Adam's hidden weights.
    """
    groups: dict[float, list[Tensor]] = defaultdict(list)
    for value in parameters:
        groups[1.0 if value.ndim == 1 else min(1.0, _FULL_RATE_INPUTS / value[0].numel())].append(value)
    return [{"params": values, "scale": scale} for scale, values in groups.items()]


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
