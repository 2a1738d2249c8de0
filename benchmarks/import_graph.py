#!/usr/bin/env python3
"""Draws who imports whom, by folders, and finds circles and arrows that point up.

    python benchmarks/import_graph.py            # the drawing, as CONTRIBUTING.md holds it
    python benchmarks/import_graph.py --write    # put it there
    python benchmarks/import_graph.py --files pipeline.sources pipeline.sinks    # which files make that arrow

A folder of modules is one node; files that lie directly in the repository, in `models/` or in `pipeline/`
stand for themselves. Every import counts, also one inside a function or for types alone. Nothing is
imported to find out: the files are only parsed.
"""

from __future__ import annotations

import argparse
import ast
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "stylize_video"
CONTRIBUTING = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- import graph: begin -->", "<!-- import graph: end -->"
OUTSIDE = ("tests", "benchmarks", "samples", "docs")  # not part of the product
OPEN_FOLDERS = ("models", "pipeline")  # whose files stand for themselves

# From the top of the house to its foundations: a floor's name, and which nodes stand on it. The first that
# fits counts. An arrow may point down, or to a node on the same floor.
FLOORS = (
    ("program", ("cli", "entry", "__main__", "__init__")),
    ("commands", ("commands*",)),
    ("jobs", ("pipeline.jobs*", "pipeline.live*", "pipeline.scoring*", "pipeline.web*")),
    (
        "rooms",
        (
            "pipeline.sources", "pipeline.sinks", "pipeline.carried", "pipeline.stages",
            "pipeline.verification", "pipeline.segments", "pipeline.delivery", "pipeline.runner",
            "pipeline.transfer", "pipeline.plane_transfer", "models*",
        ),
    ),
    ("ground", ("pipeline*",)),
    ("files and pictures", ("pictures", "files")),
    ("foundations", ("process", "errors", "option")),
)  # fmt: skip

Graph = Mapping[
    str, Mapping[str, frozenset[tuple[str, str]]]
]  # node -> node -> (importing, imported) modules


def modules(root: Path = ROOT) -> dict[str, Path]:
    """The product's modules by name without the package's: "pipeline.sinks.muxer"; a package has its own."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        if parts[0] in OUTSIDE or any(part.startswith((".", "build")) for part in parts):
            continue
        name = ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)
        found[name] = path
    return found


def imports(path: Path, known: Mapping[str, Path]) -> Iterator[str]:
    """Names of the product's modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith(f"{PACKAGE}."):
                inner = name.removeprefix(f"{PACKAGE}.")
                if inner not in known:  # something in a module, not the module itself
                    inner = inner.rpartition(".")[0]
                if inner in known:
                    yield inner


def outside(path: Path) -> Iterator[str]:
    """What a file imports, by its first name: "av"; of this package by its folder: "pipeline"."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names = [node.module]
        for name in names:
            yield name.removeprefix(f"{PACKAGE}.").partition(".")[0]


def node_of(module: str, known: Mapping[str, Path]) -> str:
    """The node that stands for a module."""
    if known[module].name == "__init__.py":
        return module
    folder = module.rpartition(".")[0]
    return module if folder in ("", *OPEN_FOLDERS) else folder


def graph(root: Path = ROOT) -> Graph:
    """Every node with what it imports. A node that imports nothing is there too."""
    known = modules(root)
    arrows: dict[str, dict[str, set[tuple[str, str]]]] = defaultdict(lambda: defaultdict(set))
    for name, path in known.items():
        node = node_of(name, known)
        _ = arrows[node]
        for imported in imports(path, known):
            other = node_of(imported, known)
            if other != node:
                arrows[node][other].add((name, imported))
    return {
        node: {other: frozenset(arrow) for other, arrow in others.items()} for node, others in arrows.items()
    }


def circles(found: Graph) -> list[list[str]]:
    """Sets of nodes that import each other, directly or by way of others; sorted (Tarjan 1972)."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    components: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(found.get(node, {})):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            place = stack.index(node)
            component = sorted(stack[place:])
            del stack[place:]
            if len(component) > 1:
                components.append(component)

    for node in sorted(found):
        if node not in index:
            visit(node)
    return sorted(components)


