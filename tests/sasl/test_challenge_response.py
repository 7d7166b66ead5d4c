"""CRAM-MD5 and APOP: the examples of their RFCs, and what is malformed."""

import pytest

from mailauth.sasl import MECHANISMS, MalformedResponse, ProvenClaim
from mailauth.sasl.apop import apop
from tests.sasl.exchanges import OneAccount, context, finish

TIM = OneAccount(b"tim", b"tanstaaftanstaaf")
MROSE = OneAccount(b"mrose", b"tanstaaf")


def test_rfc2195_section_2() -> None:
    """RFC 2195 §2: tim logs in to postoffice.reston.mci.net."""
    ours = context(TIM, nonce="1896.697170952", hostname="postoffice.reston.mci.net")
    exchange = MECHANISMS["CRAM-MD5"].start(None, ours)
    assert next(exchange) == b"<1896.697170952@postoffice.reston.mci.net>"
    claim = finish(exchange, b"tim b913a602c7eda7a495b4e6e7334d3890")
    assert claim == ProvenClaim(authcid=b"tim", proven=True)


def test_a_name_may_have_spaces() -> None:
    """RFC 2195 §2: the digest is what follows the last space."""
    exchange = MECHANISMS["CRAM-MD5"].start(None, context(TIM))
    next(exchange)
    claim = finish(exchange, b"tim the great " + b"0" * 32)
    assert claim == ProvenClaim(authcid=b"tim the great", proven=False)


@pytest.mark.parametrize("response", [b"", b"tim", b"tim abc", b" " + b"0" * 32])
def test_other_forms_of_cram_md5_are_malformed(response: bytes) -> None:
    """RFC 2195 §2: a name, a space, and the digest in hexadecimal."""
    exchange = MECHANISMS["CRAM-MD5"].start(None, context(TIM))
    next(exchange)
    with pytest.raises(MalformedResponse):
        exchange.send(response)


def test_cram_md5_takes_no_initial_response() -> None:
    """RFC 2195: the server speaks first."""
    with pytest.raises(MalformedResponse):
        next(MECHANISMS["CRAM-MD5"].start(b"tim 0", context(TIM)))


@pytest.mark.parametrize(
    ("authcid", "digest", "proven"),
    [
        (b"mrose", b"c4c9334bac560ecc979e58001b3e22fb", True),
        (b"mrose", b"C4C9334BAC560ECC979E58001B3E22FB", True),
        (b"mrose", b"c4c9334bac560ecc979e58001b3e22fc", False),
        (b"mrose", b"", False),
        (b"nobody", b"c4c9334bac560ecc979e58001b3e22fb", False),
    ],
)
def test_rfc1939_section_7(authcid: bytes, digest: bytes, proven: bool) -> None:
    """RFC 1939 §7: mrose logs in to dbc.mtview.ca.us."""
    claim = apop(authcid, digest, b"<1896.697170952@dbc.mtview.ca.us>", MROSE)
    assert claim == ProvenClaim(authcid=authcid, proven=proven)
