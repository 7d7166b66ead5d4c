"""What is recorded of a real Dovecot that is set up as docs/servers/dovecot-policy.md says."""

import imaplib
import poplib
import re
import secrets
import signal
import ssl
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from mailauth.certs.server import Store
from mailauth.login.event import LoginEvent, Result, Service
from mailauth.login.hop import Security
from mailauth.testing import RunningServer
from tests.live.support.programs import needs
from tests.live.support.watching import eventually
from tests.live.support.ways import BOB, PASSWORD
from tests.support.certificates import certificates
from tools.bench.dovecot import Dovecot

__all__ = ["certificates"]

PAGE = Path(__file__).parents[3] / "docs" / "servers" / "dovecot-policy.md"
TOKEN = secrets.token_hex(32)
LISTENERS = {993: "imaps", 995: "pop3s", 143: "imap", 110: "pop3"}
AT_ONCE = 1.0  # seconds for a login that waits for nobody; Dovecot's limit for a request is 2

# A wrong password is answered at once, and does not slow the next login.
QUICK = """
auth_failure_delay = 0
service anvil { unix_listener anvil-auth-penalty { mode = 0 } }
"""


class Note(msgspec.Struct, frozen=True):
    """What the driver did, and knows of it."""

    protocol: Service
    security: Security
    local_port: int
    port: int
    result: Result
    user: str
    exposed: bool | None
    client_name: str | None = None


