"""The settings that docs/servers/ tells administrators to make: they are tried as written.

A block of a section belongs to the file that the paragraph before it names: "In `/etc/…`:".
"""

import re
from pathlib import Path

import msgspec

PAGES = Path(__file__).parents[2] / "docs" / "servers"
BETTER = "A better log"
STRICT = "Refuse logins in the clear"

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_BLOCK = re.compile(r"`(/etc/[^`\s]+)`[^`]*?\n\n```\w*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


class Setting(msgspec.Struct, frozen=True):
    """What a page says to write into a file."""

    file: str
    text: str


def settings(page: str, section: str) -> list[Setting]:
    """Return the settings of a section of a page, in their order; none if it has no such."""
    parts = _SECTION.split((PAGES / f"{page}.md").read_text())
    found = dict(zip(parts[1::2], parts[2::2], strict=True)).get(section, "")
    return [Setting(file, text) for file, text in _BLOCK.findall(found)]
