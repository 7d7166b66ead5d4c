"""The parts of IMAP, POP3 and SMTP that a login needs, on the client's side."""

import base64
import binascii
import re
import ssl
from typing import Protocol

import msgspec

from mailauth.kit.dialogue import Dialogue
from mailauth.kit.sasl import Responses, begin
from mailauth.login.event import Service

MAX_LINES = 1000  # of one reply

IMAP_LOGIN = "IMAP-LOGIN"  # with the names of the journal
USER_PASS = "USER-PASS"


class Garbled(Exception):
    """The server's reply is not valid in its protocol; the message is the reply."""


class Refused(Exception):
    """The server refused; the message is its reply."""


class Offer(msgspec.Struct, frozen=True):
    """What the server offers in the current state of the connection."""

    starttls: bool
    mechanisms: tuple[str, ...]  # SASL's and the protocol's own, named as in the journal


class Speaker(Protocol):
    """One connection. Methods raise `Refused`, `Garbled`, `ServerClosed` and `OSError`."""

    def greeted(self) -> None:
        """Read the greeting."""

    def introduce(self, name: str | None) -> None:
        """Send the client's name, if the protocol has a command for it."""

    def offer(self) -> Offer:
        """Return what the server offers."""

    def start_tls(self, context: ssl.SSLContext, hostname: str) -> ssl.SSLSocket:
        """Begin TLS by STARTTLS or STLS."""

    def authenticate(self, mechanism: str, responses: Responses) -> str:
        """Log in with a SASL mechanism; return the server's reply."""

    def log_in(self, user: str, password: str) -> str:
        """Log in by the protocol's own way, or else by PLAIN; return the server's reply."""

    def quit(self) -> None:
        """Log out."""


class ImapSpeaker:
    """IMAP (RFC 9051)."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._tags = 0

    def greeted(self) -> None:
        line = self._dialogue.line()
        if not line.startswith("* OK"):
            raise (Refused if line.startswith("* BYE") else Garbled)(line)

    def introduce(self, name: str | None) -> None:
        if name is not None:
            self._command(f'ID ("name" {_quoted(name)})')

    def offer(self) -> Offer:
        words = [
            word
            for line in self._command("CAPABILITY")
            if line.upper().startswith("* CAPABILITY ")
            for word in line.upper().split()[2:]
        ]
        own = () if "LOGINDISABLED" in words else (IMAP_LOGIN,)
        sasl = tuple(word.removeprefix("AUTH=") for word in words if word.startswith("AUTH="))
        return Offer("STARTTLS" in words, (*sasl, *own))

    def start_tls(self, context: ssl.SSLContext, hostname: str) -> ssl.SSLSocket:
        self._command("STARTTLS")
        return self._dialogue.start_tls(context, hostname)

    def authenticate(self, mechanism: str, responses: Responses) -> str:
        return self._command(f"AUTHENTICATE {mechanism}", responses)[-1]

    def log_in(self, user: str, password: str) -> str:
        return self._command(f"LOGIN {_quoted(user)} {_quoted(password)}")[-1]

    def quit(self) -> None:
        self._command("LOGOUT")

    def _command(self, command: str, responses: Responses | None = None) -> list[str]:
        self._tags += 1
        tag = f"a{self._tags}"
        self._dialogue.send(f"{tag} {command}")
        lines = []
        for _ in range(MAX_LINES):
            line = self._dialogue.line()
            lines.append(line)
            if line.startswith("+") and responses is not None:
                _respond(self._dialogue, line[1:].strip(), responses)
            elif line.startswith(f"{tag} "):
                if not line.upper().startswith(f"{tag.upper()} OK"):
                    raise Refused(line.removeprefix(f"{tag} "))
                return lines
        raise Garbled(lines[-1])


class Pop3Speaker:
    """POP3 (RFC 1939, RFC 2449, RFC 5034)."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue

    def greeted(self) -> None:
        self._reply()

    def introduce(self, name: str | None) -> None:
        pass

    def offer(self) -> Offer:
        self._dialogue.send("CAPA")
        try:
            self._reply()
        except Refused:  # RFC 2449 §5: a server without CAPA
            return Offer(starttls=False, mechanisms=(USER_PASS,))
        words = [line.upper().split() for line in self._listed()]
        sasl = tuple(word for line in words if line[:1] == ["SASL"] for word in line[1:])
        own = (USER_PASS,) if ["USER"] in words else ()
        return Offer(["STLS"] in words, (*sasl, *own))

    def start_tls(self, context: ssl.SSLContext, hostname: str) -> ssl.SSLSocket:
        self._said("STLS")
        return self._dialogue.start_tls(context, hostname)

    def authenticate(self, mechanism: str, responses: Responses) -> str:
        self._dialogue.send(f"AUTH {mechanism}")
        for _ in range(MAX_LINES):
            line = self._dialogue.line()
            if not line.startswith("+ ") and line != "+":
                return _positive(line)
            _respond(self._dialogue, line[1:].strip(), responses)
        raise Garbled("challenges without an end")

    def log_in(self, user: str, password: str) -> str:
        self._said(f"USER {user}")
        return self._said(f"PASS {password}")

    def quit(self) -> None:
        self._said("QUIT")

    def _said(self, command: str) -> str:
        self._dialogue.send(command)
        return self._reply()

    def _reply(self) -> str:
        return _positive(self._dialogue.line())

    def _listed(self) -> list[str]:
        lines: list[str] = []
        while (line := self._dialogue.line()) != ".":
            lines.append(line)
            if len(lines) > MAX_LINES:
                raise Garbled(line)
        return lines


