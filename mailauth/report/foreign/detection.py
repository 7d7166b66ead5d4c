"""Whether a file is the log of another server, decided by its contents."""

import re
from datetime import UTC, datetime

from mailauth.origin import UNKNOWN
from mailauth.report.foreign.formats import FORMATS, Format
from mailauth.report.foreign.reading import ForeignLog

_OURS = re.compile(rb"\s*\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - \[[A-Z0-9]+\] \{")
_ENVELOPE = re.compile(  # of a syslog, whose programs may all be unknown
    rb"(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d"
    rb"|\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)) "
    rb"\S+ [^\s:\[\]]+(?:\[\d+\])?: "
)
_JSON = (b'"MESSAGE"', b'"__REALTIME_TIMESTAMP"')
_DOCKER = (b'{"log":', b'{"log" :')


def is_foreign(head: bytes, tail: bytes = b"") -> bool:
    """Return whether the beginning or the end of a file is from another server's log."""
    first = head.lstrip()
    if _OURS.match(head):
        return False
    if first.startswith(b"{"):
        line = first.partition(b"\n")[0]
        return first.startswith(_DOCKER) or any(mark in line for mark in _JSON)
    return bool(_ENVELOPE.match(first)) or bool(formats_in(head) or formats_in(tail))


def formats_in(part: bytes) -> list[Format]:
    """Return the formats for which a part of a log has a line about a login."""
    log = ForeignLog(zone=UTC, modified=datetime(2000, 1, 1, tzinfo=UTC), origin=lambda _: UNKNOWN)
    log.read(part.decode("utf-8", "replace").replace("\r\n", "\n"))
    log.finish()
    return [FORMATS[name] for name, count in log.counts.items() if count.records]
