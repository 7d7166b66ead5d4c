"""The logins of the RFCs, with the texts of this server where those are free."""

import base64
from collections.abc import Callable, Mapping

import pytest

from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.server import ImapServer
from mailauth.login.accounts import Account, Accounts
from mailauth.login.event import Protocol, Result
from mailauth.login.secrets import PlaintextSecret
from mailauth.mailbox.memory import MemoryStore
from mailauth.sasl import TokenVerdict
from mailauth.sasl.exchange import ScramKeys
from mailauth.testing import Dialogue, MemoryRecorder, Segments, authority, play, session_for
from tests.imap.conftest import NOON

Example = Callable[..., Dialogue]


@pytest.fixture(params=Segments)
def example(
    recorder: MemoryRecorder, store: MemoryStore, request: pytest.FixtureRequest
) -> Example:
    """Make a connection to the server of an example, with its accounts and its nonce."""

    def example(
        accounts: Mapping[str, PlaintextSecret],
        mechanism: str,
        *,
        hostname: str = "localhost",
        nonce: str = "",
    ) -> Dialogue:
        known = Accounts(Account(name=name, secret=secret) for name, secret in accounts.items())
        shared = authority(recorder, known)
        shared.hostname, shared.nonce = hostname, lambda: nonce
        shared.verify_token = lambda token: TokenVerdict(
            b"user@example.com", valid=token == b"vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
        )
        session = session_for(Protocol.IMAP, shared, mechanisms=(mechanism,))
        core = ImapServer(
            session,
            store,
            now=lambda: NOON,
            parsed=ParsedMessages(),
            tls_available=True,
            changed=lambda: None,
        )
        return Dialogue(core, session, request.param)

    return example


def the_result(recorder: MemoryRecorder, mechanism: str) -> Result | None:
    (event,) = recorder.attempts
    assert event.mechanism == mechanism
    return event.result


def test_rfc_2195_section_2(example: Example, recorder: MemoryRecorder) -> None:
    """tim logs in by CRAM-MD5."""
    play(
        example(
            {"tim": PlaintextSecret(b"tanstaaftanstaaf")},
            "CRAM-MD5",
            hostname="postoffice.reston.mci.net",
            nonce="1896.697170952",
        ),
        """
        S: * OK …
        C: A0001 AUTHENTICATE CRAM-MD5
        S: + PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+
        C: dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw
        S: A0001 OK …
    """,
    )
    assert the_result(recorder, "CRAM-MD5") is Result.SUCCESS


def test_rfc_4616_section_4(example: Example, recorder: MemoryRecorder) -> None:
    """tim logs in by PLAIN inside TLS; without an initial response."""
    play(
        example({"tim": PlaintextSecret(b"tanstaaftanstaaf")}, "PLAIN"),
        """
        S: * OK …
        C: a001 STARTTLS
        S: a001 OK Begin TLS negotiation now
        <tls>
        C: a002 AUTHENTICATE PLAIN
        S: +…
        C: b64(\0tim\0tanstaaftanstaaf)
        S: a002 OK …
    """,
    )
    assert the_result(recorder, "PLAIN") is Result.SUCCESS


def test_rfc_4616_section_4_for_another_user(example: Example, recorder: MemoryRecorder) -> None:
    """Kurt may not act for Ursel; with an initial response."""
    accounts = {"Kurt": PlaintextSecret(b"xipj3plmq"), "Ursel": PlaintextSecret(b"x")}
    play(
        example(accounts, "PLAIN"),
        """
        S: * OK …
        C: a001 STARTTLS
        S: a001 OK Begin TLS negotiation now
        <tls>
        C: a002 AUTHENTICATE PLAIN b64(Ursel\0Kurt\0xipj3plmq)
        S: a002 NO [AUTHORIZATIONFAILED] …
    """,
    )
    assert the_result(recorder, "PLAIN") is Result.DENIED


