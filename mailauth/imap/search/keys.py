"""Search keys as values (RFC 3501 §6.4.4, RFC 5032, RFC 7162 §3.1.5).

NEW is `And((Recent(), Not(Flag(SEEN))))`, OLD `Not(Recent())`; SUBJECT is `Header`. Text is
already decoded from the command's charset. The parser must not nest keys deeper than `MAX_NESTING`.
"""

import enum
from datetime import date

import msgspec

from mailauth.mailbox.view import Range

MAX_NESTING = 50  # of NOT, OR and parentheses


class When(enum.Enum):
    """How a day compares with another."""

    BEFORE = enum.auto()
    ON = enum.auto()
    SINCE = enum.auto()


class All(msgspec.Struct, frozen=True):
    """ALL"""


class Flag(msgspec.Struct, frozen=True):
    """A system flag or a keyword, in any letter case."""

    flag: str


class Recent(msgspec.Struct, frozen=True):
    """RECENT"""


class Numbers(msgspec.Struct, frozen=True):
    """A set of sequence numbers."""

    ranges: tuple[Range, ...]


class Uids(msgspec.Struct, frozen=True):
    """UID, with a set of UIDs."""

    ranges: tuple[Range, ...]


class Arrived(msgspec.Struct, frozen=True):
    """BEFORE, ON, SINCE: by internal date, in its own time zone."""

    when: When
    day: date


class Sent(msgspec.Struct, frozen=True):
    """SENTBEFORE, SENTON, SENTSINCE: by the Date field; without one, a message never matches."""

    when: When
    day: date


class Larger(msgspec.Struct, frozen=True):
    """LARGER"""

    size: int


class Smaller(msgspec.Struct, frozen=True):
    """SMALLER"""

    size: int


class Older(msgspec.Struct, frozen=True):
    """OLDER"""

    seconds: int


class Younger(msgspec.Struct, frozen=True):
    """YOUNGER"""

    seconds: int


class Modseq(msgspec.Struct, frozen=True):
    """MODSEQ: at least this one."""

    modseq: int


class Header(msgspec.Struct, frozen=True):
    """HEADER and SUBJECT; an empty text matches any message with the field."""

    field: bytes
    text: str


class Address(msgspec.Struct, frozen=True):
    """BCC, CC, FROM, TO: in the raw field, or in an address as ENVELOPE shows it."""

    field: bytes
    text: str


class Body(msgspec.Struct, frozen=True):
    """BODY: in the text of the message."""

    text: str


class Text(msgspec.Struct, frozen=True):
    """TEXT: in the header or the text of the message."""

    text: str


class Not(msgspec.Struct, frozen=True):
    """NOT"""

    key: "Key"


class Or(msgspec.Struct, frozen=True):
    """OR"""

    one: "Key"
    other: "Key"


class And(msgspec.Struct, frozen=True):
    """Several keys, all of which must match."""

    keys: tuple["Key", ...]


Key = (
    All
    | Flag
    | Recent
    | Numbers
    | Uids
    | Arrived
    | Sent
    | Larger
    | Smaller
    | Older
    | Younger
    | Modseq
    | Header
    | Address
    | Body
    | Text
    | Not
    | Or
    | And
)
