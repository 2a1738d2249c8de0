"""The wheel holds the tree's modules, weights and nothing else; and importing costs what it should."""

from __future__ import annotations

import configparser
import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "stylize_video"
NOT_INSTALLED = {"tests", "samples", "benchmarks"}  # folders of the tree that stay there


def tracked() -> list[PurePosixPath]:
    """Files of the tree, without those that git ignores: what a commit of it all would hold."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("no git checkout to compare the wheel with")
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    return [PurePosixPath(name) for name in names.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy: setuptools leaves build/ and an egg-info beside its input."""
    copy, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("wheel")
    for name in tracked():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(out), str(copy)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return next(out.glob("*.whl"))


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[PurePosixPath]:
    """What lies in the wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return {PurePosixPath(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds what pip would put into site-packages."""
    folder = tmp_path_factory.mktemp("site-packages")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_every_module_is_in_the_wheel_and_no_other(names: set[PurePosixPath]) -> None:
    modules = {name for name in tracked() if name.suffix == ".py" and name.parts[0] not in NOT_INSTALLED}
    assert {name for name in names if name.suffix == ".py"} == {PACKAGE / name for name in modules}


def test_all_weights_their_manifest_and_the_live_page_are_in_the_wheel(names: set[PurePosixPath]) -> None:
    folder = PurePosixPath("models/weights")
    manifest = json.loads((ROOT / folder / "manifest.json").read_text("utf-8"))
    expected = {folder / entry["file"] for entry in manifest["weights"].values()}
    weights = {name for name in tracked() if name.suffix == ".safetensors"}
    expected |= {name for name in weights if name.parts[0] not in NOT_INSTALLED}
    page = PurePosixPath("pipeline/web/page")
    expected |= {name for name in tracked() if page in name.parents}
    expected |= {folder / "manifest.json", PurePosixPath("py.typed")}
    assert {name for name in names if name.suffix != ".py" and name.parts[0] == PACKAGE} == {
        PACKAGE / name for name in expected
    }


def test_nothing_lands_beside_the_package(names: set[PurePosixPath]) -> None:
    beside = {name.parts[0] for name in names} - {PACKAGE}
    assert len(beside) == 1
    assert beside.pop().endswith(".dist-info")


def test_the_command_and_the_licences_are_in_the_wheel(installed: Path) -> None:
    info = next(installed.glob("*.dist-info"))
    entry_points = configparser.ConfigParser()
    entry_points.read(info / "entry_points.txt")
    assert dict(entry_points["console_scripts"]) == {"stylize-video": f"{PACKAGE}.__main__:main"}
    for licence in ("LICENSE", "THIRD_PARTY_NOTICES.md"):
        assert (info / "licenses" / licence).read_bytes() == (ROOT / licence).read_bytes()


IMPORT_ALL = """
import importlib, pkgutil
for module in pkgutil.walk_packages(stylize_video.__path__, "stylize_video."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
found = sorted({"models", "pipeline", "cli", "commands", "errors", "progress", "tests"} & sys.modules.keys())
"""


def test_the_installed_package_imports_itself_by_its_own_name_only(installed: Path) -> None:
    assert _found(IMPORT_ALL, installed) == []


ANSWER = """
from stylize_video.cli import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
slow = {"torch", "av", "cv2", "numpy", "pydantic", "rich"}
found = sorted(slow & sys.modules.keys())
"""


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--help"], ["train", "--help"], ["--version"], ["styles", "--json"]),
        *([], ["--no-such-option"], ["film.mp4", "--max-size", "huge"], ["film.mp4", "--strength", "2"]),
    ],
    ids=" ".join,
)
def test_an_answer_without_a_film_needs_no_slow_library(arguments: list[str], installed: Path) -> None:
    assert _found(ANSWER, installed, *arguments) == []


def test_a_table_needs_only_what_draws_it(installed: Path) -> None:
    assert _found(ANSWER, installed, "styles") == ["rich"]


@pytest.mark.parametrize("arguments", [["no such film.mp4"], ["film.mp4", "--style", "nobody"]], ids=" ".join)
def test_a_mistaken_request_needs_no_torch(arguments: list[str], installed: Path) -> None:
    assert "torch" not in _found(ANSWER, installed, *arguments)


def _found(program: str, installed: Path, *arguments: str) -> list[str]:
    """Run a program with the package as installed; what it leaves in `found`."""
    opening = (
        "import json, sys\n"
        f"sys.path.insert(0, {str(installed)!r})\n"
        "import stylize_video\n"
        f"assert stylize_video.__file__.startswith({str(installed)!r})\n"
    )
    closing = "print(json.dumps(found), file=sys.stderr)\n"
    done = subprocess.run(  # -I: the folder the tests run in is not on the path
        [sys.executable, "-I", "-c", opening + program + closing, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stderr.splitlines()[-1])
    return found
