"""PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login-00)."""

import pytest

from mailauth.sasl import MECHANISMS, MalformedResponse, PasswordClaim
from tests.sasl.exchanges import OneAccount, context, finish

OURS = context(OneAccount(b"tim", b"tanstaaftanstaaf"))


@pytest.mark.parametrize(
    ("response", "claim"),
    [
        # The two examples of RFC 4616 §4.
        (b"\0tim\0tanstaaftanstaaf", PasswordClaim(b"tim", b"tanstaaftanstaaf")),
        (b"Ursel\0Kurt\0xipj3plmq", PasswordClaim(b"Kurt", b"xipj3plmq", authzid=b"Ursel")),
        (b"\0t\xff\0p\xff", PasswordClaim(b"t\xff", b"p\xff")),
    ],
)
def test_rfc4616_section_4_at_once_or_when_asked(response: bytes, claim: PasswordClaim) -> None:
    assert finish(MECHANISMS["PLAIN"].start(response, OURS), None) == claim
    asked = MECHANISMS["PLAIN"].start(None, OURS)
    assert next(asked) == b""
    assert finish(asked, response) == claim


@pytest.mark.parametrize(
    "response", [b"", b"tim", b"\0tim", b"\0\0pw", b"\0tim\0", b"\0tim\0pw\0", b"a\0b\0c\0d"]
)
def test_other_forms_of_plain_are_malformed(response: bytes) -> None:
    """RFC 4616 §2: neither name nor password may be empty, nor hold a NUL."""
    with pytest.raises(MalformedResponse) as caught:
        next(MECHANISMS["PLAIN"].start(response, OURS))
    assert "pw" not in str(caught.value)


def test_login_asks_for_the_name_and_for_the_password() -> None:
    exchange = MECHANISMS["LOGIN"].start(None, OURS)
    assert next(exchange) == b"Username:"
    assert exchange.send(b"tim") == b"Password:"
    assert finish(exchange, b"pw") == PasswordClaim(b"tim", b"pw")


def test_login_takes_the_name_at_once() -> None:
    exchange = MECHANISMS["LOGIN"].start(b"tim", OURS)
    assert next(exchange) == b"Password:"
    assert finish(exchange, b"pw") == PasswordClaim(b"tim", b"pw")


@pytest.mark.parametrize(("name", "password"), [(b"", b"pw"), (b"tim", b"")])
def test_login_needs_both(name: bytes, password: bytes) -> None:
    exchange = MECHANISMS["LOGIN"].start(name, OURS)
    next(exchange)
    with pytest.raises(MalformedResponse):
        exchange.send(password)


def test_a_claims_password_does_not_show() -> None:
    assert "s3cret" not in repr(PasswordClaim(b"tim", b"s3cret"))
