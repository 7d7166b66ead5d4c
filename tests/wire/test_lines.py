"""The line buffer: lines in whatever pieces, bounded, nothing lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.wire.lines import LineBuffer, LineTooLong


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
    assert not buffer.skip_line()
    assert len(buffer) == 0
    buffer.feed(b"aa")
    assert not buffer.skip_line()
    buffer.feed(b"a\nb\n")
    assert buffer.skip_line()
    assert buffer.line(10) == b"b\n"
