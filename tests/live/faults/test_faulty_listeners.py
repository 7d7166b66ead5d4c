"""What each fault looks like to a client, on all protocols that can have it."""

import imaplib
import poplib
import smtplib
import ssl
import time
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from mailauth.faults import FAULTS, Fault, FaultKind
from mailauth.faults.catalogue import SLOW_SECONDS
from mailauth.testing import ApiError, MailAuth
from tests.live.support.lines import Lines

pytestmark = pytest.mark.xdist_group("faulty listeners")

IMPLICIT = ("imaps", "pop3s", "smtps")
STARTTLS = ("imap", "pop3", "smtp")

REFUSALS = {
    Fault.EXPIRED: ("certificate has expired", "certificate expired"),
    Fault.NOT_YET_VALID: ("certificate is not yet valid", "bad certificate"),
    Fault.SELF_SIGNED: ("self-signed certificate", "unknown ca"),
    Fault.UNKNOWN_CA: ("unable to get local issuer certificate", "unknown ca"),
    Fault.WRONG_HOST: ("Hostname mismatch", ""),
    Fault.WEAK_KEY: ("EE certificate key too weak", ""),
    Fault.SHA1: ("CA signature digest algorithm too weak", ""),
    Fault.CHAIN_INCOMPLETE: ("unable to get local issuer certificate", "unknown ca"),
}


@pytest.fixture(scope="module")
def shared() -> Iterator[MailAuth]:
    with MailAuth() as server:
        yield server


@pytest.fixture
def mailauth(shared: MailAuth) -> MailAuth:
    shared.reset()
    return shared


def implicit_imap(server: MailAuth, context: ssl.SSLContext) -> None:
    port = server.port("imaps")
    with imaplib.IMAP4_SSL("localhost", port, ssl_context=context, timeout=20) as client:
        client.login(*server.user("bob"))


def implicit_pop3(server: MailAuth, context: ssl.SSLContext) -> None:
    client = poplib.POP3_SSL("localhost", server.port("pop3s"), context=context, timeout=20)
    client.user(server.user("bob").name)
    client.pass_(server.user("bob").password)
    client.quit()


def implicit_smtp(server: MailAuth, context: ssl.SSLContext) -> None:
    port = server.port("smtps")
    with smtplib.SMTP_SSL("localhost", port, context=context, timeout=20) as client:
        client.login(*server.user("bob"))


CLIENTS = dict(zip(IMPLICIT, (implicit_imap, implicit_pop3, implicit_smtp), strict=True))


