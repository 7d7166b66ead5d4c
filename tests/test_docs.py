"""The documents: each is listed, each link leads somewhere, and the files that they name exist."""

import re
from pathlib import Path

import pytest

import mailauth

ROOT = Path(mailauth.__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [page for page in sorted(DOCS.rglob("*.md")) if "_build" not in page.parts]
OF_CODE = (DOCS / "architecture.md", DOCS / "style.md", ROOT / "CONTRIBUTING.md")

_TOCTREE = re.compile(r"^```\{toctree\}\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"^( *)```.*?^\1```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^()\s]+)\)")
_PATH = re.compile(r"`((?:[\w.-]+/)+(?:[\w.-]+\.(?:md|py|sql|toml|txt))?)`")


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def _listed(page: Path) -> set[Path]:
    """Return the pages that a page lists."""
    found: set[Path] = set()
    for block in _TOCTREE.findall(page.read_text("utf-8")):
        entries = [line for line in block.splitlines() if line and not line.startswith(":")]
        for entry in entries:
            pages = set(page.parent.glob(f"{entry}.md")) - {page}
            assert pages, f"{_name(page)} lists {entry}, which is not there"
            found |= pages
    return found


def test_every_page_is_reached_from_the_first() -> None:
    reached, further = set[Path](), {DOCS / "index.md"}
    while further:
        reached |= further
        further = {page for each in further for page in _listed(each)} - reached
    assert [_name(page) for page in PAGES if page not in reached] == []


@pytest.mark.parametrize("page", [*PAGES, ROOT / "CONTRIBUTING.md"], ids=_name)
def test_every_link_to_a_file_leads_somewhere(page: Path) -> None:
    links = _LINK.findall(_CODE.sub("", page.read_text("utf-8")))
    files = [link.partition("#")[0] for link in links if "://" not in link]
    assert [file for file in files if file and not (page.parent / file).exists()] == []


@pytest.mark.parametrize("page", OF_CODE, ids=_name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    made = ("logs/", ".mailauth/")
    named = [name for name in _PATH.findall(page.read_text("utf-8")) if name not in made]
    places = (ROOT, ROOT / "mailauth")
    assert [name for name in named if not any((place / name).exists() for place in places)] == []


def test_the_architecture_has_a_place_for_every_package() -> None:
    """And in the order of the import contract."""
    text = (DOCS / "architecture.md").read_text("utf-8")
    floors = [
        re.findall(r"`(\w+)`", row) for row in re.findall(r"^\| (`.*?) \|", text, re.MULTILINE)
    ]
    rooms = [room for floor in floors for room in floor]
    contract = (ROOT / "pyproject.toml").read_text("utf-8").partition("layers = [")[2]
    layers = re.findall(r'"([\w| ]+)"', contract.partition("]")[0])
    expected = [layer.split(" | ") for layer in layers if layer != "__main__"]
    assert rooms[: sum(map(len, expected))] == [room for layer in expected for room in layer]
