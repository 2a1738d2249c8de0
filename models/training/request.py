"""What a training is given to work with: paintings, photographs, a start and a target. Needs no torch."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from stylize_video.errors import InputError, TrainingError, UsageError
from stylize_video.files import paths, whole_file
from stylize_video.models import style_spec, styles

BUNDLED = "bundled"  # the start that the bundled styles share
NOTHING = "nothing"  # random weights

_NAME = re.compile(r"[\w][\w.-]*")  # nothing that has a meaning in a style's spec


@dataclass(frozen=True)
class TrainingRequest:
    """The files and names of a training."""

    paintings: tuple[Path, ...]
    names: tuple[str, ...]  # of the styles: the paintings, then those of `statistics`
    content: Path | None  # a folder of photographs; None: scenes drawn on the spot
    target: Path  # the weights file
    start: str = BUNDLED  # or `NOTHING`, a style, a weights file
    overwrite: bool = False
    statistics: tuple[Path, ...] = ()  # paintings that are not trained on, but known to the file; with `wct`
    bundled: str = styles.FULL  # the set of bundled networks that it may start from, one of `styles.SETS`

    @property
    def pictures(self) -> tuple[Path, ...]:
        """All paintings, in the order of their names."""
        return (*self.paintings, *self.statistics)

    @property
    def checkpoint(self) -> Path:
        """Where the run's state lies until it is finished."""
        return self.target.with_name(self.target.name + ".checkpoint")

    @property
    def preview(self) -> Path:
        """Where one can see how far it is."""
        return self.target.with_suffix(".preview.png")

    def check(self, *, mixable: bool = False, wct: bool = False) -> None:
        """Refuse what can't be used, before anything slow.

        Args:
            mixable: whether scales and shifts alone are learned, which can't begin from nothing.
            wct: whether the start is a file of the transform's networks, not a style.

        Raises:
            UsageError: names or start that make no sense, or no such start is bundled.
            InputError, TrainingError: a painting or the folder is missing.
            OutputError: the target can't be written, or exists.
        """
        _check_names(self.names)
        if self.start == NOTHING and mixable:
            raise UsageError("scales and shifts alone can't be learned from nothing; leave `mixable` out")
        if wct and self.start not in (BUNDLED, NOTHING) and not paths.is_file(self.start):
            raise UsageError(f"{self.start}: no such file of the transform's networks")
        if not wct and self.start == BUNDLED:
            styles.bundled_network(self.bundled)
        elif not wct and self.start != NOTHING:
            styles.check_trained(style_spec.parse(self.start), self.bundled)
        for painting in self.pictures:
            if not paths.is_file(painting):
                raise InputError(f"{painting}: {paths.no_such(painting, 'picture')}")
            if paths.is_file(self.preview) and painting.samefile(self.preview):
                raise UsageError(f"{painting}: the preview would replace it; name the output otherwise")
        if self.content is not None and not paths.is_folder(self.content):
            raise TrainingError(f"{self.content}: no such folder of photographs")
        whole_file.check_target(self.target, overwrite=self.overwrite)
        whole_file.check_target(self.checkpoint, overwrite=True)

    @classmethod
    def of(
        cls,
        paintings: Sequence[Path],
        names: Sequence[str],
        content: Path | None,
        target: Path | None,
        *,
        start: str = BUNDLED,
        overwrite: bool = False,
        statistics: Sequence[Path] = (),
        bundled: str = styles.FULL,
    ) -> TrainingRequest:
        """Fill in what is left out: styles are called after their pictures, the target after its style.

        Raises:
            UsageError: names, paintings and target that don't fit each other.
        """
        pictures = (*paintings, *statistics)
        chosen = tuple(names) or tuple(picture.stem for picture in pictures)
        if len(chosen) != len(pictures):
            raise UsageError(f"{len(chosen)} names for {len(pictures)} paintings; give a `name` for each")
        if target is None and len(chosen) > 1:
            raise UsageError("several styles in a file: say how to call it, with `output`")
        _check_names(chosen)
        chosen_target = target or Path(f"{chosen[0]}.safetensors")
        if chosen_target.suffix != ".safetensors":
            raise UsageError(f"{chosen_target}: weights are written as .safetensors; call it so")
        return cls(
            *(tuple(paintings), chosen, content, chosen_target, start, overwrite, tuple(statistics), bundled)
        )


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} can't be a style's name; letters, digits, '-', '_' and '.' can; give `name`"
            )
    if len(set(names)) < len(names):
        raise UsageError(f"two styles of one name in {', '.join(names)}")
