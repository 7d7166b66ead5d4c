"""LIST, LSUB and NAMESPACE (RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154, RFC 3501 §6.3.9)."""

from collections.abc import Collection, Iterable, Iterator

import msgspec

from mailauth.imap.command import Command
from mailauth.imap.errors import Bad
from mailauth.imap.grammar import Parser
from mailauth.imap.patterns import Pattern
from mailauth.imap.responses import mailbox as mailbox_name
from mailauth.imap.session import ImapSession
from mailauth.imap.status import status_att_list, status_response
from mailauth.imap.updates import completed
from mailauth.mailbox.errors import MailboxError, NoSuchMailbox
from mailauth.mailbox.names import SEPARATOR, superiors
from mailauth.mailbox.store import ListEntry
from mailauth.wire.effects import Effect

MAX_PATTERNS = 20


class Listed(msgspec.Struct, frozen=True):
    """A LIST command. `select` and `returned` are options in upper case, STATUS apart."""

    extended: bool
    select: frozenset[bytes]
    patterns: list[str]
    returned: frozenset[bytes]
    status: list[bytes]

    @property
    def subscribed(self) -> bool:
        r"""Whether responses show `\Subscribed`."""
        return b"SUBSCRIBED" in self.select or b"SUBSCRIBED" in self.returned


class Match(msgspec.Struct, frozen=True):
    """A name that LIST shows.

    `is_selected` says whether it meets the selection options itself, and `has_selected_below`
    whether an inferior does, which CHILDINFO shows.
    """

    entry: ListEntry
    is_selected: bool
    is_subscribed: bool
    has_selected_below: bool


_SELECT = frozenset({b"SUBSCRIBED", b"REMOTE", b"RECURSIVEMATCH", b"SPECIAL-USE"})
_BASE = frozenset({b"SUBSCRIBED", b"SPECIAL-USE"})  # those that RECURSIVEMATCH can be combined with
_RETURN = frozenset({b"SUBSCRIBED", b"CHILDREN", b"SPECIAL-USE"})


def list_(session: ImapSession, command: Command) -> list[Effect]:
    """LIST"""
    asked = _list(command.arguments)
    if not asked.extended and asked.patterns == [""]:
        return completed(session, command, b'* LIST (\\Noselect) "%b" ""\r\n' % _SEPARATOR)
    return completed(session, command, b"".join(_listed(session, asked)))


def lsub(session: ImapSession, command: Command) -> list[Effect]:
    """LSUB: subscribed names, existing or not; with `%`, also their superiors."""
    parser = command.arguments
    parser.sp()
    reference = parser.mailbox()
    parser.sp()
    text = parser.list_mailbox()
    parser.end()
    pattern = Pattern("" if text is None else reference + text)
    subscribed = session.mail.subscriptions()
    said = [
        b'* LSUB () "%b" %b\r\n' % (_SEPARATOR, mailbox_name(name, utf8=session.utf8))
        for name in sorted(subscribed)
        if pattern.matches(name)
    ]
    if pattern.levels():
        above = {level for name in subscribed for level in superiors(name)}.difference(subscribed)
        said += [
            b'* LSUB (\\Noselect) "%b" %b\r\n' % (_SEPARATOR, mailbox_name(name, utf8=session.utf8))
            for name in sorted(above)
            if pattern.matches(name)
        ]
    return completed(session, command, b"".join(said))


def namespace(session: ImapSession, command: Command) -> list[Effect]:
    """NAMESPACE: all mailboxes are personal (RFC 2342)."""
    command.arguments.end()
    return completed(session, command, b'* NAMESPACE (("" "%b")) NIL NIL\r\n' % _SEPARATOR)


def list_response(
    session: ImapSession, entry: ListEntry, attributes: Collection[str] = (), info: bytes = b""
) -> bytes:
    """`* LIST`: a name and its attributes, the given ones first."""
    shown = [*attributes, "\\HasChildren" if entry.has_children else "\\HasNoChildren"]
    if entry.special_use is not None:
        shown.append(entry.special_use.value)
    name = mailbox_name(entry.name, utf8=session.utf8)
    return b'* LIST (%b) "%b" %b%b\r\n' % (" ".join(shown).encode(), _SEPARATOR, name, info)


