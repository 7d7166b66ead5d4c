"""Texts, docstrings and comments of these packages are plain English."""

import re
import tokenize
from pathlib import Path

import pytest

import mailauth

PACKAGES = (
    *("events", "faults", "home", "imap", "mailbox", "mime"),
    *("origin", "pop3", "sasl", "smtp", "wire"),
)
ROOT = Path(mailauth.__file__).parent

_NOT_PLAIN = re.compile(
    r"(?<!there )\bis no\b(?! longer)"  # "is not"
    r"|(?<!pipelined-)(?<!left )\bbehind\b"  # "after"; the record keeps its word
    r"|\bwhom?ever\b"  # a noun
    r"|\balone\b(?<!left alone)"  # "only"
    r"|\bstands? (?:at|before|in|last|there|twice)\b",  # "is"
    re.IGNORECASE,
)
_WORDS = (tokenize.STRING, tokenize.COMMENT)


@pytest.mark.parametrize("package", PACKAGES)
def test_words_are_plain(package: str) -> None:
    found = []
    for path in sorted((ROOT / package).rglob("*.py")):
        with tokenize.open(path) as file:
            found += [
                f"{path.relative_to(ROOT)}:{token.start[0]}: {match[0]}"
                for token in tokenize.generate_tokens(file.readline)
                if token.type in _WORDS
                for match in _NOT_PLAIN.finditer(token.string)
            ]
    assert not found
