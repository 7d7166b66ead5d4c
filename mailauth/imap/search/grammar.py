"""The arguments of SEARCH (RFC 9051 §6.4.4, RFC 3501 §6.4.4, RFC 4731, RFC 5032, RFC 7162)."""

from collections.abc import Callable, Sequence
from datetime import date

import msgspec

from mailauth.imap.errors import Bad, No
from mailauth.imap.grammar import Parser
from mailauth.imap.search.keys import (
    MAX_NESTING,
    Address,
    All,
    And,
    Arrived,
    Body,
    Flag,
    Header,
    Key,
    Larger,
    Modseq,
    Not,
    Numbers,
    Older,
    Or,
    Recent,
    Sent,
    Smaller,
    Text,
    Uids,
    When,
    Younger,
)
from mailauth.imap.sequence import Saved, SequenceSet
from mailauth.mailbox.message import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN
from mailauth.mime import charsets

MAX_KEYS = 1_000


class Searches(msgspec.Struct, frozen=True):
    """The arguments of SEARCH; `returned` is `None` when there is no RETURN."""

    key: Key
    returned: frozenset[bytes] | None
    charset: bool
    modseq: bool


class UnknownCharset(No):
    """BADCHARSET, and whether the result was to be saved."""

    def __init__(self, *, save: bool) -> None:
        super().__init__("This charset is not supported", "BADCHARSET (US-ASCII UTF-8)")
        self.save = save


_RETURNED = frozenset({b"MIN", b"MAX", b"ALL", b"COUNT", b"SAVE"})
_ALONE: dict[bytes, Key] = {
    b"ALL": All(),
    b"ANSWERED": Flag(ANSWERED),
    b"DELETED": Flag(DELETED),
    b"DRAFT": Flag(DRAFT),
    b"FLAGGED": Flag(FLAGGED),
    b"SEEN": Flag(SEEN),
    b"UNANSWERED": Not(Flag(ANSWERED)),
    b"UNDELETED": Not(Flag(DELETED)),
    b"UNDRAFT": Not(Flag(DRAFT)),
    b"UNFLAGGED": Not(Flag(FLAGGED)),
    b"UNSEEN": Not(Flag(SEEN)),
    b"NEW": And((Recent(), Not(Flag(SEEN)))),
    b"OLD": Not(Recent()),
    b"RECENT": Recent(),
}
_ADDRESS_FIELDS = frozenset({b"BCC", b"CC", b"FROM", b"TO"})
_ENTRY_TYPES = (b"priv", b"shared", b"all")


def search_arguments(parser: Parser, saved: Sequence[int]) -> Searches:
    """Parse the arguments of SEARCH; `saved` are the UIDs that `$` stands for.

    Raises `UnknownCharset` (RFC 9051 §6.4.4).
    """
    parser.sp()
    returned: frozenset[bytes] | None = None
    if parser.accept(b"RETURN "):
        returned = frozenset(parser.parenthesized(lambda: _return_option(parser), empty=True))
        parser.sp()
    charset = None
    if parser.accept(b"CHARSET "):
        charset = parser.astring()
        parser.sp()
    codec = "utf-8" if charset is None else charsets.codec(charset)  # US-ASCII is part of it
    if codec is None:
        raise UnknownCharset(save=returned is not None and b"SAVE" in returned)
    grammar = _Keys(parser, saved, codec)
    keys = [grammar.search_key(0)]
    while not parser.at_end():
        parser.sp()
        keys.append(grammar.search_key(0))
    key = keys[0] if len(keys) == 1 else And(tuple(keys))
    return Searches(key, returned, charset is not None, grammar.modseq)


def _return_option(parser: Parser) -> bytes:
    option = parser.atom().upper()
    if option not in _RETURNED:
        parser.fail("a result option")
    return option


