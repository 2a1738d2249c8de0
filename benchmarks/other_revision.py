"""This project's code in a folder, whichever commit it is of, run by its command line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


class Checkout:
    """A repository that paints in processes of its own.

    Args:
        folder: the repository's root.
        link: a folder that is made, and takes a link to the code under the package's name.
        weights: a file whose styles are painted in place of the bundled ones.
        method: as of the command line.
    """

    def __init__(
        self, folder: Path, link: Path, *, weights: Path | None = None, method: str = "auto"
    ) -> None:
        link.mkdir()
        (link / "stylize_video").symlink_to(folder.resolve(), target_is_directory=True)
        self._environment = {**os.environ, "PYTHONPATH": str(link), "CUDA_VISIBLE_DEVICES": ""}
        self._weights, self._method = weights, method

    def paint(self, source: Path, style: str, target: Path, *options: str) -> None:
        """Paint a film or a picture as its user would.

        Raises:
            SystemExit: it could not be painted.
        """
        spec = style if self._weights is None else f"{self._weights}#{style}"
        command = [sys.executable, "-m", "stylize_video", str(source), "-o", str(target), "--style", spec]
        command += ["--method", self._method, "--device", "cpu", "--quiet", *options]
        done = subprocess.run(command, env=self._environment, stderr=subprocess.PIPE, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(command)}: {done.stderr.decode(errors='replace')}")
