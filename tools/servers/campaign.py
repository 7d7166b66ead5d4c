"""The sessions that a server is tried with, each from an address of its own, many at a time."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from ipaddress import ip_network
from itertools import chain, count

from mailauth.login.event import Service
from mailauth.report.foreign.verdict import Wire
from tools.servers.driver import DriverError, log_in
from tools.servers.notes import Note, Session, Try, Way
from tools.servers.server import Door, Server, Stage
from tools.servers.world import CLIENTS, CLIENTS_6, SERVER, SERVER_6

FORGED = "eve>, TLS, rip=203.0.113.9, user=<bob@example.com"
_AT_A_TIME = 12
_CLIENT = "Thunderbird"


class _Addresses:
    """Hands out clients' addresses, so that a record's address names the session it is of."""

    def __init__(self) -> None:
        self._far = map(str, ip_network(CLIENTS).hosts())
        self._own = (f"127.0.0.{number}" for number in count(2))
        self._six = iter(CLIENTS_6)

    def far(self) -> tuple[str, str]:
        return next(self._far), SERVER

    def own(self) -> tuple[str, str]:
        """Of the server itself, as a webmail has it."""
        own = next(self._own)
        return own, own

    def six(self) -> tuple[str, str]:
        return next(self._six), SERVER_6


def sessions(server: Server, stage: Stage) -> list[Session]:
    """Return what is done at a stage."""
    addresses = _Addresses()
    return list(chain.from_iterable(_at(door, server, stage, addresses) for door in server.doors))


def brief(plans: Iterable[Session]) -> list[Session]:
    """Return one session of each kind whose only password is right: a server delays the others."""
    first: dict[tuple[object, ...], Session] = {}
    for plan in plans:
        if all(attempt.is_right for attempt in plan.tries):
            first.setdefault((plan.service, plan.wire, plan.port), plan)
    return list(first.values())


def drive(plans: Iterable[Session], passwords: dict[str, str]) -> tuple[list[Note], list[str]]:
    """Go through sessions, several at a time.

    Return the notes in the order of their answers, and what did not go as it was meant to.
    """
    notes: list[Note] = []
    failed: list[str] = []

    def follow(plan: Session) -> None:
        try:
            notes.extend(log_in(plan, passwords))
        except (DriverError, OSError) as error:
            failed.append(f"{error} ({plan})")

    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        list(threads.map(follow, plans))
    return sorted(notes, key=lambda note: note.answered), failed


def _at(door: Door, server: Server, stage: Stage, addresses: _Addresses) -> Iterator[Session]:
    accounts = list(server.passwords)
    bob, others = accounts[0], accounts[1:] or accounts
    ways = server.ways
    if stage is Stage.STRICT and server.ways_with_tls_only is not None:
        ways = server.ways_with_tls_only
    ways = ways if door.service is Service.SMTP else (Way.COMMAND, *ways)
    name = _CLIENT if door.service is Service.IMAP else None
    mail = door.service is Service.SMTP and server.takes_mail

    def session(where: tuple[str, str], *tries: Try, **more: object) -> Session:
        source, address = where
        return Session(
            service=door.service,
            wire=door.wire,
            source=source,
            server=address,
            port=door.port,
            tries=tries,
            **{"client_name": name, **more},  # type: ignore[arg-type]
        )

    for number, way in enumerate(ways):
        right = Try(others[number % len(others)], is_right=True, way=way)
        yield session(addresses.far(), right, mail=mail)
        yield session(addresses.far(), Try(bob, is_right=False, way=way))
    yield session(addresses.far(), Try(bob, is_right=True, way=ways[0]), client_name=None)
    wrong_then_right = Try(bob, is_right=False, way=ways[0]), Try(bob, is_right=True, way=ways[0])
    yield session(addresses.far(), *wrong_then_right)
    yield session(addresses.far(), Try(FORGED, is_right=False, way=Way.PLAIN))
    if stage is not Stage.STRICT or server.trusts_itself or door.wire is not Wire.CLEARTEXT:
        yield session(addresses.own(), Try(bob, is_right=True, way=ways[0]), mail=mail)
    if door.wire is not Wire.IMPLICIT:
        yield session(addresses.six(), Try(bob, is_right=True, way=ways[-1]), mail=mail)
    if stage is Stage.STRICT and door.wire is Wire.STARTTLS:
        right = Try(bob, is_right=True, way=ways[0])
        yield session(addresses.far(), right, first_in_clear=right)