class _Keys:
    """search-key and its components."""

    def __init__(self, parser: Parser, saved: Sequence[int], codec: str) -> None:
        self.modseq = False  # whether the keys include MODSEQ
        self._parser = parser
        self._saved = saved
        self._codec = codec
        self._count = 0

    def search_key(self, depth: int) -> Key:
        """search-key; `depth` counts the enclosing NOT, OR and parentheses."""
        parser = self._parser
        self._count += 1
        if depth > MAX_NESTING or self._count > MAX_KEYS:
            raise Bad("The search is too complex")
        if parser.peek(b"("):
            keys = parser.parenthesized(lambda: self.search_key(depth + 1))
            return And(tuple(keys))
        sequence_set = parser.accept_sequence_set()
        if sequence_set is not None:
            return self.set(sequence_set, uid=False)
        name = parser.atom().upper()
        alone = _ALONE.get(name)
        if alone is not None:
            return alone
        if name not in _ADDRESS_FIELDS and name not in _WITH_ARGUMENTS:
            parser.fail("a search key")
        parser.sp()
        if name in _ADDRESS_FIELDS:
            return Address(name, self.text())
        return _WITH_ARGUMENTS[name](self, depth + 1)

    def set(self, sequence_set: SequenceSet, *, uid: bool) -> Key:
        """A sequence set, of UIDs or not; `$` is either."""
        if isinstance(sequence_set, Saved):
            return Uids(tuple((one, one) for one in self._saved))
        return Uids(sequence_set) if uid else Numbers(sequence_set)

    def uid(self) -> Key:
        """UID"""
        return self.set(self._parser.sequence_set(), uid=True)

    def text(self) -> str:
        """astring, in the command's charset."""
        try:
            return self._parser.astring().decode(self._codec)
        except UnicodeDecodeError:
            self._parser.fail("text in the given charset")

    def either(self, depth: int) -> Key:
        """OR"""
        one = self.search_key(depth)
        self._parser.sp()
        return Or(one, self.search_key(depth))

    def header(self) -> Key:
        """HEADER"""
        field = self._parser.astring()
        self._parser.sp()
        return Header(field, self.text())

    def keyword(self) -> Key:
        """KEYWORD"""
        return Flag(self._parser.flag())

    def day(self) -> date:
        """date"""
        return self._parser.date()

    def size(self) -> int:
        """number64, of octets"""
        return self._parser.number64()

    def seconds(self) -> int:
        """nz-number, of seconds (RFC 5032 §3.3)"""
        return self._parser.nz_number()

    def search_modsequence(self) -> Key:
        """MODSEQ; if it names a flag, the MODSEQ of the message is used for it."""
        self.modseq = True
        if self._parser.peek(b'"'):
            self._parser.quoted()
            self._parser.sp()
            if self._parser.atom().lower() not in _ENTRY_TYPES:
                self._parser.fail("an entry type")
            self._parser.sp()
        return Modseq(self._parser.number64())


_WITH_ARGUMENTS: dict[bytes, Callable[[_Keys, int], Key]] = {
    b"BEFORE": lambda keys, depth: Arrived(When.BEFORE, keys.day()),
    b"BODY": lambda keys, depth: Body(keys.text()),
    b"HEADER": lambda keys, depth: keys.header(),
    b"KEYWORD": lambda keys, depth: keys.keyword(),
    b"LARGER": lambda keys, depth: Larger(keys.size()),
    b"MODSEQ": lambda keys, depth: keys.search_modsequence(),
    b"NOT": lambda keys, depth: Not(keys.search_key(depth)),
    b"OLDER": lambda keys, depth: Older(keys.seconds()),
    b"ON": lambda keys, depth: Arrived(When.ON, keys.day()),
    b"OR": lambda keys, depth: keys.either(depth),
    b"SENTBEFORE": lambda keys, depth: Sent(When.BEFORE, keys.day()),
    b"SENTON": lambda keys, depth: Sent(When.ON, keys.day()),
    b"SENTSINCE": lambda keys, depth: Sent(When.SINCE, keys.day()),
    b"SINCE": lambda keys, depth: Arrived(When.SINCE, keys.day()),
    b"SMALLER": lambda keys, depth: Smaller(keys.size()),
    b"SUBJECT": lambda keys, depth: Header(b"SUBJECT", keys.text()),
    b"TEXT": lambda keys, depth: Text(keys.text()),
    b"UID": lambda keys, depth: keys.uid(),
    b"UNKEYWORD": lambda keys, depth: Not(keys.keyword()),
    b"YOUNGER": lambda keys, depth: Younger(keys.seconds()),
}
