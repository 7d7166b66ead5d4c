"""Expectations about the record, and whether it meets them. Pure; `mailauth expect` reads records.

All expectations are checked again whenever there are new records. An expected login is met as soon
as it is recorded. An expectation that something does not happen can fail at any time, and is met
only when the time is over.

It counts as met only if it was tested: if nothing was recorded that could have made it fail, its
state is `UNSEEN`.
"""

import enum
from collections.abc import Sequence

import msgspec

from mailauth.login.event import Kind, LoginEvent
from mailauth.testing.recorded import Wanted, is_login


class State(enum.Enum):
    """The state of an expectation; `OPEN` can still become met or failed.

    `UNSEEN` has not failed, but nothing was recorded that could have made it fail.
    """

    MET = "met"
    OPEN = "open"
    FAILED = "failed"
    UNSEEN = "unseen"


class Check(msgspec.Struct, frozen=True):
    """An expectation in words, its state, and the records that prove it.

    If it is `UNSEEN`, `unseen` names what would have to be recorded.
    """

    what: str
    state: State
    evidence: Sequence[LoginEvent] = ()
    unseen: str = ""


class Expectations(msgspec.Struct, frozen=True, kw_only=True):
    """The expectations. `login` is expected at least once, or exactly `count` times.

    `all_secure` and `no_exposure` say to which account and service they apply, whatever the
    verdict. Unless `allow_unknown`, a login in another server's log whose verdict is unknown fails
    them. With `allow_empty`, they are also met if nothing was recorded that could have made them
    fail.
    """

    login: Wanted | None = None
    count: int | None = None
    all_secure: Wanted | None = None
    no_exposure: Wanted | None = None
    allow_unknown: bool = False
    allow_empty: bool = False

    def checks(self, records: Sequence[LoginEvent], *, over: bool) -> list[Check]:
        """Check the expectations against the records; none stays open when the time is `over`."""
        checks = []
        if self.login is not None:
            checks.append(self._login(self.login, records, over=over))
        if self.all_secure is not None:
            insecure = [
                record
                for record in _logins_like(self.all_secure, records)
                if not record.secure and not (record.secure is None and self.allow_unknown)
            ]
            check = Check(
                f"every {self.all_secure} is secure", _stayed_away(insecure, over=over), insecure
            )
            could = any(_is_attempt(each, self.all_secure) for each in records)
            checks.append(self._seen(check, could, f"attempt at a {self.all_secure}"))
        if self.no_exposure is not None:
            exposed = [
                record
                for record in records
                if self.no_exposure.wants(record)
                and (record.exposed or (_may_have_exposed(record) and not self.allow_unknown))
            ]
            whose = self.no_exposure.user
            of = "" if whose is None else f" of {whose}"
            check = Check(f"no password{of} is exposed", _stayed_away(exposed, over=over), exposed)
            could = any(_may_expose(each, self.no_exposure) for each in records)
            needed = f"attempt at a {self.no_exposure}"
            checks.append(self._seen(check, could, needed if whose else f"connection or {needed}"))
        return checks

    def _login(self, wanted: Wanted, records: Sequence[LoginEvent], *, over: bool) -> Check:
        check = _logins(wanted, self.count, records, over=over)
        if self.count != 0:
            return check
        service = Wanted(protocol=wanted.protocol)  # attempts of other accounts count, too
        could = any(_may_expose(each, service) for each in records)
        return self._seen(check, could, f"connection or attempt at a {service}")

    def _seen(self, check: Check, could_have_failed: bool, needed: str) -> Check:
        """Return the check unchanged if it was tested, and otherwise as `UNSEEN`."""
        if check.state is not State.MET or could_have_failed or self.allow_empty:
            return check
        return msgspec.structs.replace(check, state=State.UNSEEN, unseen=needed)

    @property
    def waits_for_a_login(self) -> bool:
        """Whether a login can decide it before the time is over."""
        return self.login is not None and self.count != 0


def is_decided(expectations: Expectations, records: Sequence[LoginEvent]) -> bool:
    """Return whether there is nothing left to wait for."""
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


def _stayed_away(against: Sequence[LoginEvent], *, over: bool) -> State:
    if against:
        return State.FAILED
    return State.MET if over else State.OPEN


def _is_attempt(record: LoginEvent, wanted: Wanted) -> bool:
    return record.kind is Kind.LOGIN and wanted.wants(record)


def _may_expose(record: LoginEvent, wanted: Wanted) -> bool:
    """Return whether a client connected that could have sent a password."""
    return record.kind in (Kind.LOGIN, Kind.CONNECTION) and wanted.wants(record)


def _may_have_exposed(record: LoginEvent) -> bool:
    """Return whether it is unknown if a login, perhaps without TLS, exposed a password.

    Another server's log may not say; our journal always does for a successful login.
    """
    return is_login(record) and record.exposed is None and not record.secure


def _logins_like(wanted: Wanted, records: Sequence[LoginEvent]) -> list[LoginEvent]:
    return [record for record in records if is_login(record) and wanted.wants(record)]


def explaining(records: Sequence[LoginEvent]) -> Sequence[LoginEvent]:
    """Return the records that may explain why an expected login is missing."""
    return [record for record in records if record.kind in (Kind.LOGIN, Kind.CONNECTION)]
