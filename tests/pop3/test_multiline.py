"""Multi-line responses against the plain reading of RFC 1939 §3 and §7."""

import re
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.pop3 import multiline
from mailauth.pop3.multiline import PIECE_OCTETS

LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"a", b"\r", b"\n", b"a\r.b"]))


def said(content: bytes, end: int | None = None) -> bytes:
    return b"".join(multiline.message(content, len(content) if end is None else end))


def read(response: bytes) -> bytes:
    """What a client makes of a multi-line response, line by line."""
    content = b""
    for line in response.removesuffix(b"\r\n").split(b"\r\n"):
        if line == b".":
            return content
        content += line.removeprefix(b".") + b"\r\n"
    raise AssertionError("no end")


@given(LINES, st.booleans())
def test_a_client_reads_what_is_in_the_mailbox(lines: list[bytes], ended: bool) -> None:
    content = b"\r\n".join(lines) + (b"\r\n" if ended and lines else b"")
    expected = content if content.endswith(b"\r\n") or not content else content + b"\r\n"
    response = said(content)
    assert response.endswith(b".\r\n")
    assert read(response) == expected


@pytest.mark.parametrize("shift", range(-4, 4))
@pytest.mark.parametrize("around", [b"\r\n.", b"\r\n..\r\n.", b"\r\r\n.\n."])
def test_a_line_may_begin_wherever_a_piece_ends(shift: int, around: bytes) -> None:
    content = b"x" * (PIECE_OCTETS + shift) + around + b"y" * PIECE_OCTETS + b"\r\n"
    assert read(said(content)) == content


@pytest.mark.parametrize(
    ("content", "lines", "expected"),
    [
        (b"A: b\r\n\r\n1\r\n2\r\n3", 0, b"A: b\r\n\r\n"),
        (b"A: b\r\n\r\n1\r\n2\r\n3", 2, b"A: b\r\n\r\n1\r\n2\r\n"),
        (b"A: b\r\n\r\n1\r\n2\r\n3", 3, b"A: b\r\n\r\n1\r\n2\r\n3"),
        (b"A: b\r\n\r\n1\r\n2\r\n3\r\n", 9, b"A: b\r\n\r\n1\r\n2\r\n3\r\n"),
        (b"A: b\r\n", 1, b"A: b\r\n"),
        (b"\r\n1\r\n2\r\n", 1, b"\r\n1\r\n"),
        (b"", 1, b""),
    ],
)
def test_top(content: bytes, lines: int, expected: bytes) -> None:
    assert content[: multiline.top(content, lines)] == expected


@given(LINES, st.integers(0, 5))
def test_top_of_a_long_message_is_that_of_a_short_one(lines: list[bytes], count: int) -> None:
    """Lines are counted many at a time, wherever they end."""
    long = [b"x" * 1_000] * 150
    content = b"A: b\r\n\r\n" + b"\r\n".join(long + lines)
    ends = [match.end() for match in re.finditer(b"\r\n", content)][2:]
    wanted = len(long) - 2 + count
    expected = ends[wanted - 1] if wanted <= len(ends) else len(content)
    assert multiline.top(content, wanted) == expected


def test_a_long_message_is_sent_in_pieces() -> None:
    """Memory does not grow with the size of the answer."""
    content = b".dots\r\n" * 3_000_000
    tracemalloc.start()
    octets = sum(len(chunk) for chunk in multiline.message(content, len(content)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert octets == len(content) + 3_000_000 + 3
    assert peak < 8 * PIECE_OCTETS