class Pencil(PlaintextSecret):
    """The password of both SCRAM examples, with the salt of one."""

    def __init__(self, salt: str) -> None:
        super().__init__(b"pencil")
        self._salt = base64.b64decode(salt)

    def scram_keys(self, hash_name: str, salt: bytes) -> ScramKeys:
        return super().scram_keys(hash_name, self._salt)


def test_rfc_5802_section_5(example: Example, recorder: MemoryRecorder) -> None:
    """SCRAM-SHA-1, with the salt of the example."""
    play(
        example(
            {"user": Pencil("QSXCR+Q6sek8bf92")},
            "SCRAM-SHA-1",
            nonce="3rfcNHYJY1ZVvWVs7j",
        ),
        """
        S: * OK …
        C: a AUTHENTICATE SCRAM-SHA-1 b64(n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL)
        S: + b64(r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096)
        C: b64(c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=)
        S: + b64(v=rmF9pqV8S7suAoZWja4dJRkFsKQ=)
        C:
        S: a OK …
    """,
    )
    assert the_result(recorder, "SCRAM-SHA-1") is Result.SUCCESS


def test_rfc_7677_section_3(example: Example, recorder: MemoryRecorder) -> None:
    """SCRAM-SHA-256, the same way; one of its nonces has a parenthesis."""
    first = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
    nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
    server_first = f"r={nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
    final = f"c=biws,r={nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
    server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

    def encoded(message: str) -> str:
        return base64.b64encode(message.encode()).decode()

    play(
        example(
            {"user": Pencil("W22ZaJ0SNY7soEsUEjb6gQ==")},
            "SCRAM-SHA-256",
            nonce="%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        ),
        f"""
        S: * OK …
        C: a AUTHENTICATE SCRAM-SHA-256 {encoded(first)}
        S: + {encoded(server_first)}
        C: {encoded(final)}
        S: + {encoded(server_final)}
        C:
        S: a OK …
    """,
    )
    assert the_result(recorder, "SCRAM-SHA-256") is Result.SUCCESS


USER = {"user@example.com": PlaintextSecret(b"x")}


def test_rfc_7628_section_4_1(example: Example, recorder: MemoryRecorder) -> None:
    """A bearer token that is good."""
    response = (
        "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhv"
        "c3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyI"
        "HZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQ"
        "EB"
    )
    play(
        example(USER, "OAUTHBEARER"),
        f"""
        <tls>
        S: * OK …
        C: t0 CAPABILITY
        S: * CAPABILITY …AUTH=OAUTHBEARER…
        S: t0 OK …
        C: t1 AUTHENTICATE OAUTHBEARER {response}
        S: t1 OK …
    """,
    )
    assert the_result(recorder, "OAUTHBEARER") is Result.SUCCESS


# The response of RFC 7628 §4.3, which has no token and asks for the scope.
WITHOUT_A_TOKEN = (
    "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9AQE="
)
ERROR = '{"status":"invalid_token","schemes":"bearer","scope":"mail"}'


def test_rfc_7628_section_4_3(example: Example, recorder: MemoryRecorder) -> None:
    """The client answers the error with ^A; the failure comes behind it."""
    play(
        example(USER, "OAUTHBEARER"),
        f"""
        <tls>
        S: * OK …
        C: t1 AUTHENTICATE OAUTHBEARER {WITHOUT_A_TOKEN}
        S: + b64({ERROR})
        C: AQ==
        S: t1 NO …
    """,
    )
    assert the_result(recorder, "OAUTHBEARER") is Result.BAD_CREDENTIALS


def test_rfc_7628_section_4_3_cancelled(example: Example, recorder: MemoryRecorder) -> None:
    """The client answers with `*`; the completion is BAD as RFC 9051 §6.2.2 has it, not NO."""
    play(
        example(USER, "OAUTHBEARER"),
        f"""
        <tls>
        S: * OK …
        C: t1 AUTHENTICATE OAUTHBEARER {WITHOUT_A_TOKEN}
        S: + b64({ERROR})
        C: *
        S: t1 BAD …
    """,
    )
    assert the_result(recorder, "OAUTHBEARER") is Result.CANCELLED
