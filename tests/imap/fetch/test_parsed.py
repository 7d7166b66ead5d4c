"""Messages kept for the next question, within a bound."""

import msgspec
import pytest

from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.structure import body, bodystructure
from mailauth.mailbox.errors import MessageGone
from mailauth.mime.parts import parse
from mailauth.wire.work import done
from tests.imap.messages import COMPLEX


class Counted(msgspec.Struct, eq=False):
    """A content that counts how often it is read."""

    data: bytes
    count: int = 0

    @property
    def size(self) -> int:
        """Octets."""
        return len(self.data)

    def read(self) -> bytes:
        """Count, and read."""
        self.count += 1
        return self.data


class Gone(Counted):
    """A content that is no longer there."""

    def read(self) -> bytes:
        """It is gone."""
        raise MessageGone("The message is gone")


def test_a_message_is_read_and_parsed_once() -> None:
    parsed, content = ParsedMessages(), Counted(COMPLEX)
    message = parsed.get(content)
    assert parsed.get(content) is message
    assert message.root is message.root
    assert content.count == 1


def test_it_says_what_its_parts_say() -> None:
    message = ParsedMessages().get(Counted(COMPLEX))
    assert message.beginning(10_000) == parse(COMPLEX).header
    assert message.fields == parse(COMPLEX).fields
    for rev2 in (False, True):
        root = parse(COMPLEX)
        assert done(message.body(rev2=rev2)) == done(body(root, rev2=rev2))
        assert done(message.bodystructure(rev2=rev2)) == done(bodystructure(root, rev2=rev2))
    assert done(message.envelope()).startswith(b'(NIL "outer"')


@pytest.mark.parametrize("data", [b"", b"\r\n", b"\r\nx", b"a: b", b"a: b\r\n", b"a: b\r\n\r\nx"])
def test_its_header_is_that_of_the_part(data: bytes) -> None:
    assert ParsedMessages().get(Counted(data)).header_octets == len(parse(data).header)


def test_the_least_used_messages_are_let_go() -> None:
    parsed = ParsedMessages(octets=10_000)
    first, second, third = (Counted(bytes(4_000)) for _ in range(3))
    for content in (first, second, first, third, first, second):
        parsed.get(content)
    assert (first.count, second.count, third.count) == (1, 2, 1)


def test_one_message_may_be_larger_than_the_bound() -> None:
    parsed, large = ParsedMessages(octets=100), Counted(bytes(4_000))
    parsed.get(large)
    parsed.get(large)
    assert large.count == 1


def test_parts_count_too() -> None:
    """A message of many parts takes more than its octets."""
    parsed = ParsedMessages(octets=100_000)
    small, many = (
        Counted(b"x"),
        Counted(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 1_000),
    )
    parsed.get(small)
    message = parsed.get(many)
    parsed.get(small)
    assert small.count == 1
    assert len(message.root.children) == 1_000
    parsed.get(small)
    assert parsed.get(many) is message
    del message
    parsed.get(small)
    parsed.get(many)
    assert many.count == 2


def test_two_that_take_it_apart_at_once_find_the_same_parts() -> None:
    """Each stops now and then; it counts once for the bound."""
    parts = Counted(b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n" * 5_000)
    message = ParsedMessages().get(parts)
    one = message.parsing()
    next(one)
    root = done(message.parsing())
    octets = message.octets
    assert done(one) is root is message.root
    assert message.octets == octets


def test_a_message_that_was_let_go_still_works() -> None:
    parsed = ParsedMessages(octets=100)
    message = parsed.get(Counted(COMPLEX))
    parsed.get(Counted(b"x"))
    assert len(message.root.children) == 4


def test_what_is_gone_leaves_nothing_behind() -> None:
    parsed = ParsedMessages()
    for _ in range(2):
        with pytest.raises(MessageGone):
            parsed.get(Gone(b""))
