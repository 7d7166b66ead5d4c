"""OAUTHBEARER, XOAUTH2 and EXTERNAL: who a token or a certificate says somebody is."""

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailauth.sasl import MECHANISMS, MalformedResponse, ProvenClaim, TokenVerdict
from tests.sasl.exchanges import OneAccount, context, finish

NOBODY = OneAccount(b"", b"")
TOKENS = {
    b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==": TokenVerdict(b"user@example.com", True),
    b"old": TokenVerdict(b"user@example.com", False, "token expired"),
}
CONTEXT = context(NOBODY, tokens=TOKENS)
RFC_7628 = (
    b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01"
    b"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
)


def test_rfc7628_section_4_1() -> None:
    """RFC 7628 §4.1: a token that is good needs no challenge."""
    claim = finish(MECHANISMS["OAUTHBEARER"].start(RFC_7628, CONTEXT), None)
    assert isinstance(claim, ProvenClaim)
    assert (claim.authcid, claim.authzid) == (b"user@example.com", b"user@example.com")
    assert claim.proven


def test_rfc7628_section_4_3() -> None:
    """RFC 7628 §4.3: the error comes as a challenge, and the client's ^A ends the exchange."""
    response = RFC_7628.replace(b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==", b"old")
    exchange = MECHANISMS["OAUTHBEARER"].start(response, CONTEXT)
    assert json.loads(next(exchange))["status"] == "invalid_token"
    claim = finish(exchange, b"\x01")
    assert isinstance(claim, ProvenClaim)
    assert (claim.proven, claim.reason) == (False, "token expired")
    assert "old" not in repr(claim)


def test_an_empty_auth_asks_for_the_scope() -> None:
    """RFC 7628 §4.3, to the letter."""
    response = b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01auth=\x01\x01"
    exchange = MECHANISMS["OAUTHBEARER"].start(response, CONTEXT)
    error = json.loads(next(exchange))
    assert (error["status"], error["scope"]) == ("invalid_token", "mail")
    claim = finish(exchange, b"\x01")
    assert isinstance(claim, ProvenClaim)
    assert (claim.authcid, claim.proven, claim.reason) == (b"user@example.com", False, "no token")


def test_rfc7628_section_4_4() -> None:
    """Its grammar (§3.1) has `a=` where this example has `user=`."""
    response = b"n,user=someuser@example.com,\x01auth=Bearer vF9dft4qmTc2Nvb3Rl\x01\x01"
    exchange = MECHANISMS["OAUTHBEARER"].start(response, CONTEXT)
    assert json.loads(next(exchange))["status"] == "invalid_token"
    claim = finish(exchange, b"\x01")
    assert isinstance(claim, ProvenClaim)
    assert claim.authzid == b"someuser@example.com"


def test_xoauth2_names_the_user_first() -> None:
    """Google's protocol: user=…, auth=Bearer …"""
    token = b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    response = b"user=user@example.com\x01auth=Bearer " + token + b"\x01\x01"
    claim = finish(MECHANISMS["XOAUTH2"].start(response, CONTEXT), None)
    assert isinstance(claim, ProvenClaim)
    assert claim.proven
    assert claim.token == token


@pytest.mark.parametrize(
    ("name", "response"),
    [
        ("OAUTHBEARER", b""),
        ("OAUTHBEARER", b"\x01"),
        ("OAUTHBEARER", b"n,,\x01\x01"),
        ("OAUTHBEARER", b"n,,\x01auth=Basic abc\x01\x01"),
        ("OAUTHBEARER", b"n,,\x01auth=Bearer \x01\x01"),
        ("OAUTHBEARER", b"n,,\x01auth=Bearer abc"),
        ("OAUTHBEARER", b"p=x,,\x01auth=Bearer abc\x01\x01"),
        ("OAUTHBEARER", b"n,b=c,\x01auth=Bearer abc\x01\x01"),
        ("XOAUTH2", b"user=\x01auth=Bearer abc\x01\x01"),
        ("XOAUTH2", b"auth=Bearer abc\x01\x01"),
        ("EXTERNAL", b"bob\0"),
    ],
)
def test_other_forms_are_malformed(name: str, response: bytes) -> None:
    """RFC 7628 §3.1 and Google's description: a name and a bearer token."""
    with pytest.raises(MalformedResponse):
        next(MECHANISMS[name].start(response, CONTEXT))


@given(st.sampled_from(["OAUTHBEARER", "XOAUTH2", "EXTERNAL"]), st.binary(max_size=300))
def test_whatever_comes_is_a_claim_a_challenge_or_malformed(name: str, response: bytes) -> None:
    """The parsers raise their own error and no other."""
    with contextlib.suppress(MalformedResponse, StopIteration):
        next(MECHANISMS[name].start(response, CONTEXT))


@pytest.mark.parametrize(
    ("names", "response", "claim"),
    [
        (("bob", "b.smith"), b"", ProvenClaim(authcid=b"bob", proven=True)),
        (
            ("bob", "b.smith"),
            b"b.smith",
            ProvenClaim(authcid=b"b.smith", authzid=b"b.smith", proven=True),
        ),
        (("bob",), b"mary", ProvenClaim(authcid=b"bob", authzid=b"mary", proven=True)),
        (
            (),
            b"mary",
            ProvenClaim(
                authcid=b"mary", authzid=b"mary", proven=False, reason="no client certificate"
            ),
        ),
    ],
)
def test_external_is_whom_the_certificate_names(
    names: tuple[str, ...], response: bytes, claim: ProvenClaim
) -> None:
    """RFC 4422 appendix A: the authzid is the response; the authcid comes from the certificate."""
    exchange = MECHANISMS["EXTERNAL"].start(response, context(NOBODY, certificate_names=names))
    assert finish(exchange, None) == claim
