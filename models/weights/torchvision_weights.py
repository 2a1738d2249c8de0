"""Weights that torchvision downloads, once, to torch's cache; nothing else of it is imported before."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from http.client import HTTPException
from io import StringIO
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from stylize_video.errors import WeightsError


@dataclass(frozen=True)
class TorchvisionWeights:
    """What to load, and what to tell people who can't."""

    network: str  # as people call it: "VGG-19"
    name: str  # as torchvision calls them: "VGG19_Weights.IMAGENET1K_V1"
    instead: str  # what to do without them: "use `features` vgg16, which is bundled"

    def load(self) -> Mapping[str, Tensor]:
        """The network's state, on the CPU.

        Raises:
            WeightsError: no torchvision that works, or the weights can't be had.
        """
        return self._state(self._source())

    def _source(self) -> Any:
        """Where the weights are; needs torchvision, which an unfitting torch makes fail in many ways."""
        try:
            return importlib.import_module("torchvision.models").get_weight(self.name)
        except (ImportError, OSError, RuntimeError, AttributeError) as error:
            raise WeightsError(
                f"{self.network} needs a torchvision that fits torch {torch.__version__} "
                f"({_first_line(error)}); install one, or {self.instead}"
            ) from error

    def _state(self, source: Any) -> Mapping[str, Tensor]:
        """The weights out of torch's cache, or else from the network."""
        cached = Path(torch.hub.get_dir()) / "checkpoints" / Path(source.url).name
        terminal = sys.stderr.isatty()
        try:
            # torch.hub announces on stdout what it downloads.
            with redirect_stdout(sys.stderr if terminal else StringIO()):
                state: Mapping[str, Tensor] = source.get_state_dict(
                    progress=terminal, check_hash=True, map_location="cpu", weights_only=True
                )
        except (OSError, HTTPException) as error:
            raise WeightsError(
                f"{self.network}'s weights can't be downloaded from {source.url} to {cached.parent} "
                f"({_first_line(error)}); that takes an internet connection: try again, or {self.instead}"
            ) from error
        except Exception as error:  # a file that is no pickle, or half a one, raises almost anything
            raise WeightsError(
                f"{self.network}'s weights are damaged ({type(error).__name__}: {_first_line(error)}); "
                f"remove {cached} if it is there and try again with an internet connection, or {self.instead}"
            ) from error
        return state


def _first_line(error: Exception) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
