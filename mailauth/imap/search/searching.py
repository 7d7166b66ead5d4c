"""SEARCH and its responses (RFC 9051 §6.4.4, §7.3.4, RFC 4731, RFC 5182, RFC 7162 §3.1.5)."""

from mailauth.imap import condstore, sequence
from mailauth.imap.command import Command
from mailauth.imap.errors import Bad
from mailauth.imap.parsed import MESSAGE_OCTETS, TURN_OCTETS
from mailauth.imap.responses import string
from mailauth.imap.search.grammar import Searches, UnknownCharset, search_arguments
from mailauth.imap.search.matching import Search
from mailauth.imap.session import Extension, ImapSession
from mailauth.imap.updates import updates
from mailauth.mailbox.view import View
from mailauth.wire.effects import Effect, Stream, Write
from mailauth.wire.work import PAUSE, Work

_ALL = frozenset({b"ALL"})


def search(session: ImapSession, command: Command) -> list[Effect]:
    """SEARCH"""
    return _search(session, command, uid=False)


def uid_search(session: ImapSession, command: Command) -> list[Effect]:
    """UID SEARCH"""
    return _search(session, command, uid=True)


def _search(session: ImapSession, command: Command, *, uid: bool) -> list[Effect]:
    selection = session.selected
    try:
        asked = search_arguments(command.arguments, selection.saved)
    except UnknownCharset as error:
        if error.save:  # RFC 9051 §6.4.4.1: NO clears the saved result, BAD keeps it
            selection.saved = []
        raise
    if asked.charset and Extension.UTF8 in session.enabled:
        raise Bad("CHARSET is not allowed after UTF8=ACCEPT was enabled")
    said = condstore.enable(session) if asked.modseq else b""
    found = Search(asked.key, selection.view, session.parsed, session.now())
    answer = _Answer(session, command, asked, uid=uid)
    if not found.reads:
        return [Write(said + answer.to(found.found()))]
    return [Stream(_in_turns(said, found, selection.view, answer))]


def _in_turns(said: bytes, found: Search, view: View, answer: "_Answer") -> Work[None]:
    """Search by reading messages; an empty chunk gives other connections their turn."""
    numbers: list[int] = []
    searched = 0
    for number in found.numbers:
        if (yield from found.matches(number)):
            numbers.append(number)
        message = view.message(number)
        searched += MESSAGE_OCTETS + (message.size if message is not None else 0)
        if searched > TURN_OCTETS:
            searched = 0
            yield PAUSE
    yield said + answer.to(numbers)


class _Answer:
    """The responses to one SEARCH."""

    def __init__(
        self, session: ImapSession, command: Command, asked: Searches, *, uid: bool
    ) -> None:
        self._session = session
        self._selection = session.selected
        self._command = command
        self._uid = uid
        self._asked = asked
        returned = asked.returned
        if returned is None and session.rev2:
            returned = _ALL
        self._extended = returned is not None
        self._returned = (returned or _ALL) - {b"SAVE"}  # RETURN () is RETURN (ALL)
        self._save = returned is not None and b"SAVE" in returned

    def to(self, numbers: list[int]) -> bytes:
        """Return the responses for these messages, and the tagged OK."""
        if self._save:
            saved = numbers
            if self._returned and not self._returned & {b"ALL", b"COUNT"}:
                saved = self._ends(numbers)
            self._selection.saved = self._uids(saved)
        said = self._esearch(numbers) if self._extended else self._search(numbers)
        return said + updates(self._session, expunge=self._uid) + self._command.ok()

    def _search(self, numbers: list[int]) -> bytes:
        shown = self._shown(numbers)
        modseq = f" (MODSEQ {self._modseq(numbers)})" if self._asked.modseq and numbers else ""
        listed = "".join([f" {number}" for number in shown])
        return f"* SEARCH{listed}{modseq}\r\n".encode("ascii")

    def _esearch(self, numbers: list[int]) -> bytes:
        if not self._returned:
            return b""  # only SAVE
        shown = self._shown(numbers)
        data = []
        if b"MIN" in self._returned and shown:
            data.append(f" MIN {shown[0]}")
        if b"MAX" in self._returned and shown:
            data.append(f" MAX {shown[-1]}")
        if b"COUNT" in self._returned:
            data.append(f" COUNT {len(shown)}")
        if b"ALL" in self._returned and shown:
            data.append(f" ALL {sequence.written(shown)}")
        if self._asked.modseq and numbers:
            whole = self._returned & {b"ALL", b"COUNT"}
            data.append(f" MODSEQ {self._modseq(numbers if whole else self._ends(numbers))}")
        uid = b" UID" if self._uid else b""
        listed = "".join(data).encode("ascii")
        return b"* ESEARCH (TAG %b)%b%b\r\n" % (string(self._command.tag), uid, listed)

    def _ends(self, numbers: list[int]) -> list[int]:
        """Return the numbers that MIN and MAX report."""
        ends = set()
        if b"MIN" in self._returned:
            ends.update(numbers[:1])
        if b"MAX" in self._returned:
            ends.update(numbers[-1:])
        return sorted(ends)

    def _shown(self, numbers: list[int]) -> list[int]:
        return self._uids(numbers) if self._uid else numbers

    def _uids(self, numbers: list[int]) -> list[int]:
        uid = self._selection.view.uid
        return [uid(number) for number in numbers]

    def _modseq(self, numbers: list[int]) -> int:
        """Return the highest MODSEQ of these messages (RFC 4731 §3.2)."""
        messages = map(self._selection.view.message, numbers)
        return max((message.modseq for message in messages if message is not None), default=1)
