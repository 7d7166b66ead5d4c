"""SCRAM: the examples of RFC 5802 and 7677, channel binding, and what a server must refuse."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scramp import ScramClient

from mailauth.sasl import MECHANISMS, MalformedResponse, ProvenClaim
from mailauth.sasl.saslprep import Prohibited, saslprep
from tests.sasl.exchanges import OneAccount, context, finish

USER = OneAccount(b"user", b"pencil", salt=base64.b64decode("QSXCR+Q6sek8bf92"))
USER_256 = OneAccount(b"user", b"pencil", salt=base64.b64decode("W22ZaJ0SNY7soEsUEjb6gQ=="))


def test_rfc5802_section_5() -> None:
    """RFC 5802 §5: the messages of its SCRAM-SHA-1 example, to the letter."""
    exchange = MECHANISMS["SCRAM-SHA-1"].start(
        b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL", context(USER, nonce="3rfcNHYJY1ZVvWVs7j")
    )
    assert next(exchange) == (
        b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096"
    )
    assert (
        exchange.send(
            b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts="
        )
        == b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ="
    )
    assert finish(exchange, b"") == ProvenClaim(authcid=b"user", proven=True)


def test_rfc7677_section_3() -> None:
    """RFC 7677 §3: the messages of its SCRAM-SHA-256 example, to the letter."""
    exchange = MECHANISMS["SCRAM-SHA-256"].start(
        b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
        context(USER_256, nonce="%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"),
    )
    nonce = b"rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    assert next(exchange) == b"r=" + nonce + b",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    assert (
        exchange.send(b"c=biws,r=" + nonce + b",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=")
        == b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="
    )
    assert finish(exchange, b"") == ProvenClaim(authcid=b"user", proven=True)


@pytest.mark.parametrize("hash_name", ["SHA-1", "SHA-256"])
@pytest.mark.parametrize("plus", [False, True])
@pytest.mark.parametrize("password", ["pencil", "wrong"])
def test_another_implementation_agrees(hash_name: str, plus: bool, password: str) -> None:
    """A client of scramp's logs in with the right password, with and without channel binding."""
    name = f"SCRAM-{hash_name}" + ("-PLUS" if plus else "")
    binding = ("tls-server-end-point", b"hash of a certificate")
    client = ScramClient([name], "user", password, channel_binding=binding if plus else None)
    ours = context(USER, channel_bindings=dict([binding]) if plus else {})
    exchange = MECHANISMS[name].start(client.get_client_first().encode(), ours)
    client.set_server_first(next(exchange).decode())
    final = client.get_client_final().encode()
    if password == "wrong":
        assert finish(exchange, final) == ProvenClaim(authcid=b"user", proven=False)
    else:
        client.set_server_final(exchange.send(final).decode())
        assert finish(exchange, b"") == ProvenClaim(authcid=b"user", proven=True)


def test_a_client_that_is_not_admitted_never_sees_the_servers_proof() -> None:
    """A blocked client learns nothing of its password from the exchange."""
    client = ScramClient(["SCRAM-SHA-256"], "user", "pencil")
    exchange = MECHANISMS["SCRAM-SHA-256"].start(
        client.get_client_first().encode(), context(USER, admits=False)
    )
    client.set_server_first(next(exchange).decode())
    claim = finish(exchange, client.get_client_final().encode())
    assert claim == ProvenClaim(authcid=b"user", proven=True)