def floor_of(node: str) -> int:
    """The number of a node's floor; 0 is the top."""
    for number, (_, patterns) in enumerate(FLOORS):
        for pattern in patterns:
            stem = pattern.removesuffix("*")
            if node == stem or (pattern.endswith("*") and node.startswith(f"{stem}.")):
                return number
    raise ValueError(f"{node} stands on no floor; give it one in FLOORS")


def arrows_up(found: Graph) -> list[tuple[str, str]]:
    """Pairs (node, what it imports) of which the second stands above the first, or where models know more."""
    return sorted(
        (node, other)
        for node, others in found.items()
        for other in others
        if floor_of(other) < floor_of(node)
        or (node.startswith("models") and other.startswith(("pipeline", "commands")))
    )


def drawing(found: Graph) -> str:
    """The graph as a mermaid drawing, a box a floor; arrows that follow from others are left out."""
    lines = ["```mermaid", "flowchart TD"]
    nodes = {_box(node) for node in found} - {"__init__"}
    reduced = _reduced(
        {(_box(a), _box(b)) for a, others in found.items() for b in others if _box(a) != _box(b)}
    )
    for number, (title, _) in enumerate(FLOORS):
        members = sorted(node for node in nodes if floor_of(node) == number)
        if members:
            lines.append(f'    subgraph floor{number}["{title}"]')
            lines += [f"        {_id(node)}[{_label(node)}]" for node in members]
            lines.append("    end")
    lines += [f"    {_id(a)} --> {_id(b)}" for a, b in sorted(reduced)]
    return "\n".join([*lines, "```"])


def _box(node: str) -> str:
    """The box that a node is drawn in: folders of folders as one, files of the ground each by itself."""
    top, *rest = node.split(".")
    if top == "commands":
        return top
    return ".".join([top, *rest[:1]])


def _reduced(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """Without the arrows that a longer way of arrows stands for."""
    ahead: dict[str, set[str]] = defaultdict(set)
    for a, b in arrows:
        ahead[a].add(b)

    def reaches(start: str, goal: str) -> bool:
        seen, todo = {start}, [other for other in ahead[start] if other != goal]
        while todo:
            node = todo.pop()
            if node == goal:
                return True
            if node not in seen:
                seen.add(node)
                todo += ahead.get(node, ())
        return False

    return {(a, b) for a, b in arrows if not reaches(a, b)}


def _id(node: str) -> str:
    return node.replace(".", "_").replace("__main__", "main_module")


def _label(node: str) -> str:
    is_folder = (ROOT / node.replace(".", "/")).is_dir()
    return f'"{node.replace(".", "/")}{"/" if is_folder else ".py"}"'


def write(found: Graph, path: Path = CONTRIBUTING) -> None:
    """Put the drawing between its two marks in a file."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n{drawing(found)}\n{END}{after}", encoding="utf-8")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true", help="put the drawing into CONTRIBUTING.md")
    parser.add_argument("--files", nargs=2, metavar=("FROM", "TO"), help="list the imports of one arrow")
    arguments = parser.parse_args()
    found = graph()
    if arguments.files:
        one, other = arguments.files
        for importing, imported in sorted(found.get(one, {}).get(other, ())):
            print(f"{importing} imports {imported}")
        return 0
    if arguments.write:
        write(found)
    else:
        print(drawing(found))
    for circle in circles(found):
        print(f"circle: {', '.join(circle)}", file=sys.stderr)
    for one, other in arrows_up(found):
        print(f"arrow up: {one} -> {other}", file=sys.stderr)
    return int(bool(circles(found) or arrows_up(found)))


if __name__ == "__main__":
    raise SystemExit(main())
