"""Bearer tokens: whose they are, how long, for whom, and when no longer."""

import base64
import json
import stat
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailauth.sasl import TokenVerdict
from mailauth.tokens import TokenIssuer


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now = 1_600_000_000.0

    def __call__(self) -> float:
        """Tell the time."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """The clock that stamps the record."""
    return Clock()


@pytest.fixture
def issuer(tmp_path: Path, clock: Clock) -> TokenIssuer:
    """An issuer with a home of its own."""
    return TokenIssuer(tmp_path / ".mailauth", clock)


def test_a_token_is_its_users_until_it_expires(issuer: TokenIssuer, clock: Clock) -> None:
    """RFC 7519 §4.1.4: not on or after its `exp`; by the injected clock, in 2020."""
    token = issuer.issue("bob@x.org", lifetime=60).encode()
    assert issuer.verify(token) == TokenVerdict(b"bob@x.org", valid=True)
    clock.now += 59
    assert issuer.verify(token).valid
    clock.now += 1
    assert issuer.verify(token) == TokenVerdict(b"bob@x.org", valid=False, reason="token expired")


def test_a_token_for_another_audience_is_refused(issuer: TokenIssuer) -> None:
    """RFC 7519 §4.1.3."""
    verdict = issuer.verify(issuer.issue("bob", audience="calendar").encode())
    assert verdict == TokenVerdict(b"bob", valid=False, reason="token for the wrong audience")


def test_a_revoked_token_is_refused_everywhere(tmp_path: Path, clock: Clock) -> None:
    """Another process on the same home, begun before, hears of it."""
    one = TokenIssuer(tmp_path, clock)
    other = TokenIssuer(tmp_path, clock)
    token, kept = one.issue("bob").encode(), one.issue("bob").encode()
    assert other.verify(token).valid
    one.revoke(token)
    assert other.verify(token) == TokenVerdict(b"bob", valid=False, reason="token revoked")
    assert other.verify(kept).valid
    one.revoke(kept)
    assert not other.verify(kept).valid


def test_another_homes_tokens_are_none_of_ours(tmp_path: Path, clock: Clock) -> None:
    """The key is a home's own."""
    token = TokenIssuer(tmp_path / "a", clock).issue("bob").encode()
    ours = TokenIssuer(tmp_path / "b", clock)
    assert ours.verify(token) == TokenVerdict(b"", valid=False, reason="not one of our tokens")
    with pytest.raises(ValueError, match="not one of our tokens"):
        ours.revoke(token)


def test_an_unsigned_token_is_refused(issuer: TokenIssuer) -> None:
    """RFC 8725 §3.1: `alg` none is the oldest trick."""
    header, claims, _ = issuer.issue("bob").split(".")
    none = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode())
    assert not issuer.verify(none.rstrip(b"=") + b"." + claims.encode() + b".").valid
    assert not issuer.verify(f"{header}.{claims}.".encode()).valid


def test_the_key_is_its_owners_alone(tmp_path: Path, issuer: TokenIssuer) -> None:
    """Who can read it can be anybody."""
    key = tmp_path / ".mailauth" / "token.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == 32
    assert [path.name for path in key.parent.iterdir()] == ["token.key"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_whatever_comes_is_no_token(issuer: TokenIssuer, token: bytes) -> None:
    """A client may send anything."""
    assert not issuer.verify(token).valid
