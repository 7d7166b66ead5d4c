"""Logs in to mail servers as clients do, and notes what came of it."""

import base64
import hmac
import socket
import ssl
from collections.abc import Generator
from contextlib import suppress
from datetime import UTC, datetime

import msgspec
from scramp import ScramClient

from mailauth.login.event import Service
from mailauth.report.foreign.verdict import Wire
from tools.servers.notes import Answer, Note, Session, Try, Way

_HELLO = "client.example.org"
_SECONDS = 40.0  # a server may delay the answer to a wrong password
_NOT_WITHOUT_TLS = (b"PRIVACYREQUIRED", b"538", b"503", b"502", b"500", b"530", b"504")


class DriverError(Exception):
    """A server answered otherwise than it was set up to."""


class HungUpError(DriverError):
    """A server ended the connection, as some do after a wrong password."""


class _Line:
    """A connection, line by line."""

    def __init__(self, plan: Session) -> None:
        self._socket = socket.create_connection(
            (plan.server, plan.port), timeout=_SECONDS, source_address=(plan.source, 0)
        )
        self.client_port: int = self._socket.getsockname()[1]
        self.tls_version: str | None = None
        if plan.wire is Wire.IMPLICIT:
            self.start_tls()
        self._file = self._socket.makefile("rb")

    def start_tls(self) -> None:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        secured = context.wrap_socket(self._socket, server_hostname="mail.example.com")
        self._socket, self.tls_version = secured, secured.version()
        self._file = secured.makefile("rb")

    def say(self, line: bytes) -> None:
        self._socket.sendall(line + b"\r\n")

    def hear(self) -> bytes:
        line = self._file.readline(65_536)
        if not line.endswith(b"\n"):
            raise HungUpError(f"the server hung up after {line!r}")
        return line.rstrip(b"\r\n")

    def close(self) -> None:
        if isinstance(self._socket, ssl.SSLSocket):
            with suppress(OSError, ssl.SSLError, ValueError):
                self._socket.unwrap()
        self._socket.close()


class _Speaker:
    """A protocol: how it greets, begins TLS, tries a login, and takes its leave."""

    def __init__(self, line: _Line, plan: Session) -> None:
        self.line = line
        self.plan = plan

    def ask(self, command: bytes) -> bytes:
        """Send a command, return the line that answers it."""
        raise NotImplementedError

    def greet(self) -> None:
        raise NotImplementedError

    def begin_tls(self) -> None:
        raise NotImplementedError

    def command(self, attempt: Try, password: str) -> bytes:
        """Log in without SASL."""
        raise NotImplementedError

    def logged_in(self) -> None:
        """What a client does then."""

    def leave(self) -> None:
        raise NotImplementedError

    def begin_sasl(self, mechanism: str, initial: bytes | None) -> bytes:
        raise NotImplementedError

    def sasl(self, attempt: Try, password: str) -> tuple[bytes, bool]:
        """Authenticate; return the last answer, and whether the password was sent as it is."""
        plain = base64.b64encode(f"\0{attempt.account}\0{password}".encode())
        match attempt.way:
            case Way.PLAIN_AT_ONCE:
                return self.begin_sasl("PLAIN", plain), True
            case Way.PLAIN:
                mechanism, responses = "PLAIN", iter([plain])
            case Way.LOGIN:
                parts = (attempt.account, password)
                responses = iter([base64.b64encode(part.encode()) for part in parts])
                mechanism = "LOGIN"
            case _:
                return self._challenged(attempt, password), False
        answer = self.begin_sasl(mechanism, None)
        sent = 0
        for response in responses:
            if not _continues(answer):
                break
            self.line.say(response)
            sent += 1
            answer = self._last(answer)
        return answer, sent == (2 if attempt.way is Way.LOGIN else 1)

    def _challenged(self, attempt: Try, password: str) -> bytes:
        answer = self.begin_sasl(attempt.way.value, None)
        answers = _answers(attempt, password)
        next(answers)
        while _continues(answer):
            challenge = base64.b64decode(answer.partition(b" ")[2])
            self.line.say(base64.b64encode(answers.send(challenge)))
            answer = self._last(answer)
        return answer

    def _last(self, _: bytes) -> bytes:
        return self.line.hear()