def _list(parser: Parser) -> Listed:
    """Parse the arguments of LIST, basic or extended."""
    parser.sp()
    extended = parser.peek(b"(")
    select: frozenset[bytes] = frozenset()
    if extended:
        options = parser.parenthesized(lambda: _option(parser, _SELECT), empty=True)
        select = frozenset(options)
        parser.sp()
    reference = parser.mailbox()
    parser.sp()
    if parser.peek(b"("):
        extended = True
        patterns = parser.parenthesized(parser.list_mailbox)
    else:
        patterns = [parser.list_mailbox()]
    returned: list[bytes] = []
    status: list[bytes] = []
    if not parser.at_end():
        extended = True
        parser.sp()
        parser.expect(b"RETURN")
        parser.sp()
        parser.parenthesized(lambda: _return_option(parser, returned, status), empty=True)
    parser.end()
    if b"RECURSIVEMATCH" in select and not select & _BASE:
        raise Bad("RECURSIVEMATCH must be combined with another selection option")
    if len(patterns) > MAX_PATTERNS:
        raise Bad("Too many patterns")
    texts = [text for text in patterns if text is not None and not (extended and text == "")]
    canonical = [reference + text if text else "" for text in texts]
    return Listed(extended, select, canonical, frozenset(returned), status)


def _option(parser: Parser, known: Collection[bytes]) -> bytes:
    option = parser.atom().upper()
    if option not in known:
        parser.fail("a LIST option")
    return option


def _return_option(parser: Parser, returned: list[bytes], status: list[bytes]) -> None:
    if parser.accept(b"STATUS "):
        status[:] = status_att_list(parser)
    else:
        returned.append(_option(parser, _RETURN))


def _listed(session: ImapSession, asked: Listed) -> Iterator[bytes]:
    """Yield LIST responses, each followed by its STATUS response.

    STATUS is omitted for a name that is shown only for its inferiors or cannot be selected
    (RFC 5819 §2, §3).
    """
    entries = session.mail.entries()
    for match in _matches(entries, frozenset(session.mail.subscriptions()), asked):
        entry = match.entry
        status = b""
        if asked.status and entry.exists and match.is_selected:
            try:
                status = status_response(session, entry.name, asked.status)
            except NoSuchMailbox:  # another process has just removed it
                entry = msgspec.structs.replace(entry, exists=False)
            except MailboxError:
                pass  # RFC 5819 §2: STATUS may be omitted on a failure
        attributes = []
        if not entry.exists:  # a basic LIST has no \NonExistent
            attributes.append("\\NonExistent" if asked.extended else "\\Noselect")
        if match.is_subscribed and asked.subscribed:
            attributes.append("\\Subscribed")
        info = _childinfo(asked) if match.has_selected_below else b""
        yield list_response(session, entry, attributes, info) + status


def _matches(
    existing: Iterable[ListEntry], subscribed: frozenset[str], asked: Listed
) -> Iterator[Match]:
    """Yield the names that LIST shows.

    A name that does not exist is shown if SUBSCRIBED was given and it is subscribed, or because of
    an inferior that is not shown itself (RFC 5258 §3).
    """
    entries = {entry.name: entry for entry in existing}
    if b"SUBSCRIBED" in asked.select:
        for name in sorted(subscribed.difference(entries)):
            for missing in (*superiors(name), name):
                entries.setdefault(
                    missing, ListEntry(missing, exists=False, has_children=False, special_use=None)
                )
    patterns = [Pattern(pattern) for pattern in asked.patterns]
    fitting = [name for name in entries if any(pattern.matches(name) for pattern in patterns)]
    selected = {name for name, entry in entries.items() if _is_selected(entry, subscribed, asked)}
    above_unseen = _above(selected.difference(fitting))
    above_selected = _above(selected) if b"RECURSIVEMATCH" in asked.select else frozenset()
    for name in fitting:
        match = Match(entries[name], name in selected, name in subscribed, name in above_selected)
        by_itself = match.is_selected and (match.entry.exists or b"SUBSCRIBED" in asked.select)
        if by_itself or (name in above_unseen and (name in selected or name in above_selected)):
            yield match


def _is_selected(entry: ListEntry, subscribed: Collection[str], asked: Listed) -> bool:
    if b"SUBSCRIBED" in asked.select and entry.name not in subscribed:
        return False
    return not (b"SPECIAL-USE" in asked.select and entry.special_use is None)


def _above(names: Iterable[str]) -> frozenset[str]:
    return frozenset(level for name in names for level in superiors(name))


def _childinfo(asked: Listed) -> bytes:
    criteria = sorted(asked.select & _BASE, reverse=True)
    return b' ("CHILDINFO" (%b))' % b" ".join(b'"%b"' % option for option in criteria)


_SEPARATOR = SEPARATOR.encode("ascii")
