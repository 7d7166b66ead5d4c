"""What one attempt can cost the record, whatever a client sends."""

import pytest

from mailauth.login.event import LoginEvent, Service
from mailauth.login.evidence import NAMES
from mailauth.login.hop import Handshake, TlsFacts, proxy_said
from mailauth.record.event_lines import Log, line_of
from mailauth.record.journal import encode
from mailauth.sasl import PasswordClaim
from mailauth.testing.fakes import MemoryRecorder, authority, session_for, shake_hands

RECORD_OCTETS = 2_300
LINE_OCTETS = 1_800

_WORST = [b"\x01", b"\x7f", b"\xff", b"%", b" ", b'"', "\u202e".encode(), "\U000e0041".encode()]


@pytest.fixture(params=_WORST, ids=repr)
def sent(request: pytest.FixtureRequest) -> bytes:
    """Octets that take as much room as possible where they are written."""
    octets: bytes = request.param
    return octets * 8_000


def test_a_record_and_its_line_are_bounded_in_octets(sent: bytes) -> None:
    recorder = MemoryRecorder()
    session = session_for(
        Service.IMAP, authority(recorder), ip="2001:db8:1111:2222:3333:4444:5555:6666"
    )
    server_name = sent.decode("utf-8", "replace")
    agreed = TlsFacts("TLSv1.2", "ECDHE-ECDSA-CHACHA20-POLY1305", server_name, "managesieve")
    shake_hands(session, Handshake(agreed), implicit=False)
    session.client_named(sent, sent)
    session.begin(sent.decode("utf-8", "surrogateescape"), b"")
    session.password("IMAP-LOGIN", PasswordClaim(authcid=sent, password=b"x", authzid=sent))
    session.evidence.hop = proxy_said(TlsFacts(server_name, server_name, server_name, server_name))
    session.password("IMAP-LOGIN", PasswordClaim(authcid=sent, password=b"x", authzid=sent))
    for event in recorder.events:
        assert len(encode(event)) <= RECORD_OCTETS
        assert len(_line(event).encode()) <= LINE_OCTETS


def test_a_client_that_has_logged_in_cannot_name_itself_for_ever() -> None:
    recorder = MemoryRecorder()
    session = session_for(Service.IMAP, authority(recorder))
    session.password("IMAP-LOGIN", PasswordClaim(authcid=b"bob", password=b"secret"))
    for number in range(1_000):
        session.client_named(b"client %d" % number)
    assert len(recorder.events) == 1 + NAMES


def _line(event: LoginEvent) -> str:
    placed = LoginEvent(
        **{name: getattr(event, name) for name in LoginEvent.__struct_fields__}
        | {"origin": "United States of America"}
    )
    return line_of(placed, Log.FAILURES, "2020-07-28 16:12:02,759")
