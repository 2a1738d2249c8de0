"""Styles: bundled ones and files by name, mixtures of both, and what is wrong with a file."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from stylize_video.errors import StylizeVideoError, UnknownStyleError, UsageError, WeightsError
from stylize_video.models import styles, weights
from stylize_video.models.alias_free.method import BUNDLED as ALIAS_FREE
from stylize_video.models.feed_forward import gallery, networks, weights_file
from stylize_video.models.feed_forward.gallery import CanvasGallery
from stylize_video.models.feed_forward.method import FeedForward, FeedForwardOptions
from stylize_video.models.feed_forward.network import CanvasNet
from stylize_video.models.feed_forward.parameters import CanvasParameters, StyleVector
from stylize_video.models.feed_forward.shape import CanvasNetConfig, norms
from stylize_video.models.look import Look
from stylize_video.models.runtimes.devices import CPU
from stylize_video.models.steadying_options import SteadyingOptions
from stylize_video.models.style_spec import parse
from stylize_video.models.styles import Style
from stylize_video.models.weights import file_format
from tests.networks import CANVAS_SHAPE

SHAPE = replace(CANVAS_SHAPE, styles=3)
NAMES = ("monet", "klee", "käthe")


def network(config: CanvasNetConfig = SHAPE, seed: int = 0) -> CanvasNet:
    """A network whose styles differ, with values that half precision holds exactly."""
    torch.manual_seed(seed)
    made = CanvasNet(config).eval()
    own = made.style_parameters()
    state = {
        name: (value + 0.5 * torch.randn_like(value) if name in own else value).half().float()
        for name, value in made.state_dict().items()
    }
    made.load_state_dict(state)
    return made


def entries(*names: str) -> tuple[Style, ...]:
    """Styles of which nothing is known."""
    return tuple(Style(name, name, "", "", "", 0.5, 1.5) for name in names)


def written(path: Path, made: CanvasNet, *names: str) -> Path:
    """A weights file."""
    weights_file.save(path, made, names, {})
    return path


def mixed(made: CanvasNet, *shares: float) -> StyleVector:
    """A network's own styles, so much of each."""
    return CanvasParameters.of(made).mixed(shares)


