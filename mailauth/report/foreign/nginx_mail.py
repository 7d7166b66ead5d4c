"""nginx as a mail proxy, `error_log … info`: `client logged in, client: … using starttls, …`.

STARTTLS is logged; implicit TLS is recognized only by the port.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from mailauth.login.event import Result, Service
from mailauth.report.foreign.addresses import plain
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.found import Found, Tally
from mailauth.report.foreign.undecided import Undecided
from mailauth.report.foreign.verdict import Wire, tls_at

MARKS = (" client log",)
PROGRAMS = re.compile(r"nginx|")  # its own files have no tag

_LINE = re.compile(
    r"(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d )?\[info\] \d+#\d+: (?P<connection>\*\d+) client "
    r"(?P<said>logged in|login failed: \".*?\" while [a-z ]+), client: (?P<ip>[0-9a-fA-F.:]+)"
    r"(?P<starttls> using starttls)?, server: (?P<server>\S+):(?P<port>\d{1,5})"
    r", login: \"(?P<user>.*)\"(?:, upstream: \S+)?\Z",
    re.DOTALL,
)
_PROTOCOLS = {
    25: Service.SMTP,
    465: Service.SMTP,
    587: Service.SMTP,
    2525: Service.SMTP,
    110: Service.POP3,
    995: Service.POP3,
    143: Service.IMAP,
    993: Service.IMAP,
}
_MARKS = (" client logged in, ", " client login failed: ")


class NginxMailReader:
    """Reads the error log of nginx's mail proxy."""

    def __init__(self) -> None:
        self.tally = Tally()
        self.shown: set[str] = set()
        self.undecided: tuple[Undecided[Any], ...] = ()

    def feed(self, entry: Entry) -> Iterable[Found]:
        """Read a line."""
        if any(mark in entry.message for mark in _MARKS):
            return self._attempt(entry, _LINE.match(entry.message))
        return ()

    def finish(self, before: int | None = None) -> Iterable[Found]:
        """Return nothing, since nothing stays undecided."""
        return ()

    def _attempt(self, entry: Entry, match: re.Match[str] | None) -> Iterator[Found]:
        if match is None:
            self.tally.not_understood += ", login: " in entry.message
            return
        port = int(match["port"])
        # Containers map ports: the last digits of 11587 count.
        known = next(
            (known for known in (port, port % 10_000, port % 1_000) if known in _PROTOCOLS), None
        )
        if known is None:
            self.tally.left_out += match["said"] == "logged in"
            return
        if match["starttls"]:
            wire = Wire.STARTTLS
        elif tls_at(known) is Wire.IMPLICIT:
            wire = Wire.IMPLICIT if known == port else Wire.UNKNOWN
        else:
            wire = Wire.CLEARTEXT if known == port else Wire.UNKNOWN
        yield Found(
            entry=entry,
            result=Result.SUCCESS if match["said"] == "logged in" else Result.BAD_CREDENTIALS,
            protocol=_PROTOCOLS[known],
            wire=wire,
            listener=f"nginx:{port}",
            local_port=port,
            session=match["connection"],
            user=match["user"] or None,
            ip=plain(match["ip"]),
            times=entry.times,
        )
