"""The verdicts of a gauntlet as a self-contained HTML page."""

from collections.abc import Sequence
from pathlib import Path

import jinja2

from mailauth.kit.gauntlet.judging import Judgement

_pages = jinja2.Environment(
    loader=jinja2.ChoiceLoader(
        [
            jinja2.PackageLoader("mailauth.kit.gauntlet", "pages"),
            jinja2.PackageLoader("mailauth.report", "pages"),
        ]
    ),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)


def write_page(judgements: Sequence[Judgement], command: str | None, file: Path) -> None:
    """Write the page. Raises `OSError`."""
    page = _pages.get_template("gauntlet.html").render(
        title="Gauntlet",
        judgements=judgements,
        command=command,
        failed=sum(not judgement.passed for judgement in judgements),
    )
    file.write_text(page, encoding="utf-8")