class _Imap(_Speaker):
    tag = 0

    def ask(self, command: bytes) -> bytes:
        self.tag += 1
        self.line.say(b"a%d %s" % (self.tag, command))
        return self._answer()

    def _answer(self) -> bytes:
        while True:
            line = self.line.hear()
            if line.startswith((b"a%d " % self.tag, b"+")):
                return line.removeprefix(b"a%d " % self.tag)

    def _last(self, _: bytes) -> bytes:
        return self._answer()

    def greet(self) -> None:
        self.line.hear()
        self._identify()

    def _identify(self) -> None:
        if self.plan.client_name is not None and self.plan.wire is not Wire.STARTTLS:
            self.ask(_identity(self.plan.client_name))

    def begin_tls(self) -> None:
        _must(self.ask(b"STARTTLS"), b"OK")
        self.line.start_tls()
        if self.plan.client_name is not None:
            self.ask(_identity(self.plan.client_name))

    def command(self, attempt: Try, password: str) -> bytes:
        return self.ask(b"LOGIN %s %s" % (_quoted(attempt.account), _quoted(password)))

    def begin_sasl(self, mechanism: str, initial: bytes | None) -> bytes:
        more = b" " + initial if initial is not None else b""
        return self.ask(b"AUTHENTICATE %s%s" % (mechanism.encode(), more))

    def leave(self) -> None:
        self.ask(b"LOGOUT")


class _Pop3(_Speaker):
    def ask(self, command: bytes) -> bytes:
        self.line.say(command)
        return self.line.hear()

    def greet(self) -> None:
        _must(self.line.hear(), b"+OK")

    def begin_tls(self) -> None:
        _must(self.ask(b"STLS"), b"+OK")
        self.line.start_tls()

    def command(self, attempt: Try, password: str) -> bytes:
        answer = self.ask(b"USER " + attempt.account.encode())
        return self.ask(b"PASS " + password.encode()) if answer.startswith(b"+OK") else answer

    def begin_sasl(self, mechanism: str, initial: bytes | None) -> bytes:
        more = b" " + initial if initial is not None else b""
        return self.ask(b"AUTH %s%s" % (mechanism.encode(), more))

    def leave(self) -> None:
        self.ask(b"QUIT")


class _Smtp(_Speaker):
    def ask(self, command: bytes) -> bytes:
        self.line.say(command)
        return self._answer()

    def _answer(self) -> bytes:
        while (line := self.line.hear())[3:4] == b"-":
            pass
        return line

    def greet(self) -> None:
        _must(self._answer(), b"220")
        _must(self._hello(), b"250")

    def _hello(self) -> bytes:
        return self.ask(b"EHLO " + _HELLO.encode())

    def begin_tls(self) -> None:
        _must(self.ask(b"STARTTLS"), b"220")
        self.line.start_tls()
        _must(self._hello(), b"250")

    def begin_sasl(self, mechanism: str, initial: bytes | None) -> bytes:
        more = b" " + initial if initial is not None else b""
        return self.ask(b"AUTH %s%s" % (mechanism.encode(), more))

    def logged_in(self) -> None:
        if self.plan.mail:
            account = self.plan.tries[-1].account.encode()
            _must(self.ask(b"MAIL FROM:<%s>" % account), b"250")
            _must(self.ask(b"RCPT TO:<bob@example.com>"), b"25")
            _must(self.ask(b"DATA"), b"354")
            self.line.say(b"From: <%s>\r\nSubject: hello\r\n\r\nhello\r\n." % account)
            _must(self._answer(), b"250")

    def leave(self) -> None:
        self.ask(b"QUIT")


_SPEAKERS = {Service.IMAP: _Imap, Service.POP3: _Pop3, Service.SMTP: _Smtp}


