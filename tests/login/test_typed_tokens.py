"""Tokens typed where a name belongs are known by what they look like."""

import secrets
from pathlib import Path

import pytest

from mailauth.login.event import Service
from mailauth.login.typed_tokens import holds_token
from mailauth.sasl import PasswordClaim
from mailauth.testing.fakes import MemoryRecorder, authority, session_for
from mailauth.tokens import REFRESH_AUDIENCE, TokenIssuer
from mailauth.tokens.api import PREFIX

LATER, LONG_AGO = 2_000_000_000.0, 1_000_000_000.0


def issued(home: Path, kind: str) -> bytes:
    """A token of ours; that it is a token is all that they have in common."""
    issuer = TokenIssuer(home / ".mailauth", lambda: LATER)
    match kind:
        case "access":
            token = issuer.issue("mary@mydomain.com")
        case "expired":
            token = TokenIssuer(home / ".mailauth", lambda: LONG_AGO).issue("mary@mydomain.com")
        case "refresh":
            token = issuer.issue("mary@mydomain.com", audience=REFRESH_AUDIENCE)
        case "revoked":
            token = issuer.issue("mary@mydomain.com")
            issuer.revoke(token.encode())
        case "another home's":
            token = TokenIssuer(home / "other", lambda: LATER).issue("mary@mydomain.com")
        case "cut":
            token = issuer.issue("mary@mydomain.com")[:-20]
        case "with its scheme":
            token = f"Bearer {issuer.issue('mary@mydomain.com')}"
        case _:
            token = PREFIX + secrets.token_urlsafe(32)
    return token.encode()


@pytest.mark.parametrize(
    "kind",
    [
        "access",
        "expired",
        "refresh",
        "revoked",
        "another home's",
        "cut",
        "with its scheme",
        "for the API",
    ],
)
def test_a_token_is_written_down_nowhere(tmp_path: Path, kind: str) -> None:
    """As authcid, as authzid, and as what a client calls itself."""
    token = issued(tmp_path, kind)
    recorder = MemoryRecorder()
    session = session_for(Service.IMAP, authority(recorder))
    session.client_named(token, token)
    session.password("IMAP-LOGIN", PasswordClaim(authcid=token, password=b"x"))
    session.begin("PLAIN", token + b"\0mary\0secret")
    typed, acted = recorder.events
    assert (typed.authcid, typed.client_name, typed.client_version) == ("*", "*", "*")
    assert (acted.authcid, acted.authzid) == ("mary", "*")


@pytest.mark.parametrize(
    "name",
    [
        b"mary@mydomain.com",
        b"eyJ",
        b"eyJane@eye.eyJane.example",
        b"somebody.eyJane",
        b"mailauth_test",
        b"mailauth_",
        b"x.eyJ0",
        b"\xff.eyJ",
    ],
)
def test_a_name_is_none(name: bytes) -> None:
    assert not holds_token(name)
