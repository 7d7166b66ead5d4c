"""The line buffer: lines in whatever pieces, bounded, nothing lost."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.wire.lines import ENDING_OCTETS, LineBuffer, LineTooLong


@given(st.lists(st.binary(max_size=20)), st.lists(st.binary(max_size=30)))
def test_lines_come_out_as_they_went_in(lines: list[bytes], pieces: list[bytes]) -> None:
    sent = [line.replace(b"\n", b"") + b"\n" for line in lines]
    data = b"".join(sent)
    buffer = LineBuffer()
    got = []
    cuts = sorted(len(piece) for piece in pieces)
    for start, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
        buffer.feed(data[start:end])
        while (line := buffer.line(100)) is not None:
            got.append(line)
    assert got == sent


def test_a_line_too_long_can_be_skipped() -> None:
    buffer = LineBuffer()
    buffer.feed(b"a" * 11)
    with pytest.raises(LineTooLong):
        buffer.line(10)
    assert buffer.skip_line() is None
    buffer.feed(b"a" * 100_000)
    assert buffer.skip_line() is None
    assert len(buffer) == ENDING_OCTETS
    buffer.feed(b"bc\nd\n")
    assert buffer.skip_line() == b"a" * (ENDING_OCTETS - 3) + b"bc\n"
    assert buffer.line(10) == b"d\n"


@given(st.integers(1, 100), st.lists(st.integers(0, 120)))
def test_how_a_line_ended_that_was_skipped(length: int, cuts: list[int]) -> None:
    data = bytes(range(32, 32 + length)) + b"\nx\n"
    buffer = LineBuffer()
    ending = None
    for start, end in itertools.pairwise([0, *sorted(cuts), len(data)]):
        buffer.feed(data[start:end])
        if ending is None:
            ending = buffer.skip_line()
    assert ending == data[: length + 1][-ENDING_OCTETS:]
    assert buffer.line(10) == b"x\n"
