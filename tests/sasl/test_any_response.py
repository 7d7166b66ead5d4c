"""Every mechanism with whatever responses: right ones are understood, others malformed."""

import base64
import contextlib
import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailauth.sasl import (
    MECHANISMS,
    Claim,
    Exchange,
    MalformedResponse,
    PasswordClaim,
    ProvenClaim,
    TokenVerdict,
)
from mailauth.sasl.apop import apop
from mailauth.sasl.encoding import decode_initial_response, encode_challenge
from mailauth.sasl.saslprep import Prohibited, prepared, saslprep
from tests.sasl.exchanges import OneAccount, context, finish

MARY = OneAccount(b"mary", b"secret")
CONTEXT = context(
    MARY,
    channel_bindings={"tls-server-end-point": b"certificate", "tls-exporter": b"exported"},
    certificate_names=("mary",),
    tokens={b"good": TokenVerdict(b"mary", valid=True)},
)
TOKENS = [
    *(
        b"n,,",
        b"y,,",
        b"p=tls-exporter,,",
        b"n,a=mary,",
        b"n=mary",
        b"r=nonce",
        b"c=biws",
        b"p=",
        b"v=",
    ),
    *(
        b"v=",
        b",",
        b"=",
        b"=2C",
        b"=3D",
        b"=x",
        b"\0",
        b"\1",
        b"\1\1",
        b"auth=Bearer good",
    ),
    *(
        b"user=mary",
        b"host=",
        b"port=143",
        b" ",
        b"mary",
        b"secret",
        b"0" * 32,
        b"\xff",
        b"\xc3\xa9",
        b"{}",
    ),
    base64.b64encode(b"n,,"),
]
responses = st.one_of(
    st.binary(max_size=60), st.lists(st.sampled_from(TOKENS), max_size=10).map(b"".join)
)


def claimed(exchange: Exchange, following: list[bytes]) -> Claim | None:
    """What the exchange ends with, or `None` if it goes on."""
    try:
        next(exchange)
        for response in following:
            exchange.send(response)
    except StopIteration as stop:
        claim: Claim = stop.value
        return claim
    return None


@pytest.mark.parametrize("name", MECHANISMS)
def test_any_responses_are_a_claim_or_malformed(name: str) -> None:
    """A mechanism raises its own error alone, and ends within a few responses."""

    @settings(max_examples=60)
    @given(st.none() | responses, st.lists(responses, min_size=4, max_size=4))
    def ends(initial: bytes | None, following: list[bytes]) -> None:
        exchange = MECHANISMS[name].start(initial, CONTEXT)
        with contextlib.suppress(MalformedResponse):
            assert isinstance(claimed(exchange, following), PasswordClaim | ProvenClaim)

    ends()


@given(st.binary(max_size=40), st.binary(max_size=40))
def test_any_digest_is_a_claim(authcid: bytes, digest: bytes) -> None:
    """APOP: a digest is right or wrong, whatever it is."""
    assert not apop(authcid, digest, b"<1@localhost>", MARY).proven
    right = hashlib.md5(b"<1@localhost>secret").hexdigest().encode()
    assert apop(b"mary", right, b"<1@localhost>", MARY).proven


@given(st.text(), st.binary(max_size=40))
def test_any_text_is_prepared_or_prohibited(text: str, octets: bytes) -> None:
    """SASLprep raises its own error alone; what is ASCII without controls stays as it is."""
    with contextlib.suppress(Prohibited):
        saslprep(text)
    if text.isascii() and text.isprintable():
        assert saslprep(text) == text
    prepared(octets)


octets = st.binary(min_size=1, max_size=20).filter(lambda value: b"\0" not in value)


@given(st.one_of(st.just(b""), octets), octets, octets)
def test_a_plain_message_that_is_right_is_understood(
    authzid: bytes, authcid: bytes, password: bytes
) -> None:
    """RFC 4616 §2: message = [authzid] NUL authcid NUL passwd."""
    message = b"\0".join((authzid, authcid, password))
    claim = finish(MECHANISMS["PLAIN"].start(message, CONTEXT), None)
    assert isinstance(claim, PasswordClaim)
    assert (claim.authcid, claim.password) == (authcid, password)
    assert (claim.authzid or b"") == authzid


@given(octets, octets)
def test_login_takes_any_name_and_password(authcid: bytes, password: bytes) -> None:
    """Names and passwords come as they are."""
    exchange = MECHANISMS["LOGIN"].start(authcid, CONTEXT)
    next(exchange)
    assert finish(exchange, password) == PasswordClaim(authcid, password)


@given(octets, st.binary(min_size=16, max_size=16))
def test_a_cram_md5_response_that_is_right_is_understood(authcid: bytes, digest: bytes) -> None:
    """RFC 2195 §2: a name, which may have spaces, a space, and 32 hexadecimal digits."""
    exchange = MECHANISMS["CRAM-MD5"].start(None, CONTEXT)
    next(exchange)
    claim = finish(exchange, authcid + b" " + digest.hex().encode())
    assert claim == ProvenClaim(authcid=authcid, proven=False)


saslnames = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\1"), max_size=9)
pairs = st.lists(
    st.sampled_from(["host=mail.example.com", "port=143", "x=y=z", "empty="]), max_size=3
)


@given(saslnames, pairs, st.sampled_from(["good", "bad", "aB9-._~+/="]))
def test_a_bearer_message_that_is_right_is_understood(
    authzid: str, others: list[str], token: str
) -> None:
    """RFC 7628 §3.1: a GS2 header, pairs between ^A, and one of them the token."""
    escaped = authzid.replace("=", "=3D").replace(",", "=2C")
    header = f"n,{'a=' if authzid else ''}{escaped},"
    pairs = "".join(f"{pair}\1" for pair in (*others, f"auth=Bearer {token}"))
    exchange = MECHANISMS["OAUTHBEARER"].start(f"{header}\1{pairs}\1".encode(), CONTEXT)
    if token == "good":
        claim = finish(exchange, None)
    else:
        next(exchange)
        claim = finish(exchange, b"\1")
    assert isinstance(claim, ProvenClaim)
    assert claim.proven == (token == "good")
    assert (claim.authzid or b"") == authzid.encode()


@given(st.binary(max_size=40))
def test_an_initial_response_comes_back(response: bytes) -> None:
    """RFC 4954 §4: `=` is the empty one, and every other is its base64."""
    written = encode_challenge(response) or b"="
    assert decode_initial_response(written) == response
