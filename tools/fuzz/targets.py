"""Fuzzing targets: each takes any octets, and fails if a promise is broken.

The first octet of a dialogue says how it begins. Whatever a client sends, a core raises nothing and
sends a limited amount, answers the same however the octets are segmented, and makes records that
can be written and read back.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from itertools import count

import msgspec

from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.server import ImapServer
from mailauth.login.event import Result, Service
from mailauth.login.policy import Cleartext
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.mailbox.store import Limits
from mailauth.origin import UNKNOWN
from mailauth.pop3.maildrop import Maildrop
from mailauth.pop3.server import Pop3Server
from mailauth.record import journal
from mailauth.record.line import (
    LineError,
    LoginLine,
    escape,
    format_line,
    origin_label,
    parse_line,
    unescape,
)
from mailauth.report.foreign.formats import FORMATS
from mailauth.report.foreign.reading import ForeignLog
from mailauth.report.foreign.records import Record
from mailauth.smtp.server import SmtpServer
from mailauth.testing import Dialogue, FakeClock, MemoryRecorder, accounts, authority, session_for
from mailauth.wire.proxy import V2_OCTETS, ProxyError, ProxyHeader, ProxyPreamble

LOGGED_IN, IMPLICIT_TLS, REFUSES_CLEARTEXT = 1, 2, 4
LOG = "log-"  # before the name of a format

_NOON = datetime(2020, 7, 28, 12, 0, tzinfo=UTC)
_MESSAGE = (
    b"From: =?utf-8?q?J=C3=B6rg?= <joerg@example.org>\r\nTo: a, b: c;\r\nSubject: Hello\r\n"
    b'Content-Type: multipart/mixed; boundary="x"\r\n\r\n--x\r\n\r\nHi.\r\n.\r\n--x--\r\n'
)
_LIMITS = Limits(message_size=4096, account_size=65_536)
_OUTPUT_PER_OCTET = 65_536  # an octet can ask for a mailbox more
_OUTPUT = 1 << 20

_LOGIN = {
    Service.IMAP: b"x LOGIN mary secret\r\nx SELECT INBOX\r\n",
    Service.POP3: b"USER mary\r\nPASS secret\r\n",
    Service.SMTP: b"EHLO fuzz\r\nAUTH PLAIN AG1hcnkAc2VjcmV0\r\n",
}


def imap(data: bytes) -> None:
    """An IMAP client."""
    _converse(Service.IMAP, data)


def pop3(data: bytes) -> None:
    """A POP3 client."""
    _converse(Service.POP3, data)


def smtp(data: bytes) -> None:
    """An SMTP client."""
    _converse(Service.SMTP, data)


def proxy(data: bytes) -> None:
    """A PROXY header, whole and octet by octet: the same, and nothing but its own error."""
    assert _proxied([data]) == _proxied([data[at : at + 1] for at in range(len(data))])


def line(data: bytes) -> None:
    """A line of the log: what can be read is written as it was read, if it is ours."""
    text = data.decode("utf-8", "surrogateescape")
    try:
        read = parse_line(text)
    except LineError:
        read = None
    if read is not None:
        ours = msgspec.structs.replace(read, origin=origin_label(read.origin))
        assert parse_line(format_line(read)) == ours
    assert unescape(escape(text)) == text
    if text:
        whole = LoginLine(
            time=_NOON.replace(tzinfo=None),
            protocol=Service.IMAP,
            secure=True,
            account=text,
            address="192.0.2.7",
            origin="LAN",
        )
        assert parse_line(format_line(whole)) == whole


def _log(log_format: str) -> Callable[[bytes], None]:
    """Return a target: the log of another server, read at once and in two chunks: the same.

    The first octet says where the log is cut. Records can be written as JSON, and only a known
    wire is secure.
    """

    def target(data: bytes) -> None:
        lines = data[1:].decode("utf-8", "replace").split("\n")
        cut = data[0] % len(lines) if data else 0
        parts = [part for part in (lines[:cut], lines[cut:]) if part]
        whole = _records(log_format, [lines])
        assert whole == _records(log_format, parts)
        for record in whole:
            assert msgspec.json.decode(msgspec.json.encode(record), type=Record) == record
            assert (record.secure is None) is (record.security is None)

    return target


TARGETS: dict[str, Callable[[bytes], None]] = {
    **{target.__name__: target for target in (imap, pop3, smtp, proxy, line)},
    **{f"{LOG}{name}": _log(name) for name in FORMATS},
}


class _Client:
    """One connection to a server of its own."""

    def __init__(self, protocol: Service, beginning: int) -> None:
        clock = FakeClock()
        self.recorder = MemoryRecorder(clock)
        store = MemoryStore(
            count(1000).__next__, lambda account: NewMessage(_MESSAGE, _NOON), _LIMITS
        )
        maildrop = Maildrop(store) if protocol is Service.POP3 else None
        session = session_for(
            protocol,
            authority(self.recorder, _ACCOUNTS, clock),
            cleartext=Cleartext.REFUSE if beginning & REFUSES_CLEARTEXT else Cleartext.ALLOW,
            admission=maildrop,
        )
        core: ImapServer | Pop3Server | SmtpServer
        if maildrop is not None:
            core = Pop3Server(session, maildrop, tls_available=True)
        elif protocol is Service.IMAP:
            core = ImapServer(
                session, store, now=lambda: _NOON, parsed=ParsedMessages(), tls_available=True
            )
        else:
            core = SmtpServer(
                session, store, accounts=lambda: _ACCOUNTS, now=lambda: _NOON, tls_available=True
            )
        self._dialogue = Dialogue(core, session)
        self.output = self._dialogue.connect(implicit_tls=bool(beginning & IMPLICIT_TLS))
        self.tls_was_begun = False
        if beginning & LOGGED_IN:
            self.send(_LOGIN[protocol])

    def send(self, data: bytes) -> None:
        """Send a segment, and complete a handshake that is begun."""
        if self._dialogue.closed or not data:
            return
        self.output += self._dialogue.send(data)
        if self._dialogue.starting_tls:
            self.tls_was_begun = True
            self.output += self._dialogue.start_tls()

    def leave(self) -> None:
        """Let the deadline pass."""
        if not self._dialogue.closed:
            self.output += self._dialogue.time_out()
            assert self._dialogue.closed


def _converse(protocol: Service, data: bytes) -> None:
    beginning, sent = data[0] if data else 0, data[1:]
    whole = _Client(protocol, beginning)
    whole.send(sent)
    whole.leave()
    assert len(whole.output) <= _OUTPUT + _OUTPUT_PER_OCTET * len(sent)
    _check_record(whole)
    if len(sent) <= 512:
        cut = _Client(protocol, beginning)
        for octet in sent:
            cut.send(bytes((octet,)))
        cut.leave()
        if not (whole.tls_was_begun or cut.tls_was_begun):
            assert cut.output == whole.output, (cut.output, whole.output)


def _check_record(client: _Client) -> None:
    """Check that a client that has logged in is recorded as an account, and can be read back."""
    for event in client.recorder.events:
        assert journal.decode(journal.encode(event)) == event
        assert event.result is not Result.SUCCESS or event.user in _NAMES


_ACCOUNTS = accounts()
_NAMES = {account.name for account in _ACCOUNTS}


def _records(log_format: str, parts: list[list[str]]) -> list[Record]:
    log = ForeignLog(
        zone=UTC,
        modified=_NOON,
        origin=lambda _: UNKNOWN,
        formats={log_format: FORMATS[log_format]},
        sign_seen=frozenset({log_format}),
    )
    records = [record for part in parts for record in log.read("\n".join(part))]
    return records + log.finish()


def _proxied(segments: list[bytes]) -> ProxyHeader | str | None:
    """Return the header, its error, or `None` when it is not whole."""
    preamble = ProxyPreamble()
    for segment in segments:
        if not segment:
            continue
        try:
            header = preamble.receive(segment)
        except ProxyError as error:
            return str(error)
        if header is not None:
            assert len(preamble.rest) <= len(segment)
            return header
        assert len(preamble.rest) <= V2_OCTETS
    return None
