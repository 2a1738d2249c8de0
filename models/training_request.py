"""What a training is given to work with: paintings, photographs, a start and a target. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize_video.errors import InputError, OutputError, OutputExistsError, TrainingError, UsageError
from stylize_video.models import styles

BUNDLED = "bundled"  # the start that the bundled styles share
NOTHING = "nothing"  # random weights

_NAME = re.compile(r"[\w][\w.-]*")  # nothing that has a meaning in a style's spec


@dataclass(frozen=True)
class TrainingRequest:
    """The files and names of a training."""

    paintings: tuple[Path, ...]
    names: tuple[str, ...]  # of the styles
    content: Path  # a folder of photographs
    target: Path  # the weights file
    start: str = BUNDLED  # or `NOTHING`, a style, a weights file
    overwrite: bool = False

    @property
    def checkpoint(self) -> Path:
        """Where the run's state lies until it is finished."""
        return self.target.with_name(self.target.name + ".checkpoint")

    @property
    def preview(self) -> Path:
        """Where one can see how far it is."""
        return self.target.with_suffix(".preview.png")

    def check(self, *, full: bool) -> None:
        """Refuse what can't be used, before anything slow.

        Raises:
            UsageError: names or start that make no sense.
            InputError, TrainingError: a painting or the folder is missing.
            OutputError: the target can't be written, or exists.
        """
        _check_names(self.names)
        if self.start == NOTHING and not full:
            raise UsageError("scales and shifts alone can't be learned from nothing; add --full")
        if self.start not in (BUNDLED, NOTHING):
            styles.check(self.start)
        for painting in self.paintings:
            if not painting.is_file():
                raise InputError(f"{painting}: no such picture")
        if not self.content.is_dir():
            raise TrainingError(f"{self.content}: no such folder of photographs")
        if not self.target.parent.is_dir():
            raise OutputError(f"{self.target.parent}: no such folder")
        if self.target.is_dir():
            raise OutputError(f"{self.target}: is a folder")
        if self.target.exists() and not self.overwrite:
            raise OutputExistsError(f"{self.target}: exists; add --overwrite to replace it")


def request(
    paintings: Sequence[Path], names: Sequence[str], content: Path, target: Path | None, **more: object
) -> TrainingRequest:
    """Build a request; without names, styles are called after their pictures.

    Raises:
        UsageError: names, paintings and target that don't fit each other.
    """
    chosen = tuple(names) or tuple(painting.stem for painting in paintings)
    if len(chosen) != len(paintings):
        raise UsageError(f"{len(chosen)} names for {len(paintings)} paintings; give one --name for each")
    if target is None and len(chosen) > 1:
        raise UsageError("several styles in a file: say how to call it, with -o")
    chosen_target = target or Path(f"{chosen[0]}.safetensors")
    if chosen_target.suffix != ".safetensors":
        raise UsageError(f"{chosen_target}: weights are written as .safetensors; call it so")
    return TrainingRequest(tuple(paintings), chosen, content, chosen_target, **more)  # type: ignore[arg-type]


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise UsageError(f"{name!r} can't be a style's name; use letters, digits, '-', '_' and '.'")
    if len(set(names)) < len(names):
        raise UsageError(f"two styles of one name in {', '.join(names)}")
