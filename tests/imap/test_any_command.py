"""Every command with whatever arguments: right ones are taken, and wrong ones are answered.

The strategies follow the formal syntax (RFC 9051 §9, RFC 5258 §6, RFC 7162 §7, RFC 4731 §4).
"""

import re
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailauth.imap.commands import COMMANDS
from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.server import ImapServer
from mailauth.login.event import Service
from mailauth.mailbox.memory import MemoryStore
from mailauth.mailbox.message import NewMessage
from mailauth.testing import Dialogue, session_for
from tests.imap.messages import COMPLEX
from tests.imap.test_grammar import hostile
from tests.support.mail import NOON

WAITING = {b"IDLE", b"AUTHENTICATE"}  # their answers come when the client has said more


def selected() -> Dialogue:
    """A client that has selected a mailbox of two messages."""
    store = MemoryStore(count(1).__next__, lambda account: NewMessage(COMPLEX, NOON))
    store.account("mary@mydomain.com").deliver(b"From: mary\r\n\r\ntext\r\n", NOON)
    session = session_for(Service.IMAP, mechanisms=("PLAIN",))
    core = ImapServer(session, store, now=lambda: NOON, parsed=ParsedMessages())
    dialogue = Dialogue(core, session)
    dialogue.connect()
    said = dialogue.send(b"x LOGIN mary secret\r\nx SELECT INBOX\r\n")
    assert said.endswith(b"x OK [READ-WRITE] SELECT completed\r\n")
    return dialogue


def of(*choices: str) -> st.SearchStrategy[str]:
    """One of these words."""
    return st.sampled_from(choices)