def test_names_and_authzids_are_unescaped() -> None:
    """RFC 5802 §5.1: `=2C` is a comma, `=3D` an equals sign."""
    exchange = MECHANISMS["SCRAM-SHA-256"].start(
        b"n,a=a=2Cb,n=c=3Dd,r=nonce", context(OneAccount(b"c=d", b"x"))
    )
    next(exchange)
    final = b"c=" + base64.b64encode(b"n,a=a=2Cb,") + b",r=noncenonce,p=" + b"AAAA" * 10 + b"AAA="
    assert finish(exchange, final) == ProvenClaim(authcid=b"c=d", authzid=b"a,b", proven=False)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("SCRAM-SHA-256", b""),
        ("SCRAM-SHA-256", b"n,,"),
        ("SCRAM-SHA-256", b"n,,n=user"),
        ("SCRAM-SHA-256", b"n,,n=,r=abc"),
        ("SCRAM-SHA-256", b"n,,m=ext,n=user,r=abc"),
        ("SCRAM-SHA-256", b"n,,n=us=er,r=abc"),
        ("SCRAM-SHA-256", b"n,a=,n=user,r=abc"),
        ("SCRAM-SHA-256", b"n,,n=user,r=a bc"),
        ("SCRAM-SHA-256", b"n,,n=us\0er,r=abc"),
        ("SCRAM-SHA-256", b"x,,n=user,r=abc"),
        ("SCRAM-SHA-256", b"p=tls-unique,,n=user,r=abc"),
        ("SCRAM-SHA-256-PLUS", b"n,,n=user,r=abc"),
        ("SCRAM-SHA-256-PLUS", b"p=tls-exporter,,n=user,r=abc"),
    ],
)
def test_a_first_message_of_another_form_is_malformed(name: str, first: bytes) -> None:
    """RFC 5802 §7: the grammar of client-first-message, and bindings that are not offered."""
    ours = context(USER, channel_bindings={"tls-unique": b"x"} if "PLUS" in name else {})
    with pytest.raises(MalformedResponse):
        next(MECHANISMS[name].start(first, ours))


@pytest.mark.parametrize(
    ("name", "offered", "refused"),
    [
        ("SCRAM-SHA-256", ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"), True),
        ("SCRAM-SHA-1", ("SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"), True),
        ("SCRAM-SHA-1", ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"), False),
        ("SCRAM-SHA-256", ("SCRAM-SHA-256",), False),
    ],
)
def test_a_downgrade_of_channel_binding_is_noticed(
    name: str, offered: tuple[str, ...], refused: bool
) -> None:
    """RFC 5802 §6: `y` says that the -PLUS mechanism is not offered, which is so or is not."""
    ours = context(USER, offered=offered, channel_bindings={"tls-server-end-point": b"x"})
    exchange = MECHANISMS[name].start(b"y,,n=user,r=abc", ours)
    if refused:
        with pytest.raises(MalformedResponse):
            next(exchange)
    else:
        assert next(exchange).startswith(b"r=abc")


def test_another_connections_binding_is_refused() -> None:
    """RFC 5802 §6: what a man in the middle relays is bound to his connection, not to ours."""
    binding = ("tls-server-end-point", b"his certificate")
    client = ScramClient(["SCRAM-SHA-256-PLUS"], "user", "pencil", channel_binding=binding)
    exchange = MECHANISMS["SCRAM-SHA-256-PLUS"].start(
        client.get_client_first().encode(),
        context(USER, channel_bindings={"tls-server-end-point": b"our certificate"}),
    )
    client.set_server_first(next(exchange).decode())
    claim = finish(exchange, client.get_client_final().encode())
    assert isinstance(claim, ProvenClaim)
    assert not claim.proven
    assert claim.reason == "channel bindings do not match"


@given(st.binary(max_size=200), st.binary(max_size=200), st.binary(max_size=20))
def test_whatever_comes_is_a_claim_or_malformed(first: bytes, final: bytes, last: bytes) -> None:
    """The parser raises its own error and no other."""
    for prefix in (b"", b"n,,n=user,r=abc,"):
        exchange = MECHANISMS["SCRAM-SHA-256"].start(prefix + first, context(USER))
        try:
            next(exchange)
            exchange.send(final)
            exchange.send(last)
        except (MalformedResponse, StopIteration):
            pass


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
    ],
)
def test_rfc4013_section_3_mapped(text: str, prepared: str) -> None:
    """RFC 4013 §3, examples 1 to 5."""
    assert saslprep(text) == prepared


@pytest.mark.parametrize("text", ["\u0007", "\u06271"])
def test_rfc4013_section_3_prohibited(text: str) -> None:
    """RFC 4013 §3, examples 6 and 7."""
    with pytest.raises(Prohibited):
        saslprep(text)