class SmtpSpeaker:
    """SMTP (RFC 5321, RFC 4954)."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue

    def greeted(self) -> None:
        self._reply("220")

    def introduce(self, name: str | None) -> None:
        self._said(f"EHLO {name or 'client.localhost'}", "250")

    def offer(self) -> Offer:
        lines = [line[4:].upper().split() for line in self._said("EHLO probe.localhost", "250")]
        sasl = tuple(word for line in lines if line[:1] == ["AUTH"] for word in line[1:])
        return Offer(["STARTTLS"] in lines, tuple(dict.fromkeys(sasl)))

    def start_tls(self, context: ssl.SSLContext, hostname: str) -> ssl.SSLSocket:
        self._said("STARTTLS", "220")
        return self._dialogue.start_tls(context, hostname)

    def authenticate(self, mechanism: str, responses: Responses) -> str:
        self._dialogue.send(f"AUTH {mechanism}")
        for _ in range(MAX_LINES):
            line = self._dialogue.line()
            if not line.startswith("334"):
                if line.startswith("235"):
                    return line
                raise Refused(line)
            _respond(self._dialogue, line[3:].strip(), responses)
        raise Garbled("challenges without an end")

    def log_in(self, user: str, password: str) -> str:
        return self.authenticate("PLAIN", begin("PLAIN", user, password, None))

    def quit(self) -> None:
        self._said("QUIT", "221")

    def _said(self, command: str, code: str) -> list[str]:
        self._dialogue.send(command)
        return self._reply(code)

    def _reply(self, code: str) -> list[str]:
        lines = [self._dialogue.line()]
        while lines[-1][3:4] == "-" and len(lines) < MAX_LINES:
            lines.append(self._dialogue.line())
        if not _REPLY.match(lines[-1]):
            raise Garbled(lines[-1])
        if not lines[-1].startswith(code):
            raise Refused(lines[-1])
        return lines


_REPLY = re.compile(r"[2-5]\d\d( |$)")


def speaker(protocol: Service, dialogue: Dialogue) -> Speaker:
    """Return a speaker of a mail protocol."""
    match protocol:
        case Service.IMAP:
            return ImapSpeaker(dialogue)
        case Service.POP3:
            return Pop3Speaker(dialogue)
        case Service.SMTP:
            return SmtpSpeaker(dialogue)
        case Service.HTTP:
            raise AssertionError("HTTP is not a mail protocol")


def _respond(dialogue: Dialogue, challenge: str, responses: Responses) -> None:
    try:
        data = base64.b64decode(challenge, validate=True)
    except binascii.Error:
        raise Garbled(challenge) from None
    try:
        response = responses.send(data)
    except StopIteration:
        raise Garbled("the server sent one challenge too many") from None
    dialogue.send(base64.b64encode(response).decode("ascii"))


def _positive(line: str) -> str:
    if line.startswith("+OK"):
        return line
    raise (Refused if line.startswith("-ERR") else Garbled)(line)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
