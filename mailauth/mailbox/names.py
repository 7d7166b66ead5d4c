"""Names of mailboxes (RFC 3501 §5.1, RFC 9051 §5.1): `.` between levels, INBOX in any letter case.

A name is kept as text; modified UTF-7 is for those who speak IMAP or make directories.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from mailauth.mailbox.errors import MailboxNotAllowed

SEPARATOR = "."
INBOX = "INBOX"
NOT_A_NAME = "\udcff"  # what cannot be read as text: no mailbox has this name, and none may get it
MAX_NAME = 200  # octets of UTF-8 or UTF-7: a directory's name has room for 255


def canonical_name(name: str) -> str:
    """The name by which a mailbox is found: INBOX as the first level is in upper case."""
    first, separator, rest = name.partition(SEPARATOR)
    if first.upper() == INBOX:
        return INBOX + separator + rest
    return name


def new_name(name: str) -> str:
    """The name a mailbox may be given, canonical; raises `MailboxNotAllowed` and says why not."""
    if name == NOT_A_NAME:
        raise MailboxNotAllowed("The mailbox name is not valid in the encoding in use")
    name = canonical_name(name.removesuffix(SEPARATOR))
    if not name or "" in name.split(SEPARATOR):
        raise MailboxNotAllowed("A level of a mailbox name must not be empty")
    if any(c in "%*/" for c in name) or name.startswith("~"):
        raise MailboxNotAllowed("A mailbox name must not contain %, * or /, or begin with ~")
    if any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in name):
        raise MailboxNotAllowed("A mailbox name must not contain control characters")
    if len(name.encode("utf-7")) > MAX_NAME:
        raise MailboxNotAllowed("The mailbox name is too long")
    return name


def superiors(name: str) -> Iterator[str]:
    """The names above, from the top: `a`, `a.b` for `a.b.c`."""
    at = name.find(SEPARATOR)
    while at >= 0:
        yield name[:at]
        at = name.find(SEPARATOR, at + 1)


def inferiors(name: str, names: Iterable[str]) -> list[str]:
    """Those of `names` that are below `name`."""
    prefix = name + SEPARATOR
    return [other for other in names if other.startswith(prefix)]
