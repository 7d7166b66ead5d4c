"""Dialogues with a protocol core, in memory, in the notation of the RFCs.

    play(dialogue, '''
        S: +OK mailauth ready
        C: STLS
        S: +OK Begin TLS negotiation
        <tls>
        C: PASS secret
        S: -ERR Send USER first
    ''')

`S:` is a line of the server, in which `…` matches any text. `C:` is a line of the client, and `C-`
is one without its line ending. Consecutive client lines are one segment. In both, `b64(text)` is
replaced by its base64; write NUL and similar characters as Python escapes. There are also steps:

`<tls>`        the handshake completes; as the first step, it means implicit TLS
`<closed>`     the server has closed the connection, which a transcript must say
`<timeout>`    the deadline passes
`<shutdown>`   the server stops
`<notified>`   another session changed something
`<lost>`       the client disconnects
"""

import base64
import enum
import re
import textwrap
from collections.abc import Iterator

from mailauth.login.hop import Handshake, TlsFacts
from mailauth.login.session import LoginSession
from mailauth.testing.fakes import shake_hands
from mailauth.wire.effects import Await, Close, Core, Deadline, Effect, StartTls, Stream, Write

HANDSHAKE = Handshake(TlsFacts(version="TLSv1.3", cipher="TLS_AES_256_GCM_SHA384"))

_MAX_EXCERPT = 2000


class TranscriptError(AssertionError):
    """The dialogue differs from the transcript."""


class Segments(enum.Enum):
    """How a client's lines arrive; a fixture with `params=Segments` plays transcripts both ways."""

    WHOLE = "whole"
    BYTES = "byte by byte"


class Dialogue:
    """A connection to a core without a network; it applies effects and checks their order.

    `handshake` is the result of the TLS handshake.
    """

    def __init__(
        self, core: Core, session: LoginSession, segments: Segments = Segments.WHOLE
    ) -> None:
        self.core = core
        self.session = session
        self.segments = segments
        self.handshake = HANDSHAKE
        self.connected = False
        self.closed = False
        self.deadline: float | None = None
        self._output = bytearray()
        self._awaited: Await | None = None
        self._starting_tls = False
        self._arrived: list[bytes] = []

    @property
    def waiting(self) -> bool:
        """Whether an `Await` is unfinished."""
        return self._awaited is not None

    @property
    def starting_tls(self) -> bool:
        """Whether the core waits for a handshake."""
        return self._starting_tls

    def connect(self, *, implicit_tls: bool = False) -> bytes:
        """Begin the connection, and return the greeting."""
        assert not self.connected, "connected twice"
        self.connected = True
        if implicit_tls:
            shake_hands(self.session, self.handshake, implicit=True)
        self._carry_out(self.core.connected())
        return self.output()

    def send(self, data: bytes) -> bytes:
        """Send one segment, and return the server's output."""
        self._arrive(data)
        return self.output()

    def send_byte_by_byte(self, data: bytes) -> bytes:
        """Send each byte as its own segment, as long as the server listens."""
        for start in range(len(data)):
            self._arrive(data[start : start + 1])
        return self.output()

    def start_tls(self) -> bytes:
        """Complete the handshake that the core requested."""
        if not self._starting_tls:
            raise TranscriptError("the server has not asked for a handshake")
        self._starting_tls = False
        shake_hands(self.session, self.handshake, implicit=False)
        self._carry_out(self.core.tls_established())
        return self.output()

    def time_out(self) -> bytes:
        """Let the deadline pass."""
        assert self.deadline is not None, "the core has set no deadline"
        self._carry_out(self.core.timed_out())
        return self.output()

    def shut_down(self) -> bytes:
        """Stop the server."""
        self._carry_out(self.core.shutting_down())
        return self.output()

    def fail(self) -> bytes:
        """Tell the core that it raised an exception, as its connection does."""
        self.session.failed()
        self._carry_out(self.core.failed())
        return self.output()

    def notify(self) -> bytes:
        """Tell the core that another session changed something."""
        self._carry_out(self.core.notified())
        return self.output()

    def lose(self) -> None:
        """Disconnect the client; a core that awaits something hears of it after the result."""
        self.closed = True
        if self._awaited is None:
            self.core.lost()

    def output(self) -> bytes:
        """Return the server's output since the last call."""
        output = bytes(self._output)
        self._output.clear()
        return output

    def _arrive(self, data: bytes) -> None:
        if self.closed:
            return
        if self._starting_tls:
            raise TranscriptError("cleartext after StartTls: the connection would drop the client")
        if self._awaited is not None:
            self._arrived.append(data)
        else:
            self._carry_out(self.core.receive(data))

    def _carry_out(self, effects: list[Effect]) -> None:
        resting = self._apply(effects)
        while resting:
            resting = self._apply(self.core.receive(b""))

    def _apply(self, effects: list[Effect]) -> bool:
        """Apply effects; return whether the core stopped for one that is already done."""
        resting = False
        for position, effect in enumerate(effects):
            is_last = position == len(effects) - 1
            assert not self.closed, f"{effect} after Close"
            match effect:
                case Write(data):
                    self._output += data
                case Stream(chunks):
                    for chunk in chunks:
                        self._output += chunk
                    resting = True
                case Deadline(seconds):
                    self.deadline = seconds
                case StartTls():
                    assert is_last, "effects after StartTls"
                    self._starting_tls = True
                    return False
                case Close():
                    assert is_last, "effects after Close"
                    self.closed = True
                    return False
                case Await():
                    assert is_last, "effects after Await"
                    return self._await(effect)
        return resting

    def _await(self, effect: Await) -> bool:
        arrived_at_once = False
        asking = True

        def arrived(value: object) -> None:
            nonlocal arrived_at_once
            self._awaited = None
            resumed = effect.resume(value)
            if self.closed:
                self.core.lost()
                return
            if asking:
                arrived_at_once = self._apply(resumed) or self._listens()
                return
            if self._apply(resumed) or self._listens():
                self._carry_out(self.core.receive(b""))
            self._deliver()

        self._awaited = effect
        effect.pending.listen(arrived)
        asking = False
        return arrived_at_once

    def _listens(self) -> bool:
        return not (self.closed or self._starting_tls or self._awaited is not None)

    def _deliver(self) -> None:
        while self._arrived and self._listens():
            self._carry_out(self.core.receive(self._arrived.pop(0)))


