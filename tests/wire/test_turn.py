"""One turn of a core, and lines that are too long."""

from mailauth.wire.effects import Close, Deadline, Effect, Stream, Write
from mailauth.wire.lines import ENDING_OCTETS, LineBuffer, LineReader, TooLong
from mailauth.wire.turn import MAX_UNSENT, take_turn


def test_a_turn_ends_with_what_has_to_be_waited_for() -> None:
    steps: list[list[Effect]] = [[Write(b"a")], [Write(b"b"), Close()], [Write(b"never")]]
    assert take_turn(lambda: steps.pop(0)) == [Write(b"a"), Write(b"b"), Close()]


def test_a_turn_ends_when_nothing_whole_is_left() -> None:
    assert take_turn(lambda: None) == []


def test_who_asks_for_much_has_to_take_it_first() -> None:
    """What has been said becomes a stream, and what else was asked for comes before it."""
    step: list[Effect] = [Deadline(1), Write(b"x" * (MAX_UNSENT // 2))]
    deadlines = [Deadline(1)] * 3
    *others, last = take_turn(lambda: step)
    assert others == deadlines
    assert isinstance(last, Stream)
    assert sum(map(len, last.chunks)) == 3 * (MAX_UNSENT // 2)


def test_a_line_too_long_is_told_once_and_skipped() -> None:
    buffer = LineBuffer()
    reader = LineReader(buffer)
    buffer.feed(b"x" * 300)
    assert reader.line(100) == TooLong(b"x" * 256)
    buffer.feed(b"x" * 300)
    assert reader.line(100) is None
    assert len(buffer) == ENDING_OCTETS
    buffer.feed(b"\nnext\n")
    assert reader.line(100) == b"next\n"
