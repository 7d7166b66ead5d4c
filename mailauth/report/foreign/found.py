"""The results of a reader, and the interface of a reader."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from typing import Protocol as Interface

import msgspec

from mailauth.login.event import Kind, Result, Service
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire


class Found(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A record to be made: the contents of the log, and the entry that decides it.

    `began` is the beginning of the session, if its id says so. `reason` explains the result for
    people. `times` is how often it happened.
    """

    entry: Entry
    kind: Kind = Kind.LOGIN
    result: Result | None = None
    reason: str | None = None
    protocol: Service
    wire: Wire
    listener: str | None = None
    local_port: int | None = None
    session: str | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    mechanism: str | None = None
    user: str | None = None
    ip: str | None = None
    port: int | None = None
    client_name: str | None = None
    client_version: str | None = None
    began: datetime | None = None
    times: int = 1


class Tally(msgspec.Struct):
    """What a reader counts besides its records.

    `nameless` logins succeeded without an account's name, `nameless_cleartext` of them without TLS.
    `passwords` is the number of lines with a password. `not_understood` lines look like logins but
    are unknown to the reader. `left_out` are logins to services that we do not have (ManageSieve).
    """

    nameless: int = 0
    nameless_cleartext: int = 0
    nameless_unknown: int = 0
    passwords: int = 0
    not_understood: int = 0
    left_out: int = 0


class Reader(Interface):
    """Reads the lines of one server's programs in order; no line makes it raise."""

    tally: Tally
    shown: set[str]  # elements that the log has, so that their absence is evidence

    @property
    def undecided(self) -> tuple[Undecided[Any], ...]:
        """What it remembers about open sessions."""

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Read a line; return what is now known about this line or earlier ones."""

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return what is undecided at the end of the log, or was so before a turn."""
