"""What converted models are kept under: all code that the modules are written in."""

from __future__ import annotations

import ast
from pathlib import Path

from stylize_video.models.runtimes import openvino_runtime as module

MODELS = Path(module.__file__).parents[1]
PACKAGE = "stylize_video.models"


def imported(path: Path) -> set[Path]:
    """The files of models/ that one imports from, whole modules or names of them."""
    nodes = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.ImportFrom)]
    names = {
        name
        for node in nodes
        if node.module and node.module.startswith(f"{PACKAGE}.")
        for name in (node.module, *(f"{node.module}.{alias.name}" for alias in node.names))
    }
    files = (MODELS.joinpath(*name.split(".")[2:]).with_suffix(".py") for name in names)
    return {file for file in files if file.is_file()}


def uses_torch(path: Path) -> bool:
    """Whether something that is converted can be written in a file."""
    return any(
        line in ("import torch", "from torch import Tensor, nn") for line in path.read_text().splitlines()
    )


def test_what_a_module_is_made_of_is_part_of_the_key() -> None:
    known = {MODELS / name for name in module._CODE}
    made_of = {file for path in known if uses_torch(path) for file in imported(path) if uses_torch(file)}

    assert made_of <= known  # else a model of older code is taken for the one of today
    assert len(made_of) > 5
