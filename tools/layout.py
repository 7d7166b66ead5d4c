"""Checks the layout of the source tree: `python -m tools.layout`.

It counts modules per folder, and looks for modules at the root, for packages without a docstring,
and for circular imports. The packages of `mailauth/` are rooms; a room's floor is one above the
highest of those that it imports. Imports for types and in functions count as well.
"""

import ast
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

ROOT = Path(__file__).parents[1]

MOST_MODULES = 25
MORE_MODULES = {"mailauth/imap": 34}  # a module a command group, and its state
AT_THE_ROOT = {"__init__", "__main__", "pytest_plugin"}
ROOMS = 31
FLOORS = 13

Arrows = Mapping[str, set[str]]


class Layout(msgspec.Struct, frozen=True):
    """What was found."""

    folders: dict[str, int]
    floors: list[list[str]]
    arrows: int
    broken: list[str]


def layout(root: Path = ROOT) -> Layout:
    """Look at a tree."""
    modules = _modules(root)
    arrows = {name: _imported(name, file, modules) for name, file in modules.items()}
    rooms = _rooms(arrows)
    folders = _folders(root)
    broken = [
        *_crowded(folders),
        *_loose(root),
        *_silent(root),
        *(f"in a circle: {', '.join(circle)}" for circle in circles(arrows)),
        *(f"rooms in a circle: {', '.join(circle)}" for circle in circles(rooms)),
    ]
    floors = [] if circles(rooms) else _floors(rooms)
    if len(rooms) > ROOMS:
        broken.append(f"{len(rooms)} rooms, more than {ROOMS}")
    if len(floors) > FLOORS:
        broken.append(f"{len(floors)} floors, more than {FLOORS}")
    return Layout(folders, floors, sum(map(len, rooms.values())), broken)


def circles(arrows: Arrows) -> list[list[str]]:
    """Return what imports itself by way of others, circle by circle."""
    reached = {start: _reached(start, arrows) for start in arrows}
    found = {
        tuple(sorted(other for other in reached[start] if start in reached[other]))
        for start in arrows
        if start in reached[start]
    }
    return [list(circle) for circle in sorted(found)]


def _reached(start: str, arrows: Arrows) -> set[str]:
    found: set[str] = set()
    ahead = list(arrows[start])
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += arrows[name]
    return found


def _modules(root: Path) -> dict[str, Path]:
    modules = {}
    for file in sorted((root / "mailauth").rglob("*.py")):
        name = ".".join(file.relative_to(root).with_suffix("").parts)
        modules[name.removesuffix(".__init__")] = file
    return modules


def _imported(name: str, file: Path, modules: Mapping[str, Path]) -> set[str]:
    """Return the modules that a module names; a package's `__init__` is meant by its own names."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module in modules:
            for each in node.names:
                inner = f"{node.module}.{each.name}"
                found.add(inner if inner in modules else node.module)
        elif isinstance(node, ast.Import):
            found |= {each.name for each in node.names if each.name in modules}
    return found - {name}


def _room(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def _rooms(arrows: Arrows) -> dict[str, set[str]]:
    rooms: dict[str, set[str]] = {_room(name): set() for name in arrows}
    for name, imported in arrows.items():
        rooms[_room(name)] |= {_room(each) for each in imported} - {_room(name)}
    return rooms


def _floors(rooms: Arrows) -> list[list[str]]:
    """Return the rooms floor by floor, the lowest first."""
    floors: list[list[str]] = []
    placed: set[str] = set()
    while len(placed) < len(rooms):
        floors.append(sorted(room for room in rooms.keys() - placed if rooms[room] <= placed))
        placed |= set(floors[-1])
    return floors


def _folders(root: Path) -> dict[str, int]:
    counts: dict[str, int] = defaultdict(int)
    for top in ("mailauth", "tests", "tools"):
        for file in (root / top).rglob("*.py"):
            if "node_modules" not in file.parts:
                counts[file.parent.relative_to(root).as_posix()] += 1
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _crowded(folders: Mapping[str, int]) -> Iterator[str]:
    for folder, count in folders.items():
        most = MORE_MODULES.get(folder.replace("tests/", "mailauth/"), MOST_MODULES)
        if count > most:
            yield f"{folder}: {count} modules, more than {most}"


def _loose(root: Path) -> Iterator[str]:
    for file in sorted((root / "mailauth").glob("*.py")):
        if file.stem not in AT_THE_ROOT:
            yield f"loose at the root: {file.relative_to(root)}"


def _silent(root: Path) -> Iterator[str]:
    packages = [file for top in ("mailauth", "tools") for file in (root / top).rglob("__init__.py")]
    for file in sorted(packages):
        if ast.get_docstring(ast.parse(file.read_text("utf-8"))) is None:
            yield f"does not say what lives in it: {file.relative_to(root)}"


def written(found: Layout) -> Iterable[str]:
    """Write it down for people."""
    yield "modules per folder"
    yield from (f"{count:>5}  {folder}" for folder, count in found.folders.items())
    rooms = sum(map(len, found.floors))
    yield f"{rooms} rooms on {len(found.floors)} floors, {found.arrows} arrows"
    for number, floor in reversed(list(enumerate(found.floors, 1))):
        yield f"{number:>5}  {' '.join(floor)}"
    yield from (f"broken: {each}" for each in found.broken)


def main() -> None:
    """Print it, and exit with 1 where a rule is broken."""
    found = layout()
    print("\n".join(written(found)))
    sys.exit(1 if found.broken else 0)


if __name__ == "__main__":
    main()
