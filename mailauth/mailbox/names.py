"""Names of mailboxes (RFC 3501 §5.1, RFC 9051 §5.1): `.` between levels, INBOX in any letter case.

Names are text here; only the IMAP grammar and the Maildir store use modified UTF-7.
"""

import unicodedata
from collections.abc import Iterable, Iterator

from mailauth.mailbox.errors import MailboxNotAllowed

SEPARATOR = "."
INBOX = "INBOX"
NOT_A_NAME = "\udcff"  # stands for octets that cannot be decoded; no mailbox can have this name
MAX_NAME = 200  # octets of UTF-7; the name of a directory may have 255


def canonical_name(name: str) -> str:
    """Return the canonical name: the first level INBOX is in upper case."""
    first, separator, rest = name.partition(SEPARATOR)
    if first.upper() == INBOX:
        return INBOX + separator + rest
    return name


def new_name(name: str) -> str:
    """Return the canonical form of a valid new name; raises `MailboxNotAllowed`."""
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
    """Yield the superior names, from the top: `a`, `a.b` for `a.b.c`."""
    at = name.find(SEPARATOR)
    while at >= 0:
        yield name[:at]
        at = name.find(SEPARATOR, at + 1)


def inferiors(name: str, names: Iterable[str]) -> list[str]:
    """Return those of `names` that are inferior to `name`."""
    prefix = name + SEPARATOR
    return [other for other in names if other.startswith(prefix)]