def alike(spec: str, made: CanvasNet, style: StyleVector) -> None:
    """What is loaded by a spec has a network's convolutions and that style."""
    found = gallery.load(parse(spec))
    assert found.parameters.convolutions == CanvasParameters.of(made).convolutions
    np.testing.assert_allclose(found.style, style, rtol=1e-5, atol=1e-6)


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A file of three styles."""
    return written(tmp_path / "three.safetensors", network(), *NAMES)


def bundled() -> CanvasGallery:
    """The network that new styles start from."""
    return gallery.open_bundled(styles.bundled_network())


def fitted(path: Path, share: float) -> StyleVector:
    """A file as `train` fits it: the bundled network with scales and shifts of its own."""
    torch.manual_seed(0)
    known = bundled().parameters
    style = (known.table[:1] * np.float32(share)).astype(np.float16)
    arrays = {name: torch.from_numpy(array) for name, array in known.arrays.items()}
    for norm in norms(known.config):
        arrays[f"{norm.name}.scale"] = torch.from_numpy(style[:, norm.scales])
        arrays[f"{norm.name}.shift"] = torch.from_numpy(style[:, norm.shifts])
    made = CanvasNet(replace(known.config, styles=1))
    made.load_state_dict(arrays)
    written(path, made, path.stem)
    return style[0].astype(np.float32)


# -- one style --


@pytest.mark.parametrize("kind", styles.SETS)
@pytest.mark.parametrize("name", styles.available())
def test_every_bundled_style_is_its_networks_own(name: str, kind: str) -> None:
    style = styles.available(kind)[name]
    known = ALIAS_FREE if kind == styles.ALIAS_FREE else networks.of_quality(kind)
    opened = gallery.open_bundled(style.weights, known.shape)
    assert style.licence
    assert style.style_distance is None or style.style_distance > 0
    found = gallery.load(parse(name), known)
    np.testing.assert_array_equal(found.style, opened.parameters.table[opened.index(name)])


def test_every_bundled_style_has_a_draft_that_is_a_third_of_the_size_at_most() -> None:
    full, draft = styles.available(), styles.available(styles.DRAFT)
    assert list(full) == list(draft)
    sizes = [
        sum(
            array.size
            for array in gallery.open_bundled(found[styles.DEFAULT].weights).parameters.arrays.values()
        )
        for found in (full, draft)
    ]
    assert sizes[1] < sizes[0] / 3


def test_the_network_that_new_styles_start_from_is_the_default_styles() -> None:
    assert styles.available()[styles.DEFAULT].weights == styles.bundled_network()
    assert styles.DEFAULT in bundled().styles


@pytest.mark.parametrize(("index", "name"), list(enumerate(NAMES)))
def test_a_style_of_a_file_by_name(index: int, name: str, three: Path) -> None:
    alike(f"{three}#{name}", network(), CanvasParameters.of(network()).table[index])


def test_the_only_style_of_a_file_needs_no_name(tmp_path: Path) -> None:
    made = network(replace(SHAPE, styles=1))
    with_comma = written(tmp_path / "a.b,c.safetensors", made, "mine")
    plain = written(tmp_path / "mine.safetensors", made, "mine")
    for spec in (str(with_comma), str(plain), f"{plain}:0.5", f"{plain}#mine", f"{plain}#:2"):
        alike(spec, made, mixed(made, 1.0))


def test_a_file_of_several_styles_asks_for_a_name(three: Path) -> None:
    with pytest.raises(UnknownStyleError) as caught:
        gallery.load(parse(str(three)))
    assert str(caught.value) == f"{three} holds: monet, klee, käthe; ask for e.g. {three}#monet"


@pytest.mark.parametrize("name", ["manet", "Monet", "kandinsky"])
def test_a_name_that_is_not_in_the_file(name: str, three: Path) -> None:
    with pytest.raises(UnknownStyleError, match="holds: monet, klee, käthe"):
        gallery.load(parse(f"{three}#{name}"))


def test_what_a_file_says_is_read_back(tmp_path: Path) -> None:
    provenance = {"torch": "2", "config": {"steps": 1}}
    path = tmp_path / "x.safetensors"
    weights_file.save(path, network(replace(SHAPE, styles=2)), ["a", "b"], provenance)
    opened = gallery.open_file(path)
    assert opened.styles == ("a", "b")
    assert [opened.index(name) for name in ("a", "b")] == [0, 1]
    header = weights.read(path).metadata
    assert json.loads(header["provenance"]) == provenance
    assert header["format"] == file_format.CANVAS
    assert all(value.dtype == torch.float16 for value in load_file(path).values())
    assert [path.name for path in tmp_path.iterdir()] == ["x.safetensors"]


# -- mixtures --


@pytest.mark.parametrize("shares", [(0.2, 0.3, 0.5), (1.0, 0.0, 3.0), (1.0, 1.0, 1.0)])
def test_a_mixture_of_a_files_styles_paints_by_the_vector_of_weights(
    shares: tuple[float, ...], three: Path
) -> None:
    spec = ",".join(f"{three}#{name}:{share}" for name, share in zip(NAMES, shares, strict=True))
    alike(spec, network(), mixed(network(), *(share / sum(shares) for share in shares)))


def test_a_mixture_of_all_bundled_styles_of_a_network() -> None:
    opened = bundled()
    shares = np.arange(1.0, len(opened.styles) + 1)
    spec = ",".join(f"{name}:{share:g}" for name, share in zip(opened.styles, shares, strict=True))
    wanted = opened.parameters.mixed((shares / shares.sum()).tolist())
    np.testing.assert_allclose(gallery.load(parse(spec)).style, wanted, rtol=1e-5, atol=1e-6)


def test_a_bundled_style_and_files_fitted_from_it(tmp_path: Path) -> None:
    opened = bundled()
    kandinsky = opened.parameters.table[opened.index(styles.DEFAULT)]
    x, y = tmp_path / "x.safetensors", tmp_path / "y.safetensors"
    wanted = 0.5 * kandinsky + 0.3 * fitted(x, 0.9) + 0.2 * fitted(y, 1.2)
    for spec in (
        f"{styles.DEFAULT}:5,{x}:3,{y}#y:2",
        f"{y}:0.2,{styles.DEFAULT}:0.5,{x}:0.3",
        f"{x}:0.15,{styles.DEFAULT}:0.5,{y}:0.2,{x}:0.15",
    ):
        np.testing.assert_allclose(gallery.load(parse(spec)).style, wanted, rtol=1e-4, atol=1e-5)


def test_a_mixture_of_a_style_with_itself_is_the_style(three: Path) -> None:
    alike(f"{three}#klee,{three}#klee:7", network(), mixed(network(), 0, 1, 0))


@pytest.mark.parametrize("other", [network(seed=1), network(replace(SHAPE, eighth_blocks=3))])
def test_styles_of_other_networks_cannot_be_mixed(other: CanvasNet, three: Path) -> None:
    path = written(three.with_name("other.safetensors"), other, *NAMES)
    spec = f"{three}#monet:0.6,{path}#klee:0.4"
    with pytest.raises(UsageError, match="can't be mixed, their networks' convolutions differ") as caught:
        gallery.load(parse(spec))
    assert repr(spec) in str(caught.value)


def test_a_file_of_another_network_cannot_be_mixed_with_a_bundled_style(three: Path) -> None:
    with pytest.raises(UsageError, match="can't be mixed"):
        gallery.load(parse(f"{styles.DEFAULT}:0.6,{three}#klee:0.4"))


# -- what is refused before torch is needed --


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("kandinski", "did you mean 'kandinsky'?"),
        ("KANDINSKY", "did you mean 'kandinsky'?"),
        ("zzz", "there are: kandinsky"),
        ("kandinsky:0.5,zzz:0.5", "no style called 'zzz'"),
        ("kandinsky:0.5,x.safetensors", "x.safetensors: no such weights file"),
        ("x.safetensors#monet", "x.safetensors: no such weights file"),
        ("kandinsky:much", "'much'"),
        ("", "without a name"),
    ],
)
def test_a_spec_is_checked_without_torch(
    spec: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    if "there are" in message:
        message = f"there are: {', '.join(styles.available())}"
    for step in (styles.check, gallery.load):
        with pytest.raises(UsageError) as caught:
            step(parse(spec))
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)


def test_checking_imports_no_torch() -> None:
    code = (
        "import sys; from stylize_video.models import styles;"
        "from stylize_video.models.style_spec import parse; styles.check(parse('kandinsky:1,kandinsky'));"
        "sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_picture_is_no_network(tmp_path: Path) -> None:
    picture = tmp_path / "x.jpg"
    picture.touch()
    styles.check(parse(str(picture)))  # though it is a style
    for spec in (str(picture), f"kandinsky,{picture}"):
        with pytest.raises(UsageError, match=r"x\.jpg: a picture is no trained network; train one"):
            gallery.load(parse(spec))
    with pytest.raises(UnknownStyleError, match=r"missing\.jpg: no such picture"):
        gallery.load(parse(str(tmp_path / "missing.jpg")))


def test_names_that_only_other_weights_know(tmp_path: Path) -> None:
    styles.check(parse("red,blue:2"), names=False)
    with pytest.raises(UnknownStyleError, match=r"missing\.safetensors: no such weights file"):
        styles.check(parse("red,missing.safetensors"), names=False)


def test_a_folder_is_no_weights_file(tmp_path: Path) -> None:
    (tmp_path / "x.safetensors").mkdir()
    with pytest.raises(UnknownStyleError, match="no such weights file"):
        styles.check(parse(str(tmp_path / "x.safetensors")))


# -- damaged files --


def rewritten(path: Path, change: Callable[[dict[str, str], dict[str, Tensor]], Any]) -> Path:
    """The file with another header or other tensors."""
    header, tensors = dict(weights.read(path).metadata), load_file(path)
    change(header, tensors)
    save_file(tensors, path, header)
    return path


def set_shape(**values: object) -> Callable[[dict[str, str], object], None]:
    """Another shape in the header."""

    def change(header: dict[str, str], _: object) -> None:
        header["shape"] = json.dumps({**json.loads(header["shape"]), **values})

    return change


FIT_NOT = "tensors that don't fit its own header; train again"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, _: h.update(format="stylize-video transform-net 1"), "transform-net 1', this version"),
        (lambda h, _: h.update(format="another program's"), 'made for "another program\'s"'),
        (lambda h, _: h.clear(), "made for 'something else'"),
        (lambda h, _: h.pop("shape"), FIT_NOT),
        (lambda h, _: h.update(shape="{"), FIT_NOT),
        (lambda h, _: h.update(shape="[]"), FIT_NOT),
        (set_shape(styles=2), FIT_NOT),
        (set_shape(styles=0), FIT_NOT),
        (set_shape(styles="3"), FIT_NOT),
        (set_shape(eighth_blocks=3), FIT_NOT),
        (set_shape(eighth_blocks=2.0), FIT_NOT),
        (set_shape(colours=3), FIT_NOT),
        (lambda h, _: h.pop("styles"), FIT_NOT),
        (lambda h, _: h.update(styles="[]"), FIT_NOT),
        (lambda h, _: h.update(styles="3"), FIT_NOT),
        (lambda h, _: h.update(styles='["monet", "klee", 3]'), FIT_NOT),
        (lambda h, _: h.update(styles="null"), FIT_NOT),
        (lambda h, _: h.update(styles=json.dumps([{"name": "a"}] * 3)), FIT_NOT),
        (lambda h, _: h.update(styles=json.dumps(json.loads(h["styles"])[:2])), FIT_NOT),
        (lambda h, _: h.update(styles=json.dumps(json.loads(h["styles"]) * 2)), FIT_NOT),
        (lambda _, t: t.pop("last.weight"), FIT_NOT),
        (lambda _, t: t.update(more=torch.ones(1)), FIT_NOT),
        (lambda _, t: t.update({"last.weight": torch.ones(3)}), FIT_NOT),
    ],
)
def test_a_file_that_is_not_what_it_says(
    change: Callable[[dict[str, str], dict[str, Tensor]], Any], message: str, three: Path
) -> None:
    rewritten(three, change)
    with pytest.raises(WeightsError) as caught:
        gallery.load(parse(f"{three}#monet"))
    assert str(three) in str(caught.value)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_without_a_header_and_one_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    save_file({"a": torch.ones(1)}, path)
    with pytest.raises(WeightsError, match="made for 'something else', this version reads"):
        gallery.load(parse(str(path)))
    path.write_bytes(b"no weights")
    with pytest.raises(WeightsError, match="no safetensors file"):
        gallery.load(parse(str(path)))


# -- the manifest --


@pytest.fixture
def manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Write another manifest: files by name, each with the names of its styles."""

    def write(**files: list[str]) -> None:
        found = {name: {"styles": [asdict(style) for style in entries(*of)]} for name, of in files.items()}
        (tmp_path / "manifest.json").write_text(json.dumps({"weights": found}), "utf-8")

    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    weights.manifest.cache_clear()
    yield write
    weights.manifest.cache_clear()


