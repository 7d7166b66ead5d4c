"""Whether the records of a log are true, by the notes of what was done."""

from base64 import b64encode
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain

import msgspec

from mailauth.report.foreign.verdict import Wire
from tools.servers.campaign import FORGED
from tools.servers.notes import Answer, Note, Way

SECONDS = 2.0  # in which a login is recorded

_GRAIN = timedelta(seconds=1)  # of syslog's stamps
_LATE = timedelta(seconds=16)  # until a server writes of a session that has ended
_ALSO = {Way.COMMAND: {"LOGIN", "PLAIN", "PLAINTEXT"}, Way.PLAIN_AT_ONCE: {"PLAIN"}}


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A record of LoginAttempts.jsonl, as far as it is held against notes."""

    at: datetime
    kind: str
    result: str | None = None
    protocol: str
    local_port: int | None = None
    secure: bool | None = None
    security: str | None = None
    tls_version: str | None = None
    mechanism: str | None = None
    user: str | None = None
    ip: str | None = None
    port: int | None = None
    exposed: bool | None = None
    client_name: str | None = None
    count: int | None = None


class Outcome(msgspec.Struct):
    """What a log came to.

    Of the logins `made`, so many records are `true`, `unknown` (true but for whether TLS was used,
    which the log does not tell), or `wrong`; of `untold` logins the log says nothing, as is known,
    and `missing` ones it ought to tell of. `nameless` records are true and have no account; those
    with `tls` are true and do not tell how TLS began.
    """

    made: int = 0
    true: int = 0
    nameless: int = 0
    tls: int = 0
    unknown: int = 0
    untold: int = 0
    missing: int = 0
    wrong: int = 0
    problems: list[str] = []
    slowest: float | None = None  # seconds from the line that decides a login to its record
    was_busy: bool = False  # the machine had more to do than it could: `slowest` says little

    @property
    def is_good(self) -> bool:
        return not (self.wrong or self.missing or self.is_slow)

    @property
    def is_slow(self) -> bool:
        return self.slowest is not None and self.slowest > SECONDS and not self.was_busy


def compare(
    notes: Sequence[Note], records: Iterable[Record], tells: Callable[[Note], bool]
) -> Outcome:
    """Find the record of each attempt, and check all that it says."""
    found: dict[str | None, list[Record]] = defaultdict(list)
    for each in records:
        if each.kind == "login":
            found[each.ip] += [each] * (each.count or 1)
    outcome = Outcome(made=len(notes))
    for note in sorted(notes, key=lambda note: note.began):
        record = _of(note, found[note.source])
        if record is None and tells(note):
            outcome.missing += 1
            outcome.problems.append(f"missing: {_told(note)}")
        elif record is None:
            outcome.untold += 1
        elif untrue := list(untruths(note, record)):
            outcome.wrong += 1
            outcome.problems.append(f"wrong {', '.join(untrue)}: {_told(note)}: {record}")
        else:
            outcome.unknown += record.secure is None
            outcome.true += record.secure is not None
            outcome.nameless += record.user is None
            outcome.tls += record.security == Wire.TLS.value
    for left in chain.from_iterable(found.values()):
        outcome.wrong += 1
        outcome.problems.append(f"of a login that was not made: {left}")
    return outcome


def leaked(text: bytes, passwords: Mapping[str, str]) -> list[str]:
    """Name the accounts whose passwords a text holds, as they are or as AUTH sends them."""
    return [
        account
        for account, password in passwords.items()
        if any(form in text for form in _forms(account, password))
    ]


def _forms(account: str, password: str) -> Iterable[bytes]:
    plain = password.encode()
    yield from (b'"%s"' % plain, b" %s " % plain, b"=%s" % plain)
    yield from map(b64encode, (plain, b"\0%s\0%s" % (account.encode(), plain)))


def untruths(note: Note, record: Record) -> Iterable[str]:
    """Name what a record says that is not so. What it leaves out is not untrue."""
    was_in = note.answer is Answer.IN
    wires = {None, note.wire.value, *(["tls"] if note.is_secure else [])}
    said = {
        "result": (record.result == "success") == was_in,
        "secure": record.secure in (None, note.is_secure),
        "security": record.security in wires,
        "protocol": record.protocol == note.service.value,
        "user": record.user in (None, note.account) or _is_forged(note, record),
        "port": record.port in (None, note.client_port),
        "local_port": record.local_port in (None, note.server_port),
        "mechanism": record.mechanism in (None, *_ALSO.get(note.way, {note.way.value})),
        "exposed": record.exposed in (None, note.exposed),
        "tls_version": record.tls_version is None
        or _plain(record.tls_version) == _plain(note.tls_version),
        "client_name": record.client_name in (None, note.client_name),
        "at": _in_time(note, record),
    }
    if note.answer is Answer.WRONG:
        said["result"] = record.result in ("bad-credentials", "unavailable")
    if note.answer is Answer.NOT_HERE:
        said["result"] = record.result in ("bad-credentials", "cleartext-refused")
    return [name for name, is_true in said.items() if not is_true]


def _of(note: Note, left: list[Record]) -> Record | None:
    """The record that is of an attempt, taken from those of its session."""
    was_in = note.answer is Answer.IN
    of_it = [record for record in left if (record.result == "success") == was_in]
    if not of_it:
        return None
    same = [record for record in of_it if record.secure in (None, note.is_secure)]
    taken = (same or of_it)[0]
    left.remove(taken)
    return taken


def _is_forged(note: Note, record: Record) -> bool:
    """A name that means to look like more may be cut or cleaned, and is nobody else's."""
    return note.account == FORGED and (record.user or "").startswith("eve")


def _in_time(note: Note, record: Record) -> bool:
    at = record.at if record.at.tzinfo is not None else record.at.replace(tzinfo=UTC)
    return note.began - 2 * _GRAIN <= at <= note.answered + _LATE


def _plain(version: str | None) -> str:
    """TLS1.3, TLSv1.3, TLS1_3: by their digits."""
    return "".join(filter(str.isdigit, version or ""))


def _told(note: Note) -> str:
    wire = "in the clear" if note.wire is Wire.CLEARTEXT else note.wire.value
    right = "right" if note.is_right else "wrong"
    return (
        f"{note.service.value} {note.server_port} {wire} from {note.source}:{note.client_port}, "
        f"{note.account} by {note.way.value} with the {right} password: {note.answer.value}"
    )
