"""Who imports whom: every import between the project's modules, and docs/house.svg, the picture of them.

`python tests/imports.py` draws the picture; tests/test_house.py checks the rules, and that the picture is up to date.
"""

from __future__ import annotations

import ast
import html
import sys
from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar

ROOT = Path(__file__).resolve().parent.parent
PICTURE = ROOT / "docs" / "house.svg"
ROOMS = ("core", "corpora", "tasks", "n2m")
Node = TypeVar("Node", bound=Hashable)


class Module(NamedTuple):
    """name: with dots, of a package its own; about: the first line of its docstring; tree: its parsed source."""

    name: str
    path: Path
    about: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The folder it is in, with slashes; run.py is a room of its own."""
        return self.path.relative_to(ROOT).parent.as_posix() if self.name != "run" else "run.py"


class Import(NamedTuple):
    """imported: its name, with dots; when: "now", "late" (inside a function) or "typing" (for type checkers only)."""

    importer: str
    imported: str
    when: str


def modules() -> dict[str, Module]:
    """Every module of the project by its name; an empty __init__.py is none."""
    found = {}
    for path in [ROOT / "run.py", *sorted(p for room in ROOMS for p in (ROOT / room).rglob("*.py"))]:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        parts = path.relative_to(ROOT).with_suffix("").parts
        if path.name != "__init__.py" or tree.body:
            name = ".".join(parts).removesuffix(".__init__")
            found[name] = Module(name, path, (ast.get_docstring(tree) or "").split("\n")[0], tree)
    return found


def imports(module: Module, known: Mapping[str, object]) -> Iterator[Import]:
    """All imports of a module, other packages' included; relative ones are an error.

    `from package import module` is an import of the module, not of the package around it.
    """
    def walk(node: ast.AST, when: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(module.name, alias.name, when) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                if child.level:
                    raise ValueError(f"{module.path}:{child.lineno}: relative import")
                for alias in child.names:
                    whole = f"{child.module}.{alias.name}"
                    yield Import(module.name, whole if whole in known else child.module or "", when)
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from walk(child, "typing")
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                yield from walk(child, "late" if when == "now" else when)
            else:
                yield from walk(child, when)
    return walk(module.tree, "now")


def graph(known: Mapping[str, Module], *when: str) -> dict[str, set[str]]:
    """For each module those of the project that it imports; when: of these kinds only, otherwise all."""
    return {name: {found.imported for found in imports(module, known)
                   if found.imported in known and found.imported != name and (not when or found.when in when)}
            for name, module in known.items()}


def reachable(edges: Mapping[Node, set[Node]], start: Node) -> set[Node]:
    """What can be reached from here along the edges; the start only where a circle leads back to it."""
    found: set[Node] = set()
    waiting = list(edges.get(start, ()))
    while waiting:
        if (node := waiting.pop()) not in found:
            found.add(node)
            waiting += edges.get(node, ())
    return found


def circles(edges: Mapping[Node, set[Node]]) -> list[set[Node]]:
    """The largest sets of nodes of which each leads to each other, over whatever way."""
    beyond = {node: reachable(edges, node) for node in edges}
    found = {frozenset({other for other in beyond[node] if node in beyond.get(other, ())})
             for node in edges if node in beyond[node]}
    return [set(circle) for circle in found]


def without_torch(known: Mapping[str, Module]) -> set[str]:
    """Those modules whose import loads no torch."""
    now = graph(known, "now")
    heavy = {name for name, module in known.items()
             if any(found.imported.split(".")[0] == "torch" and found.when == "now"
                    for found in imports(module, known))}
    return {name for name in known if not ({name} | reachable(now, name)) & heavy}


# The picture


def layers(edges: Mapping[Node, set[Node]]) -> list[list[Node]]:
    """Nodes row by row, each above all that it leads to; those of a circle share a row."""
    beyond = {node: reachable(edges, node) for node in edges}
    height: dict[Node, int] = {}

    def measure(node: Node) -> int:
        if node not in height:
            below = [n for n in beyond[node] if n in edges and node not in beyond[n]]
            height[node] = 1 + max(map(measure, below), default=-1)
        return height[node]

    rows: dict[int, list[Node]] = defaultdict(list)
    for node in edges:
        rows[measure(node)].append(node)
    return [rows[n] for n in sorted(rows, reverse=True)]


def among(edges: Mapping[str, set[str]], group: Mapping[str, str]) -> dict[str, set[str]]:
    """The edges between groups, where `group` says which one each node is in."""
    found: dict[str, set[str]] = {name: set() for name in group.values()}
    for node, others in edges.items():
        for other in others:
            if node in group and other in group and group[node] != group[other]:
                found[group[node]].add(group[other])
    return found


COLOURS = {".paper": ("fill", "#ffffff", "#0d1117"), ".room": ("fill", "#f6f8fa", "#151b23"),
           ".inner": ("fill", "#e6ebf1", "#262c36"), ".file rect": ("fill", "#ffffff", "#0d1117"),
           ".room, .file rect": ("stroke", "#a0aab5", "#59636e"), "text": ("fill", "#1f2328", "#f0f6fc"),
           ".about": ("fill", "#59636e", "#9198a1"), ".arrow": ("stroke", "#0969da", "#4493f8"),
           "#head path": ("fill", "#0969da", "#4493f8")}
FONTS = """text { font: 12px ui-sans-serif, system-ui, sans-serif } .name { font-weight: 600; font-size: 14px }
.file text { font-family: ui-monospace, monospace } .about { font-weight: 400; font-size: 12px }
.arrow { stroke-width: 1.6; fill: none }"""
LIGHT, DARK = ("\n".join(f"{what} {{ {colours[0]}: {colours[number]} }}" for what, colours in COLOURS.items())
               for number in (1, 2))
STYLE = f"{FONTS}\n{LIGHT}\n@media (prefers-color-scheme: dark) {{\n{DARK}\n}}"
ABOUT = {"run.py": "the command line", "n2m": "the library", "tasks": "the types of tasks",
         "corpora": "from a source to examples", "core": "parts, models, search, training"}
WIDTH, MARGIN, GAP, PAD, CHIP = 1040, 40, 44, 12, 22


class Box(NamedTuple):
    """What is drawn for a room: parts, relative to its upper left corner, and its size."""

    parts: list[str]
    width: float
    height: float


def chips(known: Mapping[str, Module], edges: Mapping[str, set[str]], names: list[str], width: float) -> Box:
    """The files of a room, each above those that it imports."""
    parts, y = [], 0.0
    own = {name: edges[name] & set(names) for name in names}
    for row in layers(own):
        x = 0.0
        for name in sorted(row):
            module = known[name]
            label = module.path.name if module.path.name != "run.py" else "run.py"
            wide = 7.4 * len(label) + 12
            if x and x + wide > width:
                x, y = 0.0, y + CHIP + 4
            parts.append(f'<g class="file" data-module="{name}"><title>{html.escape(module.about)}</title>'
                         f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{CHIP}" rx="4"/>'
                         f'<text x="{x + 6:g}" y="{y + 15:g}">{label}</text></g>')
            x += wide + 6
        y += CHIP + 8
    return Box(parts, width, y - 8)


def moved(parts: list[str], x: float, y: float) -> str:
    return f'<g transform="translate({x:g} {y:g})">' + "\n".join(parts) + "</g>"


def arrow(start: str, end: str, path: str) -> str:
    return f'<path class="arrow" marker-end="url(#head)" data-from="{start}" data-to="{end}" d="{path}"/>'


def room_box(known: Mapping[str, Module], edges: Mapping[str, set[str]], room: str, width: float) -> Box:
    """A room with its inner ones, each above those that it imports, and arrows between them."""
    group = {name: module.room for name, module in known.items() if module.room.split("/")[0] == room}
    between = among(edges, group)
    rows = [part for row in layers(between) for part in
            ([[name] for name in sorted(row)] if any(between[name] & set(row) for name in row) else [row])]
    boxes: dict[str, tuple[float, float, float, float]] = {}
    parts, y = [], 34.0
    # Arrows that pass a row run along the right side.
    lanes = sum(abs(_row(rows, end) - _row(rows, start)) != 1 for start in between for end in between[start])
    inside = width - 2 * PAD - (16 + 8 * lanes if lanes else 0)
    for row in rows:
        wide = (inside - (len(row) - 1) * PAD) / len(row)
        tallest = 0.0
        for number, name in enumerate(sorted(row)):
            inner = len(between) > 1
            files = chips(known, edges, [n for n in known if group.get(n) == name], wide - (2 * PAD if inner else 0))
            x, top = PAD + number * (wide + PAD), 28 if inner else 0
            high = files.height + (top + PAD if inner else 0)
            if inner:
                label = name if name != room else f"{room}/"
                parts.append(f'<rect class="inner" x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" rx="6"/>'
                             f'<text class="about" x="{x + PAD:g}" y="{y + 19:g}">{label}</text>')
            parts.append(moved(files.parts, x + (PAD if inner else 0), y + top))
            boxes[name] = (x, y, wide, high)
            tallest = max(tallest, high)
        y += tallest + (26 if inner else PAD)
    lane = 0
    for start in between:
        for end in sorted(between[start]):
            (x, top, wide, high), (other_x, other_top, other_wide, other_high) = boxes[start], boxes[end]
            step, here = _row(rows, end) - _row(rows, start), (x if wide < other_wide else other_x) + min(wide,
                                                                                                         other_wide) / 2
            if step == 1:
                parts.append(arrow(start, end, f"M{here:g} {top + high:g} V{other_top - 7:g}"))
            elif step == -1:
                parts.append(arrow(start, end, f"M{here + 60:g} {top:g} V{other_top + other_high + 7:g}"))
            else:  # past the rooms between them
                lane += 1
                side = width - PAD - 4 - 8 * (lanes - lane)
                parts.append(arrow(start, end, f"M{x + wide:g} {top + high - 8 * lane:g} H{side:g} "
                                               f"V{other_top + 8 * lane:g} H{other_x + other_wide + 7:g}"))
    return Box(parts, width, y - (26 if len(between) > 1 else PAD) + PAD)


def _row(rows: list[list[str]], name: str) -> int:
    return next(n for n, row in enumerate(rows) if name in row)


def drawing() -> str:
    """The picture as SVG text."""
    known = modules()
    edges = graph(known)
    group = {name: module.room.split("/")[0] for name, module in known.items()}
    between = among(edges, group)
    rows = layers(between)
    parts, boxes, y = [], {}, 24.0
    for row in rows:
        wide = (WIDTH - 2 * MARGIN - (len(row) - 1) * GAP) / len(row)
        drawn = {name: room_box(known, edges, name, wide) for name in sorted(row, reverse=True)}
        for number, (name, box) in enumerate(drawn.items()):
            x = MARGIN + number * (wide + GAP)
            parts.append(f'<g class="house-room" data-room="{name}" transform="translate({x:g} {y:g})">'
                         f'<rect class="room" width="{wide:g}" height="{box.height:g}" rx="8"/>'
                         f'<text class="name" x="{PAD}" y="22">{name}<tspan class="about" dx="8">'
                         f'{ABOUT.get(name, "")}</tspan></text>' + "\n".join(box.parts) + "</g>")
            boxes[name] = (x, y, wide, box.height)
        y += max(box.height for box in drawn.values()) + GAP
    for start in between:
        for end in sorted(between[start]):
            (x, top, wide, high), (other_x, other_top, other_wide, _) = boxes[start], boxes[end]
            if _row(rows, end) == _row(rows, start) + 1:
                here = (x if wide < other_wide else other_x) + min(wide, other_wide) / 2
                parts.append(arrow(start, end, f"M{here:g} {top + high:g} V{other_top - 7:g}"))
            elif not x <= WIDTH / 2 <= x + wide or len(rows[_row(rows, start) + 1]) % 2:  # along the left side
                parts.append(arrow(start, end, f"M{x:g} {top + high / 2:g} H{MARGIN / 2:g} V{other_top + 20:g} "
                                               f"H{other_x - 7:g}"))
            else:  # between the two columns below it
                parts.append(arrow(start, end, f"M{WIDTH / 2:g} {top + high:g} V{other_top - 7:g}"))
    high = y - GAP + 24
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {high:g}" width="{WIDTH}" '
            f'height="{high:g}" role="img" aria-label="The rooms of n2m and who imports whom">\n'
            f"<style>{STYLE}</style>\n<defs><marker id=\"head\" viewBox=\"0 0 8 8\" refX=\"2\" refY=\"4\" "
            'markerWidth="9" markerHeight="9" markerUnits="userSpaceOnUse" orient="auto">'
            '<path d="M0 0 L8 4 L0 8 Z"/></marker></defs>\n'
            f'<rect class="paper" width="{WIDTH}" height="{high:g}"/>\n' + "\n".join(parts) + "\n</svg>\n")


def structure(picture: str) -> set[tuple[str, ...]]:
    """What a picture says, whatever it looks like: its rooms, files and arrows."""
    from xml.etree import ElementTree
    return {tuple(f"{key}={value}" for key, value in sorted(node.attrib.items()) if key.startswith("data-"))
            for node in ElementTree.fromstring(picture).iter()} - {()}


if __name__ == "__main__":
    PICTURE.write_text(drawing(), encoding="utf-8")
    print(f"{PICTURE.relative_to(ROOT)}: drawn")
    for found in circles(graph(modules())):
        print(f"circle: {', '.join(sorted(found))}")
        sys.exit(1)