@pytest.fixture(params=CLIENTS)
def listener(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("fault", REFUSALS, ids=lambda fault: fault.value)
def test_a_certificate_is_wrong_in_one_way(mailauth: MailAuth, listener: str, fault: Fault) -> None:
    """A client that verifies says which, and one that does not verify is let in securely."""
    complaint, alert = REFUSALS[fault]
    careless = ssl.create_default_context()
    careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
    careless.set_ciphers("DEFAULT:@SECLEVEL=0")
    log_in = CLIENTS[listener]
    with mailauth.fault(listener, fault.value):
        with pytest.raises(ssl.SSLCertVerificationError, match=complaint):
            log_in(mailauth, mailauth.ssl_context())
        mailauth.wait_for_connection(alert or "tls-handshake-failed")
        log_in(mailauth, careless)
        assert mailauth.login().secure
    mailauth.reset()
    log_in(mailauth, mailauth.ssl_context())
    assert mailauth.login().tls_version == "TLSv1.3"


def test_only_old_versions_are_spoken(mailauth: MailAuth, listener: str) -> None:
    with mailauth.fault(listener, "old-version-only"):
        with pytest.raises(ssl.SSLError):
            CLIENTS[listener](mailauth, mailauth.ssl_context())
        mailauth.wait_for_connection("unsupported protocol")
        old = mailauth.ssl_context()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            old.minimum_version = ssl.TLSVersion.TLSv1_1
        old.set_ciphers("DEFAULT:@SECLEVEL=0")
        CLIENTS[listener](mailauth, old)
        assert mailauth.login().tls_version == "TLSv1.1"


@pytest.mark.parametrize("fault", ["handshake-abort", "close-after-hello"])
def test_the_handshake_comes_to_nothing(mailauth: MailAuth, listener: str, fault: str) -> None:
    with mailauth.fault(listener, fault):
        with pytest.raises((ssl.SSLError, ConnectionError)) as error:
            CLIENTS[listener](mailauth, mailauth.ssl_context())
        assert ("ALERT_HANDSHAKE_FAILURE" in str(error.value)) is (fault == "handshake-abort")
        mailauth.wait_for_connection(f"tls-handshake-failed: fault: {fault}")


def test_the_handshake_stalls(mailauth: MailAuth) -> None:
    with mailauth.fault("imaps", "handshake-stall"), pytest.raises(TimeoutError):
        imaplib.IMAP4_SSL(
            "localhost", mailauth.port("imaps"), ssl_context=mailauth.ssl_context(), timeout=0.5
        )


HELLO = {"imap": "a1 CAPABILITY", "pop3": "CAPA", "smtp": "EHLO client"}
TLS = {"imap": "a2 STARTTLS", "pop3": "STLS", "smtp": "STARTTLS"}
NAME, PASSWORD = "bob@mydomain.com", "secret"
LOGIN = {
    "imap": [f"a3 LOGIN {NAME} {PASSWORD}"],
    "pop3": [f"USER {NAME}", f"PASS {PASSWORD}"],
    "smtp": ["AUTH PLAIN AGJvYkBteWRvbWFpbi5jb20Ac2VjcmV0"],
}


@pytest.fixture(params=STARTTLS)
def cleartext(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def lines_of(server: MailAuth, listener: str) -> Lines:
    lines = Lines(server.port(listener), listener)
    lines.read(1)
    return lines


def log_in(lines: Lines, protocol: str) -> str:
    if protocol == "smtp":
        lines.ask(HELLO[protocol])
    for line in LOGIN[protocol]:
        answer = lines.ask(line)
    return answer


def test_starttls_is_not_offered(mailauth: MailAuth, cleartext: str) -> None:
    with mailauth.fault(cleartext, "stripped"), lines_of(mailauth, cleartext) as lines:
        assert TLS[cleartext].split()[-1] not in lines.ask(HELLO[cleartext])
        assert lines.ask(TLS[cleartext]).startswith(("a2 BAD", "-ERR", "502"))
        assert log_in(lines, cleartext).startswith(("a3 OK", "+OK", "235"))
    assert mailauth.login().exposed


def test_starttls_is_refused(mailauth: MailAuth, cleartext: str) -> None:
    with mailauth.fault(cleartext, "refused"), lines_of(mailauth, cleartext) as lines:
        assert TLS[cleartext].split()[-1] in lines.ask(HELLO[cleartext])
        assert lines.ask(TLS[cleartext]).startswith(("a2 NO", "-ERR", "454 4.7.0"))
        assert log_in(lines, cleartext).startswith(("a3 OK", "+OK", "235"))


def test_starttls_is_accepted_and_not_done(mailauth: MailAuth, cleartext: str) -> None:
    with (
        mailauth.fault(cleartext, "accepted-then-cleartext"),
        lines_of(mailauth, cleartext) as lines,
    ):
        lines.ask(HELLO[cleartext])
        assert lines.ask(TLS[cleartext]).startswith(("a2 OK", "+OK", "220"))
        assert log_in(lines, cleartext).startswith(("a3 OK", "+OK", "235"))
    assert not mailauth.login().secure


INJECTED = {
    "imap": "a2 OK Begin TLS negotiation now\n* CAPABILITY IMAP4rev1 X-INJECTED\na3 OK injected\n",
    "pop3": "+OK Begin TLS negotiation\n+OK injected\n",
    "smtp": "220 2.0.0 Begin TLS negotiation\n250-injected\n250 AUTH PLAIN LOGIN\n",
}


def test_replies_are_injected_behind_starttls(mailauth: MailAuth, cleartext: str) -> None:
    """A client that throws them away logs in; one that believes them is found out."""
    with mailauth.fault(cleartext, "response-injection"):
        with lines_of(mailauth, cleartext) as lines:
            lines.send(TLS[cleartext])
            assert lines.read(INJECTED[cleartext].count("\n")) == INJECTED[cleartext]
            lines.start_tls(mailauth.ssl_context())
            lines.ask(HELLO[cleartext])
            assert log_in(lines, cleartext).startswith(("a3 OK", "+OK", "235"))
            assert mailauth.login().secure
        mailauth.reset()


def test_a_client_that_believes_injected_replies_is_recorded(
    mailauth: MailAuth, cleartext: str
) -> None:
    with mailauth.fault(cleartext, "response-injection"), lines_of(mailauth, cleartext) as lines:
        lines.send(TLS[cleartext])
        lines.read(INJECTED[cleartext].count("\n"))
        lines.start_tls(mailauth.ssl_context())
        lines.send(HELLO[cleartext])
        lines.send(LOGIN[cleartext][0])  # what it takes for an answer is there already
        mailauth.wait_for_connection("took a reply sent in the clear for an answer inside TLS")
    assert mailauth.attempts() == []


REFUSING = {
    "imap": "a3 NO injected\n",
    "pop3": "-ERR injected\n",
    "smtp": "502 5.5.1 injected\n",
}


def test_a_refusal_is_injected_behind_starttls(mailauth: MailAuth, cleartext: str) -> None:
    """A client that believes it goes on as if it had been answered."""
    refused = INJECTED[cleartext].partition("\n")[0] + "\n" + REFUSING[cleartext]
    with mailauth.fault(cleartext, "negative-injection"):
        with lines_of(mailauth, cleartext) as lines:
            lines.send(TLS[cleartext])
            assert lines.read(2) == refused
            lines.start_tls(mailauth.ssl_context())
            lines.ask(HELLO[cleartext])
            assert log_in(lines, cleartext).startswith(("a3 OK", "+OK", "235"))
            assert mailauth.login().secure
        with lines_of(mailauth, cleartext) as lines:
            lines.send(TLS[cleartext])
            lines.read(2)
            lines.start_tls(mailauth.ssl_context())
            lines.send(HELLO[cleartext])
            lines.send(LOGIN[cleartext][0])
            mailauth.wait_for_connection("took a reply sent in the clear for an answer inside TLS")
        assert len(mailauth.attempts()) == 1


def test_mechanisms_are_injected_untagged_behind_starttls(mailauth: MailAuth) -> None:
    """RFC 9051 §6.2.1: what was said of capabilities before the handshake is forgotten."""
    with mailauth.fault("imap", "untagged-injection"), lines_of(mailauth, "imap") as lines:
        lines.send(TLS["imap"])
        injected = "* CAPABILITY IMAP4rev1 LOGINDISABLED AUTH=SCRAM-SHA-256 AUTH=CRAM-MD5\n"
        assert lines.read(2).endswith(injected)
        lines.start_tls(mailauth.ssl_context())
        lines.send("a2 CAPABILITY")
        assert " AUTH=PLAIN AUTH=LOGIN " in lines.read(2).replace("\n", " ")
        assert lines.ask("a3 AUTHENTICATE CRAM-MD5").startswith("a3 NO")
        assert mailauth.wait_for_attempt(secure=True).result == "mechanism-unknown"


def test_a_greeting_says_that_the_client_is_logged_in(mailauth: MailAuth) -> None:
    with mailauth.fault("imap", "preauth"), Lines(mailauth.port("imap"), "imap") as lines:
        assert lines.read(1).startswith("* PREAUTH [CAPABILITY ")
        assert lines.ask("a2 STARTTLS").startswith("a2 BAD")
        assert lines.ask("a3 SELECT INBOX").startswith("a3 BAD")
        mailauth.wait_for_connection("went on in the clear behind PREAUTH: SELECT")


def test_a_right_password_is_unavailable(mailauth: MailAuth, cleartext: str) -> None:
    with mailauth.fault(cleartext, "temporary-failure"), lines_of(mailauth, cleartext) as lines:
        answer = log_in(lines, cleartext)
        assert answer.startswith(("a3 NO [UNAVAILABLE]", "-ERR [SYS/TEMP]", "454 4.7.0"))
    (attempt,) = mailauth.attempts()
    assert (attempt.result, attempt.reason) == ("unavailable", "fault: temporary-failure")
    assert attempt.exposed
    assert mailauth.logins() == []


def test_the_answer_to_a_login_is_late(mailauth: MailAuth) -> None:
    with mailauth.fault("imap", "slow"), lines_of(mailauth, "imap") as lines:
        began = time.monotonic()
        assert log_in(lines, "imap").startswith("a3 OK")
        assert time.monotonic() - began > SLOW_SECONDS - 0.1


def test_the_connection_is_closed_on_a_right_password(mailauth: MailAuth, cleartext: str) -> None:
    with mailauth.fault(cleartext, "drop-mid-auth"), lines_of(mailauth, cleartext) as lines:
        assert log_in(lines, cleartext) == ""
    (attempt,) = mailauth.attempts()
    assert (attempt.result, attempt.reason) == ("unavailable", "fault: drop-mid-auth")


WRONG_CODES = {"imap": "a3 YES Welcome\n", "pop3": "+YES Welcome\n", "smtp": "250 2.0.0 Welcome\n"}


def test_the_answer_is_neither_yes_nor_no(mailauth: MailAuth, cleartext: str) -> None:
    with mailauth.fault(cleartext, "wrong-code"), lines_of(mailauth, cleartext) as lines:
        assert log_in(lines, cleartext) == WRONG_CODES[cleartext]
    assert mailauth.logins() == []


OFFERED = {
    "imap": ("AUTH=PLAIN AUTH=LOGIN", "AUTH=SCRAM-SHA-256 AUTH=CRAM-MD5 AUTH=PLAIN AUTH=LOGIN"),
    "pop3": ("SASL PLAIN LOGIN", "SASL SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN"),
    "smtp": ("AUTH PLAIN LOGIN", "AUTH SCRAM-SHA-256 CRAM-MD5 PLAIN LOGIN"),
}
CRAM = {"imap": "a4 AUTHENTICATE CRAM-MD5", "pop3": "AUTH CRAM-MD5", "smtp": "AUTH CRAM-MD5"}


@pytest.mark.parametrize(("fault", "index"), [("mechanism-downgrade", 0), ("capability-lie", 1)])
def test_mechanisms_are_fewer_than_they_could_be(
    mailauth: MailAuth, cleartext: str, fault: str, index: int
) -> None:
    with mailauth.fault(cleartext, fault), lines_of(mailauth, cleartext) as lines:
        announced = lines.ask(HELLO[cleartext])
        assert OFFERED[cleartext][index] in announced
        assert ("CRAM-MD5" in announced) is (fault == "capability-lie")
        assert lines.ask(CRAM[cleartext]).startswith(("a4 NO [CANNOT]", "-ERR", "504"))
        assert log_in(lines, cleartext).startswith(("a3 OK", "+OK", "235"))


def test_a_fault_that_a_listener_cannot_have_is_refused(mailauth: MailAuth) -> None:
    for listener, fault, complaint in (
        ("http", "expired", r'http\.fault: \\"expired\\" is for a listener with TLS'),
        ("imaps", "stripped", r"is for a listener with tls"),
        ("https", "slow", "is for a mail listener"),
        ("pop3", "preauth", "is for an IMAP listener"),
        ("smtp", "untagged-injection", "is for an IMAP listener"),
        ("imap", "bad-mood", "Unknown fault. Known faults: expired"),
    ):
        with pytest.raises(ApiError, match=complaint), mailauth.fault(listener, fault):
            pass
    with pytest.raises(LookupError, match="no listener nntp"), mailauth.fault("nntp", "slow"):
        pass


def test_a_reset_clears_what_the_configuration_does_not_say() -> None:
    config = """
        [[user]]
        name = "bob"
        password = "right"
        [[listener]]
        name = "imap"
        protocol = "imap"
        port = 0
        fault = "temporary-failure"
        [[listener]]
        name = "http"
        protocol = "http"
        port = 0
    """
    with MailAuth(config) as server, server.fault("imap", "slow"):
        server.reset()
        with (
            imaplib.IMAP4("localhost", server.port("imap")) as client,
            pytest.raises(imaplib.IMAP4.error, match="UNAVAILABLE"),
        ):
            client.login("bob", "right")


def failing(server: MailAuth, listener: str) -> str:
    """Log in with a right password, and return the answer."""
    with lines_of(server, listener) as lines:
        return log_in(lines, listener)


def test_a_fault_that_a_test_leaves_behind_is_gone_for_the_next(shared: MailAuth) -> None:
    """And what the first test leaves only now is no business of the second's fault."""
    shared.reset()
    left = shared.fault("imap", "temporary-failure")
    left.__enter__()
    assert "UNAVAILABLE" in failing(shared, "imap")
    shared.reset()
    assert failing(shared, "imap").startswith("a3 OK")
    with shared.fault("imap", "wrong-code"):
        left.__exit__(None, None, None)
        assert failing(shared, "imap") == WRONG_CODES["imap"]
    assert failing(shared, "imap").startswith("a3 OK")


def test_a_fault_that_fails_the_test_ends_with_its_block(mailauth: MailAuth) -> None:
    with pytest.raises(ZeroDivisionError), mailauth.fault("pop3", "drop-mid-auth"):
        raise ZeroDivisionError
    assert failing(mailauth, "pop3").startswith("+OK")


def test_two_listeners_have_faults_of_their_own(mailauth: MailAuth) -> None:
    with mailauth.fault("imap", "wrong-code"), mailauth.fault("pop3", "temporary-failure"):
        assert failing(mailauth, "imap") == WRONG_CODES["imap"]
        assert failing(mailauth, "pop3").startswith("-ERR [SYS/TEMP]")
        assert failing(mailauth, "smtp").startswith("235")
        with pytest.raises(ssl.SSLCertVerificationError), mailauth.fault("pop3s", "self-signed"):
            implicit_pop3(mailauth, mailauth.ssl_context())
        implicit_imap(mailauth, mailauth.ssl_context())


def test_who_is_connected_has_what_there_was_when_they_came(mailauth: MailAuth) -> None:
    """A fault is for those who connect while it is there, and for all that they do then."""
    with lines_of(mailauth, "imap") as before:
        fault = mailauth.fault("imap", "temporary-failure")
        fault.__enter__()
        assert log_in(before, "imap").startswith("a3 OK")
        with lines_of(mailauth, "imap") as during:
            fault.__exit__(None, None, None)
            assert log_in(during, "imap").startswith("a3 NO [UNAVAILABLE]")


def test_a_connection_from_before_begins_tls_as_the_listener_does_now(mailauth: MailAuth) -> None:
    with lines_of(mailauth, "imap") as before, mailauth.fault("imap", "expired"):
        before.ask("a1 STARTTLS")
        with pytest.raises(ssl.SSLCertVerificationError, match="certificate has expired"):
            before.start_tls(mailauth.ssl_context())


def test_a_listener_that_requires_certificates_can_have_faults() -> None:
    config = """
        [listen]
        client_certificates = "required"
        [[user]]
        name = "bob@mydomain.com"
        password = "secret"
    """
    with MailAuth(config) as server:
        careless = ssl.create_default_context()
        careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
        with server.fault("imaps", "expired"):
            with pytest.raises(ssl.SSLError, match="certificate required"):
                imaplib.IMAP4_SSL("localhost", server.port("imaps"), ssl_context=careless)
            server.wait_for_connection("peer did not return a certificate")
        for fault in ("handshake-abort", "close-after-hello", "old-version-only"):
            with server.fault("pop3s", fault), pytest.raises((ssl.SSLError, ConnectionError)):
                implicit_pop3(server, server.ssl_context())
        with server.fault("imap", "stripped"), lines_of(server, "imap") as lines:
            assert log_in(lines, "imap").startswith("a3 OK")


def test_every_fault_is_tried_here() -> None:
    text = Path(__file__).read_text("utf-8")
    for fault in Fault:
        assert fault in REFUSALS or f'"{fault.value}"' in text, f"{fault} has no test"
    assert set(FAULTS) == set(Fault)
    assert {FAULTS[fault].kind for fault in REFUSALS} == {FaultKind.CERTIFICATE}
