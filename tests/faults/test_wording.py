"""The words of faults, where a listener cannot show them all."""

import pytest

from mailauth.faults.wording import ImapWording


@pytest.mark.parametrize(
    ("tag", "expected"),
    [(b"a1", b"a2"), (b"a09", b"a10"), (b"A0099", b"A0100"), (b"7", b"8"), (b"x", b"x")],
)
def test_the_next_tag_is_guessed_as_clients_count(tag: bytes, expected: bytes) -> None:
    said = ImapWording().injecting(b"%b OK Begin TLS negotiation now\r\n" % tag)
    assert said.endswith(b"\r\n%b OK injected\r\n" % expected)


def test_only_a_tagged_reply_is_rewritten() -> None:
    said = b"* OK [ALERT] NO news\r\n+ go on\r\na1 NO [UNAVAILABLE] later\r\n"
    assert (
        ImapWording().wrong_code(said) == b"* OK [ALERT] NO news\r\n+ go on\r\na1 YES Welcome\r\n"
    )