def recipe(kind: str) -> str:
    """Return the page's first block of a kind."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    text: str = next(text for found, text in blocks if found == kind)
    return text


class Both:
    """A Dovecot that reports to a mailauth."""

    def __init__(self, mailauth: RunningServer, dovecot: Dovecot) -> None:
        self.mailauth = mailauth
        self.dovecot = dovecot

    def imap(self, security: Security, password: str = PASSWORD, name: str | None = None) -> Note:
        """Log in by IMAP, and say what is to be recorded."""
        trusting = ssl._create_unverified_context()
        if security is Security.IMPLICIT:
            port = self.dovecot.port("imaps")
            client: imaplib.IMAP4 = imaplib.IMAP4_SSL("127.0.0.1", port, ssl_context=trusting)
        else:
            port = self.dovecot.port("imap")
            client = imaplib.IMAP4("127.0.0.1", port)
        with client:
            if security is Security.STARTTLS:
                client.starttls(trusting)
            if name is not None:
                client.xatom("ID", f'("name" "{name}" "version" "1.0")')
            with suppress(imaplib.IMAP4.error):
                client.login(BOB, password)
            return self._note(
                Service.IMAP, security, port, client.sock.getsockname()[1], password, name
            )

    def pop3(self, security: Security, password: str = PASSWORD) -> Note:
        """Log in by POP3, and say what is to be recorded."""
        trusting = ssl._create_unverified_context()
        if security is Security.IMPLICIT:
            port = self.dovecot.port("pop3s")
            client: poplib.POP3 = poplib.POP3_SSL("127.0.0.1", port, context=trusting)
        else:
            port = self.dovecot.port("pop3")
            client = poplib.POP3("127.0.0.1", port)
        try:
            if security is Security.STARTTLS:
                client.stls(trusting)
            client.user(BOB)
            with suppress(poplib.error_proto):
                client.pass_(password)
            return self._note(
                Service.POP3, security, port, client.sock.getsockname()[1], password, None
            )
        finally:
            client.close()

    def _note(
        self,
        protocol: Service,
        security: Security,
        local_port: int,
        port: int,
        password: str,
        name: str | None,
    ) -> Note:
        is_right = password == PASSWORD
        exposed: bool | None = False
        if security is Security.CLEARTEXT:
            exposed = True if is_right else None
        return Note(
            protocol=protocol,
            security=security,
            local_port=local_port,
            port=port,
            result=Result.SUCCESS if is_right else Result.BAD_CREDENTIALS,
            user=BOB,
            exposed=exposed,
            client_name=name,
        )

    def recorded(self, count: int) -> list[LoginEvent]:
        """Return the records of reports, once there are so many."""
        eventually(lambda: len(self.mailauth.attempts()) >= count)
        return self.mailauth.attempts()


@pytest.fixture
def readable() -> Iterator[Path]:
    """A directory that Dovecot's own users can read, as pytest's are not."""
    with tempfile.TemporaryDirectory(prefix="dovecot-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        yield directory


@pytest.fixture
def both(tmp_path: Path, readable: Path, certificates: Store) -> Iterator[Both]:
    needs("dovecot")
    home = tmp_path / "home"
    home.mkdir()
    token = home / "dovecot.token"
    token.touch(mode=0o600)
    token.write_text(f"{TOKEN}\n")
    dovecot = Dovecot(readable / "dovecot", [BOB], certificates.certificate, certificates.key)
    text = recipe("toml")
    for standard, name in LISTENERS.items():
        text = re.sub(rf"\b{standard}\b", str(dovecot.port(name)), text)
    (home / "mailauth.toml").write_text(
        f'{text}\n[[user]]\nname = "mary"\npassword = "not asked"\n'
    )
    mailauth = RunningServer(home)
    mailauth.start()
    try:
        (reporter,) = mailauth.ready.reporters
        settings = recipe("").replace("TOKEN", TOKEN).replace(":5273/", f":{reporter.port}/")
        dovecot.configure(settings + QUICK)
        with dovecot:
            yield Both(mailauth, dovecot)
    finally:
        if mailauth.process.poll() is None:
            mailauth.stop()


def test_each_login_is_recorded_as_the_driver_knows_it(both: Both) -> None:
    """In the clear, by STARTTLS and by implicit TLS, right and wrong, IMAP and POP3."""
    notes = [
        log_in(security, password)
        for log_in in (both.imap, both.pop3)
        for security in (Security.CLEARTEXT, Security.STARTTLS, Security.IMPLICIT)
        for password in (PASSWORD, "wrong")
    ]
    notes.append(both.imap(Security.CLEARTEXT, name="Some Mail"))
    records = both.recorded(len(notes))
    assert [_noted(record) for record in records] == notes
    for record in records:
        assert (record.source, record.listener) == ("dovecot-policy", "dovecot-policy")
        assert (record.ip, record.mechanism) == ("127.0.0.1", "PLAIN")
        assert record.secure is (record.security is not Security.CLEARTEXT)
        assert record.session
    rights = [note for note in notes if note.result is Result.SUCCESS]
    lines = both.mailauth.logins()
    assert [(line.protocol, line.secure) for line in lines] == [
        (note.protocol, note.security is not Security.CLEARTEXT) for note in rights
    ]
    assert both.mailauth.stderr_file.read_text() == ""


def test_users_log_in_whether_mailauth_runs_hangs_or_is_down(both: Both) -> None:
    """The delay of each login is small beside the 2 s that Dovecot waits for an answer."""
    both.imap(Security.CLEARTEXT)
    both.recorded(1)
    delays = {"runs": _delay(both)}
    both.mailauth.process.send_signal(signal.SIGSTOP)
    delays["hangs"] = _delay(both)
    both.mailauth.process.send_signal(signal.SIGCONT)
    both.recorded(3)
    both.mailauth.kill()
    delays["is down"] = _delay(both)
    assert max(delays.values()) < AT_ONCE, delays


def _delay(both: Both) -> float:
    """Log in rightly, and return how long that took."""
    begun = time.monotonic()
    with imaplib.IMAP4("127.0.0.1", both.dovecot.port("imap")) as client:
        client.login(BOB, PASSWORD)
        return time.monotonic() - begun


def _noted(record: LoginEvent) -> Note:
    assert record.protocol is not None
    assert record.security is not None
    assert record.local_port is not None
    assert record.port is not None
    assert record.result is not None
    assert record.user is not None
    return Note(
        protocol=record.protocol,
        security=record.security,
        local_port=record.local_port,
        port=record.port,
        result=record.result,
        user=record.user,
        exposed=record.exposed,
        client_name=record.client_name,
    )
