"""Texts, docstrings, comments and documents are plain English."""

import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

import mailauth

ROOT = Path(mailauth.__file__).parents[1]
CODE = tuple(
    path
    for top in ("mailauth", "tools")
    for path in sorted((ROOT / top).iterdir())
    if path.suffix == ".py" or (path / "__init__.py").is_file()
)
TEXTS = (
    *sorted((ROOT / "mailauth" / "web" / "templates").iterdir()),
    *sorted((ROOT / "mailauth" / "report" / "sql").iterdir()),
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "CONTRIBUTING.md",
    ROOT / "README.md",
)

_NOT_PLAIN = re.compile(
    r"(?<!there )\bis no\b(?! longer| initial response)"  # "is not"; a term of SASL
    r"|(?<!pipelined-)(?<!left )\bbehind\b(?! PREAUTH)"  # "after"; the record keeps its words
    r"|\bwho(?:m|se)?ever\b"  # a noun
    r"|\balone\b(?<!left alone)"  # "only"
    r"|\bstands? (?:at|before|below|beside|in|last|on|there|twice)\b"  # "is"
    r"|\btak(?:es?|ing) leave\b|\bcan(?:not)? be had\b|\bin vain\b|\bunasked\b",
    re.IGNORECASE,
)
_WORDS = (tokenize.STRING, tokenize.COMMENT)


def _name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("top", CODE, ids=_name)
def test_words_in_code_are_plain(top: Path) -> None:
    paths = sorted(top.rglob("*.py")) if top.is_dir() else [top]
    assert not [found for path in paths for found in _in_code(path)]


@pytest.mark.parametrize("path", TEXTS, ids=_name)
def test_words_in_texts_are_plain(path: Path) -> None:
    assert not list(_found(path, 1, path.read_text("utf-8")))


def _in_code(path: Path) -> Iterator[str]:
    with tokenize.open(path) as file:
        for token in tokenize.generate_tokens(file.readline):
            if token.type in _WORDS:
                yield from _found(path, token.start[0], token.string)


def _found(path: Path, line: int, text: str) -> Iterator[str]:
    for match in _NOT_PLAIN.finditer(text):
        yield f"{_name(path)}:{line + text.count(chr(10), 0, match.start())}: {match[0]}"
