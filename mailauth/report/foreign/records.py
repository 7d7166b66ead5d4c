"""Records of LoginAttempts.jsonl for the results of a reader."""

import hashlib
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache

import msgspec

from mailauth.login.shown import shown
from mailauth.origin import Origin
from mailauth.report.foreign.calendar import Calendar
from mailauth.report.foreign.envelope import Entry
from mailauth.report.foreign.found import Found
from mailauth.report.foreign.verdict import exposed, verdict

_NOWHERE = Origin("")
_ID_OCTETS = 10
_ORDINALS = 50_000  # decisive lines that are compared with later ones, to distinguish equal ones


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """One record, with its keys in the order of the file; `source` is the format of the log.

    Null keys are left out when it is written.
    """

    seq: int
    id: str
    at: datetime
    kind: str
    result: str | None = None
    reason: str | None = None
    protocol: str
    listener: str | None = None
    local_port: int | None = None
    session: str | None = None
    secure: bool | None = None
    security: str | None = None
    tls_version: str | None = None
    tls_cipher: str | None = None
    mechanism: str | None = None
    user: str | None = None
    authcid: str | None = None
    ip: str | None = None
    port: int | None = None
    origin: str | None = None
    country: str | None = None
    exposed: bool | None = None
    client_name: str | None = None
    client_version: str | None = None
    source: str
    count: int | None = None


class Records:
    """Makes the records of one log, numbered in the order in which they were decided.

    An id is a hash of the line's contents and its ordinal among equal lines. So the same line makes
    the same record again, even from a rotated or compressed file.
    """

    def __init__(self, source: str, calendar: Calendar, origin: Callable[[str], Origin]) -> None:
        self._source = source
        self._calendar = calendar
        self._origin = origin
        self._ordinals: dict[bytes, int] = {}
        self.undated = 0  # records left out because their line has no time

    def record(self, found: Found, seq: int) -> Record | None:
        """Judge a result; return `None` if its line has no time."""
        entry, wire, result = found.entry, found.wire, found.result
        at = self._calendar.instant(entry.stamp, found.began)
        if at is None:
            self.undated += 1
            return None
        judged = verdict(wire)
        origin = self._origin(found.ip) if found.ip is not None else _NOWHERE
        user = safe(found.user)
        return Record(
            seq=seq,
            id=self._id(entry),
            at=at,
            kind=found.kind,
            result=result,
            reason=safe(found.reason),
            protocol=found.protocol,
            listener=safe(found.listener),
            local_port=found.local_port,
            session=found.session,
            secure=judged.secure,
            security=judged.security,
            tls_version=safe(found.tls_version),
            tls_cipher=safe(found.tls_cipher),
            mechanism=safe(found.mechanism),
            user=user,
            authcid=user,
            ip=found.ip,
            port=found.port,
            origin=origin.label or None,
            country=origin.country,
            exposed=exposed(wire, result, found.mechanism) if result is not None else False,
            client_name=safe(found.client_name),
            client_version=safe(found.client_version),
            source=self._source,
            count=found.times if found.times != 1 else None,
        )

    def note_known(self, record_id: str) -> None:
        """Note a record that was made earlier, so that a later equal line is another one."""
        digest, _, ordinal = record_id.partition("-")
        key = bytes.fromhex(digest)
        self._ordinals[key] = max(self._ordinals.get(key, 0), int(ordinal or 0) + 1)

    def _id(self, entry: Entry) -> str:
        stamp = entry.stamp if isinstance(entry.stamp, str) else entry.stamp.isoformat()
        said = f"{entry.host}\0{entry.program}\0{entry.pid}\0{stamp}\0{entry.message}".encode(
            "utf-8", "surrogatepass"
        )
        digest = hashlib.blake2b(said, digest_size=_ID_OCTETS).digest()
        ordinals = self._ordinals
        if len(ordinals) >= _ORDINALS:
            for oldest in list(ordinals)[: _ORDINALS // 2]:
                del ordinals[oldest]
        ordinal = ordinals.pop(digest, 0)
        ordinals[digest] = ordinal + 1
        return digest.hex() if ordinal == 0 else f"{digest.hex()}-{ordinal}"


@lru_cache(65_536)  # most texts of a log are frequent
def safe(text: str | None) -> str | None:
    """Cap a text, and escape it as in our own records."""
    return None if text is None else shown(text.encode("utf-8", "replace"))