def spaced(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """These, with a space between them."""
    return st.tuples(*parts).map(" ".join)


def several(part: st.SearchStrategy[str], most: int = 3) -> st.SearchStrategy[str]:
    """Some in parentheses."""
    return st.lists(part, min_size=1, max_size=most).map(lambda parts: f"({' '.join(parts)})")


def literal(text: str) -> str:
    """A non-synchronizing literal."""
    return f"{{{len(text.encode())}+}}\r\n{text}"


def quoted(text: str) -> str:
    """A quoted string."""
    escaped = re.sub(r'(["\\])', r"\\\1", text)
    return f'"{escaped}"'


words = st.text("aZ09-.é?", min_size=1, max_size=8)
texts = st.text('aé "\\(){%*}]-', max_size=8)
string = st.one_of(texts.map(quoted), texts.map(literal))
astring = st.one_of(st.text("aZ09-.?]", min_size=1, max_size=8), string)
name = st.one_of(of("INBOX", "inbox", "Trash", '"Sent"', "a.b"), st.just("Junk").map(literal))
pattern = st.one_of(of("%", "*", '"*"', '""', "I%", "a.%.*", "INBOX"), st.just("*").map(literal))
numbers = st.integers(0, 2**32 - 1).map(str)
nz_numbers = st.integers(1, 2**32 - 1).map(str)
uid = st.one_of(nz_numbers, of("*"))
spans = st.one_of(uid, st.tuples(uid, uid).map(":".join))
uid_set = st.one_of(st.lists(spans, min_size=1, max_size=3).map(",".join), of("$"))
number_set = of("1", "2", "1:2", "2:1", "*", "1:*", "*:2", "1,2", "2,1:*,*", "$")
keyword = of("$Work", "Junk", "a.b", "$MDNSent")
flag = st.one_of(of(r"\Seen", r"\deleted", r"\Answered", r"\Flagged", r"\Draft"), keyword)
flags = st.one_of(several(flag), of("()"))
dates = st.dates().map(lambda date: f"{date:%d-%b-}{date.year:04}")
days = st.one_of(dates, dates.map(quoted), of("1-Feb-1994", '"1-feb-1994"'))
date_times = st.datetimes().map(
    lambda moment: f'"{moment.day:2}-{moment:%b}-{moment.year:04} {moment:%H:%M:%S} -0830"'
)
entry = of('"/flags/\\\\draft" all', '"/flags/$Work" priv', '"/flags/\\\\Seen" SHARED')

alone = of(
    *("ALL", "answered", "DELETED", "DRAFT", "FLAGGED", "NEW", "OLD", "RECENT", "SEEN"),
    *("UNANSWERED", "UNDELETED", "UNDRAFT", "UNFLAGGED", "UNSEEN"),
)
simple_key = st.one_of(
    alone,
    number_set,
    spaced(of("BCC", "BODY", "CC", "FROM", "subject", "TEXT", "TO"), astring),
    spaced(of("HEADER"), words, astring),
    spaced(of("KEYWORD", "UNKEYWORD"), keyword),
    spaced(of("BEFORE", "ON", "SINCE", "SENTBEFORE", "SENTON", "SENTSINCE"), days),
    spaced(of("LARGER", "SMALLER"), numbers),
    spaced(of("OLDER", "YOUNGER"), nz_numbers),
    spaced(of("UID"), uid_set),
    spaced(of("MODSEQ"), numbers),
    spaced(of("MODSEQ"), entry, numbers),
)
search_key = st.recursive(
    simple_key,
    lambda key: st.one_of(spaced(of("NOT"), key), spaced(of("OR"), key, key), several(key)),
    max_leaves=5,
)
search_keys = st.lists(search_key, min_size=1, max_size=3).map(" ".join)
result_options = st.one_of(several(of("MIN", "max", "ALL", "COUNT", "SAVE"), 5), of("()"))
search = st.one_of(
    search_keys,
    spaced(of("CHARSET UTF-8", 'CHARSET "utf-8"'), search_keys),
    spaced(of("RETURN"), result_options, search_keys),
    spaced(of("RETURN"), result_options, of("CHARSET UTF-8"), search_keys),
)

part = of("1", "2", "3.1", "4.2.1", "9.9")
fields = of("HEADER.FIELDS", "header.fields.not")
section_text = st.one_of(of("HEADER", "TEXT"), spaced(fields, several(words.map(quoted))))
section = st.one_of(
    of(""),
    part,
    section_text,
    st.tuples(part, st.one_of(of("MIME"), section_text)).map(".".join),
)
partial = st.one_of(of(""), st.tuples(numbers, nz_numbers).map(lambda span: f"<{'.'.join(span)}>"))
fetch_att = st.one_of(
    of("ENVELOPE", "flags", "INTERNALDATE", "RFC822.SIZE", "BODY", "BODYSTRUCTURE", "UID"),
    of("RFC822", "RFC822.HEADER", "RFC822.TEXT", "MODSEQ"),
    st.tuples(of("BODY[", "body.peek["), section, of("]"), partial).map("".join),
    st.tuples(of("BINARY[", "BINARY.PEEK["), st.one_of(of(""), part), of("]"), partial).map(
        "".join
    ),
    part.map(lambda number: f"BINARY.SIZE[{number}]"),
)
fetch = st.one_of(of("ALL", "full", "FAST"), fetch_att, several(fetch_att))
fetch_modified = st.one_of(
    fetch, spaced(fetch, nz_numbers.map(lambda number: f"(CHANGEDSINCE {number})"))
)
store_flags = spaced(
    of("FLAGS", "+FLAGS", "-flags", "+FLAGS.SILENT", "-FLAGS.SILENT", "flags.silent"),
    st.one_of(flags, st.lists(flag, min_size=1, max_size=3).map(" ".join)),
)
store = st.one_of(
    store_flags, spaced(numbers.map(lambda number: f"(UNCHANGEDSINCE {number})"), store_flags)
)

status_att = of(
    *("MESSAGES", "uidnext", "UIDVALIDITY", "UNSEEN", "DELETED", "SIZE", "RECENT"),
    *("HIGHESTMODSEQ", "APPENDLIMIT", "DELETED-STORAGE"),
)
patterns = st.one_of(pattern, several(pattern))
return_option = st.one_of(
    of("SUBSCRIBED", "children", "SPECIAL-USE"), spaced(of("STATUS"), several(status_att))
)
selection_options = of(
    *("()", "(SUBSCRIBED)", "(remote)", "(SPECIAL-USE)", "(SUBSCRIBED RECURSIVEMATCH)"),
    *("(RECURSIVEMATCH REMOTE SPECIAL-USE)", "(SUBSCRIBED SPECIAL-USE)"),
)
returned = st.one_of(several(return_option), of("()")).map(lambda options: f"RETURN {options}")
reference = of('""', "INBOX", '"a."', "a.")
list_ = st.one_of(
    spaced(reference, patterns),
    spaced(selection_options, reference, patterns),
    spaced(reference, patterns, returned),
    spaced(selection_options, reference, patterns, returned),
)
message = st.text("a: \n", min_size=1, max_size=9).map(literal)
append = st.one_of(
    spaced(name, message),
    spaced(name, flags, message),
    spaced(name, date_times, message),
    spaced(name, flags, date_times, message),
)
id_fields = st.tuples(of('"name"', '"version"', '"x"'), st.one_of(of("NIL"), string)).map(" ".join)
id_ = st.one_of(of("NIL", "()"), id_fields.map(lambda field: f"({field})"))
enabled = st.lists(of("CONDSTORE", "UTF8=ACCEPT", "IMAP4rev2", "x"), min_size=1, max_size=3)

RIGHT: dict[str, st.SearchStrategy[str]] = {
    "CAPABILITY": of(""),
    "NOOP": of(""),
    "CHECK": of(""),
    "NAMESPACE": of(""),
    "CLOSE": of(""),
    "UNSELECT": of(""),
    "EXPUNGE": of(""),
    "ID": id_,
    "ENABLE": enabled.map(" ".join),
    "SELECT": st.one_of(name, spaced(name, of("(CONDSTORE)", "(condstore CONDSTORE)"))),
    "EXAMINE": st.one_of(name, spaced(name, of("(CONDSTORE)"))),
    "CREATE": astring.filter(str.isascii),
    "DELETE": name,
    "RENAME": spaced(name, of("x", '"y.z"', "INBOX.new")),
    "SUBSCRIBE": name,
    "UNSUBSCRIBE": name,
    "LIST": list_,
    "LSUB": spaced(reference, pattern),
    "STATUS": spaced(name, several(status_att)),
    "APPEND": append,
    "GETQUOTA": of('""', "x"),
    "GETQUOTAROOT": name,
    "UID EXPUNGE": uid_set,
    "FETCH": spaced(number_set, fetch_modified),
    "UID FETCH": spaced(uid_set, fetch_modified),
    "SEARCH": search,
    "UID SEARCH": search,
    "STORE": spaced(number_set, store),
    "UID STORE": spaced(uid_set, store),
    "COPY": spaced(number_set, name),
    "UID COPY": spaced(uid_set, name),
    "MOVE": spaced(number_set, name),
    "UID MOVE": spaced(uid_set, name),
}


def test_no_command_is_forgotten() -> None:
    """Those of logins are tried elsewhere, and IDLE has no arguments."""
    others = {b"LOGOUT", b"STARTTLS", b"AUTHENTICATE", b"LOGIN", b"IDLE"}
    assert {command.encode() for command in RIGHT} | others == set(COMMANDS)


@pytest.mark.parametrize("command", RIGHT)
def test_what_follows_the_grammar_is_understood(command: str) -> None:
    """It is done, or refused with NO: not BAD, which would say that it was not understood."""

    @settings(max_examples=40)
    @given(RIGHT[command])
    def understood(arguments: str) -> None:
        line = f"a {command} {arguments}" if arguments else f"a {command}"
        said = selected().send(line.encode() + b"\r\n")
        assert re.search(rb"(?:\A|\r\n)a (?:OK|NO) [^\r\n]+\r\n\Z", said), (arguments, said)

    understood()


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in WAITING])
def test_whatever_comes_has_one_answer(command: bytes) -> None:
    """Nothing is raised; the command ends, or a literal that it announces is asked for."""

    @settings(max_examples=40)
    @given(hostile)
    def answered(arguments: bytes) -> None:
        dialogue = selected()
        said = dialogue.send(b"a " + command + b" " + arguments.replace(b"\n", b"") + b"\r\n")
        if not dialogue.closed and not said.endswith(b"+ OK\r\n") and not _announces(arguments):
            assert len(re.findall(rb"(?:\A|\r\n)a (?:OK|NO|BAD) [^\r\n]+\r\n", said)) == 1

    answered()


def _announces(arguments: bytes) -> bool:
    """Whether the line ends in a non-synchronizing literal, whose octets are still to come."""
    return re.search(rb"\{\d+\+\}\r*\Z", arguments) is not None


pieces = st.lists(
    st.one_of(
        st.sampled_from([f"a {command} ".encode() for command in RIGHT]),
        hostile,
        st.sampled_from([b"\r\n", b"a IDLE\r\n", b"DONE\r\n", b"{3}\r\n", b"a LOGOUT\r\n"]),
    ),
    max_size=8,
)


@settings(max_examples=150)
@given(pieces)
def test_it_does_not_matter_how_the_octets_arrive(pieces: list[bytes]) -> None:
    """The same is said, whatever the segments."""
    data = b"".join(pieces)
    whole, in_pieces, by_bytes = selected(), selected(), selected()
    said = whole.send(data)
    assert b"".join(in_pieces.send(piece) for piece in pieces) == said
    assert by_bytes.send_byte_by_byte(data) == said
    assert whole.closed == in_pieces.closed == by_bytes.closed
