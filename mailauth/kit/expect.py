"""What CI expects of the record, and what has become of it. Pure; `cli.expect` brings the records.

Each expectation is held against all records at once, and again when more have come: some can be
met at any moment (a login that came), others only fail at any moment (an exposure), and hold when
the time is over.
"""

import enum
from collections.abc import Sequence

import msgspec

from mailauth.login.event import Kind, LoginEvent
from mailauth.testing.recorded import Wanted, is_login


class State(enum.Enum):
    """What has become of an expectation; `OPEN` may still go either way."""

    MET = "met"
    OPEN = "open"
    FAILED = "failed"


class Check(msgspec.Struct, frozen=True):
    """An expectation in words, what has become of it, and the records that say so."""

    what: str
    state: State
    evidence: Sequence[LoginEvent] = ()


class Expectations(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected. `login` may come any number of times, or exactly `count` times.

    `all_secure` and `no_exposure` are about the same account and service, whatever the verdict.
    """

    login: Wanted | None = None
    count: int | None = None
    all_secure: Wanted | None = None
    no_exposure: Wanted | None = None

    def checks(self, records: Sequence[LoginEvent], *, over: bool) -> list[Check]:
        """Hold the expectations against what was recorded; when it is `over` none stays open."""
        checks = []
        if self.login is not None:
            checks.append(_logins(self.login, self.count, records, over=over))
        if self.all_secure is not None:
            insecure = _logins_like(msgspec.structs.replace(self.all_secure, secure=False), records)
            checks.append(_none_of(f"every {self.all_secure} is secure", insecure, over=over))
        if self.no_exposure is not None:
            exposed = [
                record for record in records if record.exposed and self.no_exposure.wants(record)
            ]
            whose = "" if self.no_exposure.user is None else f" of {self.no_exposure.user}"
            checks.append(_none_of(f"no password{whose} is exposed", exposed, over=over))
        return checks

    @property
    def waits_for_a_login(self) -> bool:
        """Whether the coming of a login can settle it before the time is over."""
        return self.login is not None and self.count != 0


def settled(expectations: Expectations, records: Sequence[LoginEvent]) -> bool:
    """Say whether there is nothing left to wait for."""
    checks = expectations.checks(records, over=False)
    if any(check.state is State.FAILED for check in checks):
        return True
    return expectations.waits_for_a_login and checks[0].state is State.MET


def _logins(
    wanted: Wanted, count: int | None, records: Sequence[LoginEvent], *, over: bool
) -> Check:
    found = _logins_like(wanted, records)
    enough = 1 if count is None else count
    if count is not None and len(found) > count:
        state = State.FAILED
    elif len(found) >= enough and (count != 0 or over):
        state = State.MET
    else:
        state = State.FAILED if over else State.OPEN
    times = "" if count is None else "never " if count == 0 else f"exactly {count} times "
    counted = "" if count is None else f", {len(found)} recorded"
    article = "an" if str(wanted)[0] in "uISH" else "a"  # unsecure, IMAP, SMTP, HTTP
    return Check(f"{times}{article} {wanted}{counted}", state, found)


def _none_of(what: str, against: Sequence[LoginEvent], *, over: bool) -> Check:
    if against:
        return Check(what, State.FAILED, against)
    return Check(what, State.MET if over else State.OPEN)


def _logins_like(wanted: Wanted, records: Sequence[LoginEvent]) -> list[LoginEvent]:
    return [record for record in records if is_login(record) and wanted.wants(record)]


def explaining(records: Sequence[LoginEvent]) -> Sequence[LoginEvent]:
    """Return the records that may explain why a login did not come."""
    return [record for record in records if record.kind in (Kind.LOGIN, Kind.CONNECTION)]
