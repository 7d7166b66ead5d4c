"""What the driver is to do, and its notes of what it did: the truth, never taken from a log."""

import enum
from datetime import datetime

import msgspec

from mailauth.login.event import Service
from mailauth.report.foreign.verdict import Wire


class Way(enum.Enum):
    """How a client says its name and password."""

    COMMAND = "LOGIN or USER/PASS"  # of IMAP, of POP3
    PLAIN = "PLAIN"
    PLAIN_AT_ONCE = "PLAIN with an initial response"
    LOGIN = "LOGIN"
    CRAM_MD5 = "CRAM-MD5"
    DIGEST = "SCRAM-SHA-256"


class Try(msgspec.Struct, frozen=True):
    """One attempt of a session. `is_right` says whether the password is the account's."""

    account: str
    is_right: bool
    way: Way


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One connection: from where, to which port, whether with TLS, and the attempts in it.

    `first_in_clear` is an attempt before STARTTLS, by a client that must hear that it is refused.
    """

    service: Service
    wire: Wire
    source: str
    server: str
    port: int
    tries: tuple[Try, ...]
    mail: bool = False
    client_name: str | None = None
    first_in_clear: Try | None = None


class Answer(enum.Enum):
    """What the server said."""

    IN = "logged in"
    WRONG = "wrong name or password"
    NOT_HERE = "not without TLS"  # whatever the password


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt as it went. `sent` says whether the password was on the wire as it is."""

    service: Service
    wire: Wire
    source: str
    client_port: int
    server_port: int
    account: str
    is_right: bool
    way: Way
    answer: Answer
    sent: bool
    mail: bool
    began: datetime
    answered: datetime
    tls_version: str | None
    client_name: str | None
    then_in: bool = False  # a later attempt of the session succeeded

    @property
    def is_secure(self) -> bool:
        return self.wire is not Wire.CLEARTEXT

    @property
    def exposed(self) -> bool:
        """Whether the account's password crossed the wire in the clear."""
        return self.sent and self.is_right and not self.is_secure
