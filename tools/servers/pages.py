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
_BLOCK = re.compile(
    r"^(?P<where>.*`(?P<file>/etc/[^`\s]+)`.*)\n\n```\w*\n(?P<text>(?:.*\n)*?)```$", re.MULTILINE
)
_VERSION = re.compile(r"\b\d+\.\d+\b")


class Setting(msgspec.Struct, frozen=True):
    """What a page says to write into a file."""

    file: str
    text: str


def settings(page: str, section: str, version: str | None = None) -> list[Setting]:
    """Return the settings of a section of a page, in their order; none if it has no such.

    Where a line names versions, as in "In `/etc/…` (2.4):", its block is for `version` only.
    """
    parts = _SECTION.split((PAGES / f"{page}.md").read_text())
    found = dict(zip(parts[1::2], parts[2::2], strict=True)).get(section, "")
    return [
        Setting(block["file"], block["text"])
        for block in _BLOCK.finditer(found)
        if version in (versions := _VERSION.findall(block["where"])) or not versions
    ]
