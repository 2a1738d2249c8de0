"""Makes a trained painter the bundled one: its file, its line in the manifest, and what is measured of it.

    python benchmarks/bundle_painter.py FILE.safetensors --paintings FOLDER [--photographs FOLDER ...]
    python benchmarks/bundle_painter.py FILE.safetensors --draft ...
    python benchmarks/bundle_painter.py ALIAS_FREE.safetensors ...
    python benchmarks/bundle_painter.py FILE.safetensors --unmeasured

Copies the file to models/weights/ and writes checksum, size of the network and provenance (from the file's
own header) into models/weights/manifest.json. With --draft it is the one that --quality draft
paints by, which has a file, an entry and figures of its own. So has an alias-free painter, which is known by
its file's header. With --bits 8 or 10 the weights of its large
convolutions take so many each instead of 16: eight are what multiplying bytes makes of them, so that
nothing changes there; painters in floats lose some decibels. All further options are for
manifest_figures.py, which then measures the styles as they are now bundled. Painter, year and licence of
each style stay as they are.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from common import ROOT
from macs import count_by_torch

from stylize_video.models import methods, styles, weights
from stylize_video.models.alias_free.network import AliasFreeNet
from stylize_video.models.feed_forward import blank_canvas, weights_file
from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.weights_file import Opened
from stylize_video.models.style_spec import parse
from stylize_video.models.weights import byte_tensors, file_format

WEIGHTS = ROOT / "models" / "weights"
NAME = "eight-paintings"  # in the manifest
NAMES = {styles.FULL: NAME, styles.DRAFT: f"{NAME}-draft", styles.ALIAS_FREE: f"{NAME}-alias-free"}
_OF_A_STYLE = ("name", "painting", "painter", "year", "licence")  # whatever paints it
_COUNTED_AT = 640, 336  # px, whose sides fit the network


def described(file: Path, name: str = NAME) -> dict[str, str]:
    """What the manifest says of a file by itself: checksum, architecture and where it comes from."""
    opened = opened_by_format(file)
    spec = parse(f"{file}#{opened.styles[0]}")
    painter = blank_canvas.load(spec, networks=methods.networks_for(spec))
    width, height = _COUNTED_AT
    macs = round(count_by_torch(painter.network, painter.style, width, height) / (width * height))
    size = f"{len(opened.styles)} styles, {macs:,} multiply-accumulates a pixel"
    training = ", ".join(f"{key} {value}" for key, value in opened.provenance.items() if key != "config")
    return {
        "file": f"{name}.safetensors",
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "kind": styles.ALIAS_FREE if _is_alias_free(file) else "canvas-net",
        "architecture": f"{type(opened.network).__name__} with {size}, fp16",
        "source": f"this project, by benchmarks/train_painter.py ({training}); its header has all settings",
    }


def opened_by_format(file: Path) -> Opened[Any]:
    """A painter's file, whatever its architecture."""
    return weights_file.open_file(file, AliasFreeNet if _is_alias_free(file) else CanvasNet)


def _is_alias_free(file: Path) -> bool:
    return weights_file.format_of(file) == file_format.ALIAS_FREE


def bundle(file: Path, folder: Path = WEIGHTS, *, draft: bool = False, bits: int | None = None) -> None:
    """Copy a painter to where the bundled ones lie, and say so in their manifest.

    Args:
        file: the painter's.
        folder: where the bundled ones lie.
        draft: whether it is the one for drafts.
        bits: of each weight of its large convolutions; None: the file as it is.

    Raises:
        SystemExit: its styles are not those of the manifest.
    """
    networks = styles.ALIAS_FREE if _is_alias_free(file) else styles.DRAFT if draft else styles.FULL
    name = NAMES[networks]
    entry, manifest = described(file, name), json.loads((folder / "manifest.json").read_text("utf-8"))
    known = [style["name"] for style in manifest["weights"][NAME]["styles"]]
    held = opened_by_format(file).styles
    if list(held) != known:
        raise SystemExit(f"{file} holds {', '.join(held)}; the manifest has {', '.join(known)}")
    target = folder / entry["file"]
    if bits is not None:
        entry |= _made_small(file, target, bits)
    elif file.resolve() != target.resolve():
        shutil.copyfile(file, target)
    entries = manifest["weights"]
    before: Mapping[str, object] = entries.get(name) or {**entry, **_first_of(networks, entries[NAME])}
    same = before["sha256"] == entry["sha256"] or before.get("measured_on") == "not yet"
    stale = {} if same else {"measured_on": "not yet: those of a painter before"}
    entries[name] = {**before, **entry, **stale}
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")


def _made_small(file: Path, target: Path, bits: int) -> dict[str, str]:
    """Write the painter with fewer bits; what the manifest says otherwise then."""
    opened, ranges = opened_by_format(file), file_format.ranges(weights.read(file).metadata)
    weights_file.save(target, opened.network, opened.styles, opened.provenance, ranges, bits=bits)
    architecture = described(target)["architecture"].removesuffix("fp16")
    return {
        "sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "architecture": f"{architecture}{bits} bits a weight",
    }


def _first_of(networks: str, full: Mapping[str, Any]) -> dict[str, object]:
    """What is known of a further painter before it is there: whose styles they are, and no figures."""
    nothing = {"style_distance": None, "content_distance": None}
    known = [{key: style[key] for key in _OF_A_STYLE if key in style} | nothing for style in full["styles"]]
    shared = {key: full[key] for key in ("trained_on", "licence") if key in full}
    of = {"draft_of": NAME} if networks == styles.DRAFT else {}
    return {**of, **shared, "measured_on": "not yet", "styles": known}


def _arguments() -> tuple[argparse.Namespace, Sequence[str]]:
    made = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    made.add_argument(
        "weights", type=Path, metavar="FILE", help="a painter's file, calibrated if it is to be"
    )
    made.add_argument("--draft", action="store_true", help="it is the draft of the plain painter")
    made.add_argument("--bits", type=int, choices=byte_tensors.BITS, help="of a weight; default: as it is")
    made.add_argument("--unmeasured", action="store_true", help="for a trial: the figures stay as they are")
    return made.parse_known_args()


def main() -> int:
    """Copy, write, measure."""
    given, measuring = _arguments()
    bundle(given.weights, draft=given.draft, bits=given.bits)
    if given.unmeasured:
        return 0
    command = [sys.executable, str(ROOT / "benchmarks" / "manifest_figures.py"), *measuring]
    command += ["--alias-free"] if _is_alias_free(given.weights) else ["--draft"] if given.draft else []
    return subprocess.run(command, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
