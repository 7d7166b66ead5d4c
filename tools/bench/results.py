"""RESULTS.md: a section for each benchmark, replaced when it is measured anew."""

import re

_TITLE = """# What was measured

Written by `scripts/bench --write`; run it to see what your machine makes of it.
"""


def with_section(text: str, name: str, section: str) -> str:
    """Return the text with this section in place of the one of the same name, or at the end."""
    new = f"## {name}\n\n{section.strip()}\n"
    old = re.compile(rf"^## {re.escape(name)}\n.*?(?=^## |\Z)", re.DOTALL | re.MULTILINE)
    text = text or _TITLE
    if old.search(text):
        return old.sub(lambda _: f"{new}\n", text).rstrip("\n") + "\n"
    return f"{text.rstrip()}\n\n{new}"


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table with numbers aligned to the right."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
