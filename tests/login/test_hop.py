"""The verdict: every row of the table in DESIGN 2.3."""

import pytest

from mailauth.login.hop import (
    CLEARTEXT,
    Handshake,
    Hop,
    Security,
    TlsFacts,
    handshake_completed,
    proxy_said,
)

OURS = Handshake(
    TlsFacts(version="TLSv1.3"),
    channel_bindings={"tls-server-end-point": b"hash"},
    certificate_names=("mary",),
)
THEIRS = TlsFacts(version="TLSv1.2", cipher="ECDHE-RSA-AES128-GCM-SHA256", sni="proxy.example")

NOTHING_SAID, TLS_SAID, CLEARTEXT_SAID = CLEARTEXT, proxy_said(THEIRS), proxy_said(None)


@pytest.mark.parametrize(
    ("before", "implicit", "secure", "security"),
    [
        # A login before TLS.
        (NOTHING_SAID, None, False, Security.CLEARTEXT),
        # A handshake completed on our socket.
        (NOTHING_SAID, True, True, Security.IMPLICIT),
        (NOTHING_SAID, False, True, Security.STARTTLS),
        # A trusted proxy says that its client's hop is TLS.
        (TLS_SAID, None, True, Security.PROXIED),
        (TLS_SAID, True, True, Security.PROXIED),
        (TLS_SAID, False, True, Security.STARTTLS),
        # It says that the hop is not TLS: its own implicit TLS to us changes nothing.
        (CLEARTEXT_SAID, None, False, Security.CLEARTEXT),
        (CLEARTEXT_SAID, True, False, Security.CLEARTEXT),
        (CLEARTEXT_SAID, False, True, Security.STARTTLS),
    ],
)
def test_the_verdict(before: Hop, implicit: bool | None, secure: bool, security: Security) -> None:
    hop = before if implicit is None else handshake_completed(before, OURS, implicit=implicit)
    assert (hop.secure, hop.security) == (secure, security)


def test_starttls_inside_a_proxys_implicit_tls_is_the_clients() -> None:
    hop = handshake_completed(CLEARTEXT_SAID, OURS, implicit=True)
    hop = handshake_completed(hop, OURS, implicit=False)
    assert (hop.secure, hop.security, hop.tls) == (True, Security.STARTTLS, OURS.tls)


def test_the_facts_are_those_of_the_session_that_protects_the_client() -> None:
    assert handshake_completed(TLS_SAID, OURS, implicit=True).tls == THEIRS
    assert handshake_completed(TLS_SAID, OURS, implicit=False).tls == OURS.tls
    assert handshake_completed(CLEARTEXT_SAID, OURS, implicit=True).tls is None


def test_a_proxys_own_tls_binds_no_channel_and_names_no_client() -> None:
    """RFC 5929: what is bound to is the session between the client and us."""
    for said in (TLS_SAID, CLEARTEXT_SAID):
        hop = handshake_completed(said, OURS, implicit=True)
        assert (hop.channel_bindings, hop.certificate_names) == ({}, ())
    hop = handshake_completed(NOTHING_SAID, OURS, implicit=True)
    assert hop.channel_bindings == OURS.channel_bindings
    assert hop.certificate_names == OURS.certificate_names