def log_in(plan: Session, passwords: dict[str, str]) -> list[Note]:
    """Go through a session; return a note for each attempt.

    Raises `DriverError` and `OSError` if the server does not do its part, and if a right password
    is taken for a wrong one, or a wrong one for a right one.
    """
    line = _Line(plan)
    notes = []
    try:
        speaker = _SPEAKERS[plan.service](line, plan)
        speaker.greet()
        if plan.wire is Wire.STARTTLS:
            if plan.first_in_clear is not None:
                notes.append(_attempt(speaker, plan.first_in_clear, passwords, Wire.CLEARTEXT))
            speaker.begin_tls()
        for attempt in plan.tries:
            try:
                notes.append(_attempt(speaker, attempt, passwords, plan.wire))
            except HungUpError:
                if not notes or notes[-1].answer is Answer.IN:
                    raise
                break
            if notes[-1].answer is Answer.IN:
                speaker.logged_in()
        with suppress(OSError, DriverError):  # some hang up on wrong passwords
            speaker.leave()
    finally:
        line.close()
    let_in = [number for number, note in enumerate(notes) if note.answer is Answer.IN]
    return [
        msgspec.structs.replace(note, then_in=any(later > number for later in let_in))
        for number, note in enumerate(notes)
    ]


def _attempt(speaker: _Speaker, attempt: Try, passwords: dict[str, str], wire: Wire) -> Note:
    plan = speaker.plan
    password = passwords.get(attempt.account, "unknown") if attempt.is_right else "guess"
    began = datetime.now(UTC)
    if attempt.way is Way.COMMAND:
        answer = speaker.command(attempt, password)
        sent = plan.service is Service.IMAP or not _is_refusal(answer)
    else:
        answer, sent = speaker.sasl(attempt, password)
    return Note(
        service=plan.service,
        wire=wire,
        source=plan.source,
        client_port=speaker.line.client_port,
        server_port=plan.port,
        account=attempt.account,
        is_right=attempt.is_right,
        way=attempt.way,
        answer=_said(answer, attempt, wire),
        sent=sent,
        mail=plan.mail and attempt.is_right,
        began=began,
        answered=datetime.now(UTC),
        tls_version=speaker.line.tls_version,
        client_name=_HELLO if plan.service is Service.SMTP else plan.client_name,
    )


def _said(answer: bytes, attempt: Try, wire: Wire) -> Answer:
    if answer.startswith((b"OK", b"+OK", b"235")):
        if not attempt.is_right:
            raise DriverError(f"let in with a wrong password: {answer!r}")
        return Answer.IN
    if wire is Wire.CLEARTEXT and _is_refusal(answer):
        return Answer.NOT_HERE
    if attempt.is_right:
        raise DriverError(f"not let in with the right password: {answer!r}")
    return Answer.WRONG


def _is_refusal(answer: bytes) -> bool:
    lower = answer.lower()
    return (
        any(code in answer[:24] for code in _NOT_WITHOUT_TLS)
        or any(said in lower for said in (b"plaintext", b"cleartext", b"tls", b"ssl", b"privacy"))
        or any(
            said in lower
            for said in (b"under a layer", b"unsupported auth", b"disabled", b"invalid command")
        )
    )


def _continues(answer: bytes) -> bool:
    return answer.startswith((b"+ ", b"334")) or answer == b"+"


def _answers(attempt: Try, password: str) -> Generator[bytes, bytes, None]:
    """The responses to a challenge, as a coroutine: CRAM-MD5 (RFC 2195), SCRAM (RFC 5802)."""
    challenge = yield b""
    if attempt.way is Way.CRAM_MD5:
        digest = hmac.new(password.encode(), challenge, "md5").hexdigest()
        yield f"{attempt.account} {digest}".encode()
        return
    client = ScramClient(["SCRAM-SHA-256"], attempt.account, password)
    challenge = yield client.get_client_first().encode()
    client.set_server_first(challenge.decode())
    challenge = yield client.get_client_final().encode()
    client.set_server_final(challenge.decode())
    yield b""


def _identity(name: str) -> bytes:
    return b'ID ("name" %s "version" "1.2")' % _quoted(name)


def _quoted(text: str) -> bytes:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'.encode()


def _must(answer: bytes, beginning: bytes) -> None:
    if not answer.startswith(beginning):
        raise DriverError(f"{beginning.decode()} was expected, and it said {answer!r}")
