"""An IMAP client that knows of its mailbox what it was told, and nothing else (RFC 9051 §5.2)."""

import re
import socket
import time

import msgspec

_LITERAL = re.compile(rb"\{(\d+)\}\r\n\Z")
_UNTAGGED = re.compile(rb"\* (\d+) (EXISTS|RECENT|EXPUNGE|FETCH)(.*)\r\n\Z", re.DOTALL)
_STATUS = re.compile(rb"(\S+) (OK|NO|BAD)(?: \[([A-Z-]+)[^\]]*\])?.*\r\n\Z")
_UID = re.compile(rb"[( ]UID (\d+)")
_FLAGS = re.compile(rb"[( ]FLAGS \(([^)]*)\)")
_MODSEQ = re.compile(rb"[( ]MODSEQ \((\d+)\)")
_SUBJECT = re.compile(rb"BODY\[\] \{\d+\}\r\nSubject: (\S+)\r\n")
_NEWS = {b"FLAGS", b"OK", b"SEARCH"}  # untagged responses that say nothing of a message


class ProtocolError(Exception):
    """The server has said what it may not say."""


class Known(msgspec.Struct):
    """A message, as far as the client knows it; `\\Recent` is the session's own, and apart."""

    uid: int | None = None
    flags: frozenset[bytes] | None = None
    modseq: int = 0
    recent: bool = False


class Mirror:
    """A client with one mailbox selected. `messages` is what it knows, by number (from 0).

    `subjects` has what was read, by UID; `recent` the UIDs that were recent here.
    """

    def __init__(self, port: int, name: str) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 60)
        self.messages: list[Known] = []
        self.subjects: dict[int, bytes] = {}
        self.recent: set[int] = set()
        self.uid_validity = 0
        self._buffer = b""
        self._commands = 0
        self._response(60)
        self.run(b"LOGIN %b secret" % name.encode())
        self.run(b"ENABLE CONDSTORE")

    def close(self) -> None:
        """Leave without a word."""
        self.socket.close()

    def select(self, mailbox: bytes, command: bytes = b"SELECT") -> None:
        """Open a mailbox, and ask for everything in it."""
        self.messages = []
        self.subjects, self.recent = {}, set()
        self.run(b"%b %b" % (command, mailbox))
        self.meet()

    def meet(self) -> None:
        """Ask what the new messages are; those that are gone already have to be told so first."""
        while (first := self._first_unknown()) is not None:
            self.run(b"FETCH %d:* (UID FLAGS)" % first)
            if self._first_unknown() is not None:
                self.run(b"NOOP")
        uids = [known.uid for known in self.messages if known.uid is not None]
        if uids != sorted(set(uids)):
            raise ProtocolError(f"UIDs do not ascend: {uids}")

    def _first_unknown(self) -> int | None:
        return next((n for n, known in enumerate(self.messages, 1) if known.uid is None), None)

    def run(self, command: bytes) -> bytes | None:
        """Carry out a command; return the response code of its OK.

        Raises `ProtocolError` for anything but OK.
        """
        tag = self.begin(command)
        return self.end(tag)

    def begin(self, command: bytes) -> bytes:
        """Send a command, and return its tag."""
        self._commands += 1
        tag = b"c%d" % self._commands
        self.socket.sendall(b"%b %b\r\n" % (tag, command))
        return tag

    def end(self, tag: bytes) -> bytes | None:
        """Take in what is said up to the end of a command."""
        while True:
            response = self._response(60)
            assert response is not None, "the server says nothing more"
            if response.startswith(b"* "):
                self._take(response)
                continue
            status = _STATUS.match(response)
            if status is None or status[1] != tag or status[2] != b"OK":
                raise ProtocolError(repr(response))
            code: bytes | None = status[3]
            return code

    def idle(self, seconds: float) -> None:
        """Listen for a while."""
        tag = self.begin(b"IDLE")
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            response = self._response(left)
            if response is None:
                break
            if not response.startswith(b"+ "):
                self._take(response)
        self.socket.sendall(b"DONE\r\n")
        while True:
            response = self._response(60)
            assert response is not None
            if response.startswith(tag + b" OK"):
                return
            if not response.startswith(b"+ "):
                self._take(response)

    def assume(self, numbers: range, sign: bytes, flags: frozenset[bytes]) -> None:
        """Know what a STORE with .SILENT will do, unless the server says something else."""
        for number in numbers:
            known = self.messages[number - 1]
            if known.flags is not None:
                if sign == b"+":
                    known.flags |= flags
                elif sign == b"-":
                    known.flags -= flags
                else:
                    known.flags = flags

    # What the server says.

    def _take(self, response: bytes) -> None:
        untagged = _UNTAGGED.match(response)
        if untagged is None:
            word = response.split(b" ", 2)[1].rstrip()
            if word == b"BYE" or word not in _NEWS | {b"ENABLED", b"CAPABILITY"}:
                raise ProtocolError(repr(response))
            if b"[UIDVALIDITY " in response:
                self.uid_validity = int(response.split()[3].rstrip(b"]"))
            return
        number, word, data = int(untagged[1]), untagged[2], untagged[3]
        if word == b"EXISTS":
            if number < len(self.messages):
                raise ProtocolError(f"fewer messages than there were: {response!r}")
            self.messages += [Known() for _ in range(number - len(self.messages))]
        elif word in (b"EXPUNGE", b"FETCH"):
            if not 0 < number <= len(self.messages):
                raise ProtocolError(f"no such message: {response!r}")
            if word == b"EXPUNGE":
                del self.messages[number - 1]
            else:
                self._fetched(self.messages[number - 1], data)

    def _fetched(self, known: Known, data: bytes) -> None:
        uid, flags, modseq = _UID.search(data), _FLAGS.search(data), _MODSEQ.search(data)
        if uid is not None:
            if known.uid not in (None, int(uid[1])):
                raise ProtocolError(f"UID {known.uid} has become {int(uid[1])}")
            known.uid = int(uid[1])
        if flags is not None:
            shown = frozenset(flags[1].split())
            known.flags = shown - {b"\\Recent"}
            known.recent = known.recent or b"\\Recent" in shown
            if known.recent and known.uid is not None:
                self.recent.add(known.uid)
        if modseq is not None:
            if int(modseq[1]) < known.modseq:
                raise ProtocolError(f"MODSEQ {known.modseq} of {known.uid} fell: {data!r}")
            known.modseq = int(modseq[1])
        if (subject := _SUBJECT.search(data)) is not None:
            assert known.uid is not None
            if self.subjects.setdefault(known.uid, subject[1]) != subject[1]:
                raise ProtocolError(f"UID {known.uid} is another message now")

    def _response(self, seconds: float) -> bytes | None:
        """The next response, literals and all; `None` when none comes in time."""
        until = time.monotonic() + seconds
        at = 0
        while True:
            end = self._buffer.find(b"\r\n", at) + 2
            if end < 2:
                if not self._more(until):
                    return None
                continue
            literal = _LITERAL.search(self._buffer, at, end)
            if literal is None:
                response, self._buffer = self._buffer[:end], self._buffer[end:]
                return response
            at = end + int(literal[1])

    def _more(self, until: float) -> bool:
        left = until - time.monotonic()
        if left <= 0:
            return False
        self.socket.settimeout(left)
        try:
            octets = self.socket.recv(65_536)
        except TimeoutError:
            return False
        finally:
            self.socket.settimeout(60)
        if not octets:
            raise EOFError("the server has closed the connection")
        self._buffer += octets
        return True
