"""The content of a message against the plain reading of RFC 5321 §4.1.1.4 and §4.5.2."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.smtp.content import (
    DISCARDED_OCTETS,
    Collected,
    DotStuffed,
    Smuggling,
    TooMuch,
    has_bare_endings,
)
from mailauth.testing import Dialogue
from tests.smtp.conftest import Connect, Inbox

LINES = st.lists(st.sampled_from([b"", b".", b"..", b".a", b"a.", b"a", b"a\rb", b"\r"]))


def read(segments: list[bytes]) -> tuple[bytes, bytes | None]:
    """What is collected, and what comes behind the end."""
    collected = Collected(1_000_000)
    content = DotStuffed(collected)
    behind: bytes | None = None
    for segment in segments:
        assert behind is None
        behind = content.feed(segment)
    return collected.octets(), behind


@given(LINES, st.integers(min_value=1, max_value=9))
def test_what_a_client_stuffs_is_unstuffed(lines: list[bytes], step: int) -> None:
    """However it arrives."""
    message = b"".join(line + b"\r\n" for line in lines)
    stuffed = b"".join((b"." if line.startswith(b".") else b"") + line + b"\r\n" for line in lines)
    sent = stuffed + b".\r\n"
    assert read([sent + b"NOOP"]) == (message, b"NOOP")
    assert read([sent[at : at + step] for at in range(0, len(sent), step)]) == (message, b"")


FALSE_ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r\n.\n",
    b"\n\n.\n\n",
    b"\r\n\n.\r\n",
]


@pytest.mark.parametrize("false_end", FALSE_ENDS)
def test_a_false_end_ends_the_connection(connect: Connect, inbox: Inbox, false_end: bytes) -> None:
    """SMTP smuggling: what stands behind it is executed neither now nor later."""
    smuggled = b"MAIL FROM:<admin@mydomain.com>\r\nRCPT TO:<bob@mydomain.com>\r\nDATA\r\nx\r\n.\r\n"
    for cut in range(len(false_end) + 1):
        smtp = connect(authentication_required=False)
        smtp.connect()
        smtp.send(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@mydomain.com>\r\nDATA\r\n")
        said = smtp.send(b"Subject: x\r\n\r\nx" + false_end[:cut])
        said += smtp.send(false_end[cut:] + smuggled)
        assert said == b"554 5.6.0 A message must end with CRLF.CRLF, not with a bare LF\r\n"
        assert smtp.closed
    assert inbox("bob") == []


@pytest.mark.parametrize("content", [b"a\nb", b"a\rb", b"\n", b"a\r\r\n", b"\n.a", b"\r.\r", b"\r"])
@pytest.mark.parametrize("command", ["DATA", "BDAT"])
def test_a_bare_cr_or_lf_is_refused_at_the_end(
    mx: Dialogue, inbox: Inbox, content: bytes, command: str
) -> None:
    """RFC 5321 §2.3.8: CR and LF come together, and in no other way."""
    mx.send(b"MAIL FROM:<>\r\nRCPT TO:<bob@mydomain.com>\r\n")
    content += b"x\r\n"
    if command == "DATA":
        mx.send(b"DATA\r\n")
        said = mx.send(content + b".\r\n")
    else:
        said = mx.send(b"BDAT %d LAST\r\n" % len(content) + content)
    assert said == b"554 5.6.0 The message contains a bare CR or LF; lines must end with CRLF\r\n"
    assert mx.send(b"NOOP\r\n") == b"250 2.0.0 Nothing done\r\n"
    assert inbox("bob") == []


@given(st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n.\r\n"]), max_size=12))
def test_no_segmentation_moves_the_end(pieces: list[bytes]) -> None:
    """The end, a false end and the content are the same for every segmentation."""

    def outcome(segments: list[bytes]) -> object:
        collected = Collected(100)
        content = DotStuffed(collected)
        for position, segment in enumerate(segments):
            try:
                behind = content.feed(segment)
            except Smuggling:
                return "smuggling"
            if behind is not None:
                return collected.octets(), behind + b"".join(segments[position + 1 :])
        return None

    data = b"".join(pieces)
    assert outcome([data]) == outcome(pieces) == outcome([bytes([octet]) for octet in data])


def test_nothing_is_kept_of_a_message_too_big() -> None:
    collected = Collected(100)
    collected.add(b"x" * 100)
    assert collected.octets() == b"x" * 100
    collected.add(b"x")
    assert collected.octets() == b""
    with pytest.raises(TooMuch):
        collected.add(b"x" * DISCARDED_OCTETS)


def test_bare_endings() -> None:
    assert not has_bare_endings(b"a\r\nb\r\n")
    assert has_bare_endings(b"\n\r")