def play(dialogue: Dialogue, transcript: str) -> None:
    """Play a transcript. Raises `TranscriptError` if the server's output differs.

    With `Segments.BYTES` the client's lines are sent byte by byte, except for pipelined ones, whose
    segments are the point of the transcript.
    """
    steps = list(_steps(transcript))
    if not dialogue.connected:
        implicit = steps[:1] == [("<tls>", [])]
        if implicit:
            del steps[0]
        said = dialogue.connect(implicit_tls=implicit)
    else:
        said = dialogue.output()
    for step, lines in steps:
        if step == "S:":
            _compare(lines, said)
            said = b""
            continue
        if said:
            raise TranscriptError(f"before {step} {lines}: the server said {_excerpt(said)}")
        if step == "<closed>":
            if not dialogue.closed:
                raise TranscriptError("the server has not closed the connection")
            return
        said = _act(dialogue, step, lines)
    if said:
        raise TranscriptError(f"at the end the server said {_excerpt(said)}")
    if dialogue.closed:
        raise TranscriptError(
            "the server has closed the connection, but the transcript does not say so"
        )


def sent_by_client(transcript: str) -> bytes:
    """Return everything that the client of a transcript sends."""
    return b"".join(
        _line(line) for step, lines in _steps(transcript) if step == "C:" for line in lines
    )


def _act(dialogue: Dialogue, step: str, lines: list[str]) -> bytes:
    match step:
        case "C:":
            data = b"".join(_line(line) for line in lines)
            if dialogue.closed:
                raise TranscriptError(f"the server has closed before {_excerpt(data)}")
            pipelined = len(lines) > 1
            if dialogue.segments is Segments.BYTES and not pipelined:
                return dialogue.send_byte_by_byte(data)
            return dialogue.send(data)
        case "<tls>":
            return dialogue.start_tls()
        case "<timeout>":
            return dialogue.time_out()
        case "<shutdown>":
            return dialogue.shut_down()
        case "<notified>":
            return dialogue.notify()
        case "<lost>":
            dialogue.lose()
            return b""
        case _:
            raise ValueError(f"unknown step in a transcript: {step}")


def _steps(transcript: str) -> Iterator[tuple[str, list[str]]]:
    """Group the lines by speaker; `C-` lines become `C:` lines that end in a marker."""
    group: list[str] = []
    speaker = ""
    for line in textwrap.dedent(transcript).split("\n"):
        if not line.strip():
            continue
        who, text = line[:2], line[3:]
        if who == "C-":
            who, text = "C:", text + _NO_LINE_ENDING
        elif who not in ("S:", "C:"):
            who, text = line.strip(), ""
        if group and who != speaker:
            yield speaker, group
            group = []
        speaker = who
        if who in ("S:", "C:"):
            group.append(text)
        else:
            yield who, []
    if group:
        yield speaker, group


_NO_LINE_ENDING = "\N{OBJECT REPLACEMENT CHARACTER}"


def _line(text: str) -> bytes:
    ending = b"\r\n"
    if text.endswith(_NO_LINE_ENDING):
        text, ending = text.removesuffix(_NO_LINE_ENDING), b""
    return _expanded(text).encode("utf-8", "surrogateescape") + ending


def _expanded(text: str) -> str:
    return re.sub(
        r"b64\((.*?)\)",
        lambda found: base64.b64encode(found[1].encode("utf-8", "surrogateescape")).decode("ascii"),
        text,
    )


def _compare(expected: list[str], said: bytes) -> None:
    lines = said.split(b"\r\n")
    ended = lines.pop() == b""
    actual = [line.decode("utf-8", "surrogateescape") for line in lines]
    same = len(actual) == len(expected) and all(
        re.fullmatch(".*".join(map(re.escape, _expanded(line).split("…"))), was, re.DOTALL)
        for line, was in zip(expected, actual, strict=True)
    )
    if not same or not ended:
        wanted = "".join(f"\n    {line!r}" for line in expected)
        raise TranscriptError(f"expected:{wanted}\n  but the server said:\n    {_excerpt(said)}")


def _excerpt(said: bytes) -> str:
    more = "" if len(said) <= _MAX_EXCERPT else f" … ({len(said)} octets)"
    lines = said[:_MAX_EXCERPT].splitlines(keepends=True)
    return "\n    ".join(ascii(line.decode("utf-8", "surrogateescape")) for line in lines) + more