@pytest.mark.parametrize("files", [{"x": ["a", "b"], "y": ["b"]}, {"x": ["b", "b"]}], ids=str)
def test_two_bundled_styles_of_one_name(files: dict[str, list[str]], manifest: Callable[..., None]) -> None:
    manifest(**files)
    with pytest.raises(WeightsError, match="two bundled styles called 'b' in the manifest; install again"):
        styles.available()


def test_a_manifest_without_the_default_style(manifest: Callable[..., None]) -> None:
    manifest(x=["a", "b"], y=[])
    assert {name: style.weights for name, style in styles.available().items()} == {"a": "x", "b": "x"}
    with pytest.raises(WeightsError, match=f"no style called '{styles.DEFAULT}'; install again"):
        styles.bundled_network()


@pytest.fixture
def studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Two bundled styles, and a draft of one of them."""
    made = {
        "full": (network(replace(SHAPE, styles=2)), ["red", "blue"], {}),
        "small": (network(replace(CANVAS_SHAPE, full_channels=2)), ["red"], {"draft_of": "full"}),
    }
    told = {}
    for name, (held, of, more) in made.items():
        data = written(tmp_path / f"{name}.safetensors", held, *of).read_bytes()
        known = {"file": f"{name}.safetensors", "sha256": hashlib.sha256(data).hexdigest()}
        told[name] = {**known, **more, "styles": [asdict(style) for style in entries(*of)]}
    (tmp_path / "manifest.json").write_text(json.dumps({"weights": told}), "utf-8")
    monkeypatch.setattr(weights, "FOLDER", tmp_path)
    weights.manifest.cache_clear()
    yield tmp_path
    weights.manifest.cache_clear()


def test_a_draft_is_another_network_of_the_same_style(studio: Path) -> None:
    assert list(styles.available()) == ["red", "blue"]
    assert list(styles.available(styles.DRAFT)) == ["red"]
    full, draft = (gallery.load(parse("red"), n).parameters for n in (networks.FULL, networks.DRAFT))
    assert (full.config.full_channels, draft.config.full_channels) == (CANVAS_SHAPE.full_channels, 2)
    method = FeedForward()
    look = Look(parse("red"))
    plan = method.plan(look, look.style, FeedForwardOptions("draft"), SteadyingOptions())
    painter = plan.build(CPU)
    np.testing.assert_array_equal(painter.style, gallery.load(parse("red"), networks.DRAFT).style)
    assert len(painter.style) != len(gallery.load(parse("red")).style)


def test_a_style_without_a_draft_is_refused_and_a_file_of_ones_own_has_its_own_network(studio: Path) -> None:
    method, draft = FeedForward(), FeedForwardOptions("draft")
    for spec in ("blue", "red:0.5,blue:0.5"):
        with pytest.raises(UsageError, match="blue: no network of quality draft is bundled; leave `quality`"):
            method.check(parse(spec), draft)
    mine = written(studio / "mine.safetensors", network(), *NAMES)
    method.check(parse(f"{mine}#klee"), draft)
    alike(f"{mine}#klee", network(), gallery.load(parse(f"{mine}#klee"), networks.DRAFT).style)
    with pytest.raises(UsageError, match="no quality called 'rough'; there are: full, draft"):
        FeedForwardOptions("rough")


def test_the_checksums_of_all_that_a_spec_needs(three: Path) -> None:
    bundled_name = styles.bundled_network()
    known = weights.manifest()[bundled_name]["sha256"]
    own = hashlib.sha256(three.read_bytes()).hexdigest()
    assert styles.checksums(parse(styles.DEFAULT)) == {bundled_name: known}
    assert (
        hashlib.sha256((weights.FOLDER / weights.manifest()[bundled_name]["file"]).read_bytes()).hexdigest()
        == known
    )
    spec = f"{three}#monet:2,{styles.DEFAULT},{three}#klee"
    assert styles.checksums(parse(spec)) == {str(three): own, bundled_name: known}


# -- writing --


def test_a_file_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "folder.safetensors").mkdir()
    for place, reason in (
        ("missing/x.safetensors", "No such file or directory"),
        ("file/x.safetensors", "Not a directory"),
        ("folder.safetensors", "Is a directory"),
        ("x" * 300, "File name too long"),
    ):
        with pytest.raises(StylizeVideoError, match=reason):
            written(tmp_path / place, network(), *NAMES)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.safetensors"]


@pytest.mark.parametrize(("owner", "step"), [(os, "fsync"), (Path, "replace")])
def test_a_failed_write_leaves_the_old_file(
    owner: object, step: str, three: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = three.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(owner, step, fail)
    with pytest.raises(StylizeVideoError, match=r"three\.safetensors: can't be written \(No space left"):
        written(three, network(seed=1), *NAMES)
    monkeypatch.undo()
    assert three.read_bytes() == before
    assert [path.name for path in three.parent.iterdir()] == [three.name]


def test_loading_a_painter_compiles_nothing() -> None:
    """To look at its shapes on "meta" brought torch's compiler, more than a second of each start."""
    code = (
        "import sys; from stylize_video.models.feed_forward import blank_canvas;"
        "from stylize_video.models.wct import weights_file as wct_weights;"
        "from stylize_video.models.style_spec import parse;"
        "blank_canvas.load(parse('kandinsky')); wct_weights.open_bundled();"
        "sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
