"""The expected findings of a scenario, computed only from its logins.

They are compared with what reports, detection rules and the server itself find in the logs; nothing
here reads a log.
"""

import enum
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from mailauth.config import BlockConfig, ServiceName, TlsMode
from mailauth.kit.scenario import PASSWORD, Login, Scenario
from mailauth.wire.networks import LAN, parse_address, parse_network, within

IMPOSSIBLE = timedelta(hours=1)  # between logins in two countries


class FindingKind(enum.Enum):
    """The kind of a finding."""

    CASE = "case"  # an account that logged in to a service without TLS
    EXPOSURE = "exposure"  # a password that crossed the wire in the clear
    BLOCKED = "blocked"  # an address that failed too often
    FAILURES = "failures"  # an address that failed at all
    NEW_COUNTRY = "new-country"  # an account seen in a country for the first time
    IMPOSSIBLE_TRAVEL = "impossible-travel"  # an account in two countries within an hour


class Finding(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """One expected finding. `fixed` is when a case was closed for good, `count` its logins."""

    kind: FindingKind
    at: datetime
    user: str | None = None
    service: ServiceName | None = None
    address: str | None = None
    country: str | None = None
    fixed: datetime | None = None
    count: int | None = None


def findings(scenario: Scenario) -> list[Finding]:
    """Return the expected findings, ordered by time."""
    outcomes = list(_outcomes(scenario))
    found = [
        *_cases(outcomes),
        *_exposures(outcomes),
        *_failures(outcomes),
        *_countries(outcomes, scenario.overrides),
    ]
    return sorted(found, key=lambda finding: (finding.at, finding.kind.value))


class _Outcome(msgspec.Struct, frozen=True):
    """A login, whether it succeeds, and whether its address is blocked at that time."""

    login: Login
    succeeds: bool
    blocked: bool

    @property
    def secure(self) -> bool:
        return self.login.tls is not TlsMode.NONE


def _outcomes(scenario: Scenario) -> Iterator[_Outcome]:
    """Compute the outcome of each login by the rules of blocking."""
    limit = BlockConfig()
    patience = timedelta(minutes=limit.minutes)
    failures: dict[str, tuple[int, datetime]] = {}
    for login in scenario.login:
        count, last = failures.get(login.address, (0, login.at))
        if login.at - last >= patience:
            count = 0
        blocked = count > limit.attempts
        right = login.password == PASSWORD and login.user not in scenario.strangers
        if right and not blocked:
            failures.pop(login.address, None)
        else:
            failures[login.address] = (count if blocked else count + 1, login.at)
        yield _Outcome(login, right and not blocked, blocked)


def _cases(outcomes: Iterable[_Outcome]) -> Iterator[Finding]:
    by_case: dict[tuple[str, ServiceName], list[_Outcome]] = {}
    for outcome in outcomes:
        if outcome.succeeds:
            login = outcome.login
            by_case.setdefault((login.user, login.service), []).append(outcome)
    for (user, service), history in by_case.items():
        insecure = [outcome for outcome in history if not outcome.secure]
        if insecure:
            after = history[history.index(insecure[-1]) + 1 :]
            yield Finding(
                kind=FindingKind.CASE,
                at=insecure[0].login.at,
                user=user,
                service=service,
                fixed=after[0].login.at if after else None,
                count=len(insecure),
            )


def _exposures(outcomes: Iterable[_Outcome]) -> Iterator[Finding]:
    """Yield the first exposure of each account; a blocked login exposes a password, too."""
    exposed: set[str] = set()
    for outcome in outcomes:
        login = outcome.login
        right = outcome.succeeds or (outcome.blocked and login.password == PASSWORD)
        if right and not outcome.secure and login.user not in exposed:
            exposed.add(login.user)
            yield Finding(
                kind=FindingKind.EXPOSURE, at=login.at, user=login.user, address=login.address
            )


def _failures(outcomes: Iterable[_Outcome]) -> Iterator[Finding]:
    failed: dict[str, list[_Outcome]] = {}
    for outcome in outcomes:
        if not outcome.succeeds:
            failed.setdefault(outcome.login.address, []).append(outcome)
    for address, history in failed.items():
        yield Finding(
            kind=FindingKind.FAILURES,
            at=history[0].login.at,
            address=address,
            count=len(history),
        )
        refused = [outcome for outcome in history if outcome.blocked]
        if refused:
            yield Finding(
                kind=FindingKind.BLOCKED,
                at=refused[0].login.at,
                address=address,
                count=len(refused),
            )


def _countries(outcomes: Iterable[_Outcome], overrides: Mapping[str, str]) -> Iterator[Finding]:
    seen: dict[str, set[str]] = {}
    last: dict[str, tuple[str, datetime]] = {}
    for outcome in outcomes:
        login = outcome.login
        country = _country(login.address, overrides)
        if not outcome.succeeds or country is None:
            continue
        if country not in seen.setdefault(login.user, set()):
            seen[login.user].add(country)
            yield Finding(
                kind=FindingKind.NEW_COUNTRY,
                at=login.at,
                user=login.user,
                address=login.address,
                country=country,
            )
        before, when = last.get(login.user, (country, login.at))
        if before != country and login.at - when < IMPOSSIBLE:
            yield Finding(
                kind=FindingKind.IMPOSSIBLE_TRAVEL,
                at=login.at,
                user=login.user,
                address=login.address,
                country=country,
            )
        last[login.user] = (country, login.at)


def _country(address: str, overrides: Mapping[str, str]) -> str | None:
    """Return the scenario's country of an address; `None` for the LAN and unknown addresses."""
    client = parse_address(address)
    if within(client, LAN):
        return None
    for network, country in overrides.items():
        if within(client, (parse_network(network),)):
            return country
    return None
