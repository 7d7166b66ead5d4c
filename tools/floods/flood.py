"""What a flood is, what its strangers can do, and what is measured meanwhile."""

import math
import socket
import threading
from collections.abc import Callable

import msgspec

from mailauth.testing import RunningServer

NAME, PASSWORD = "mary@mydomain.com", "correct horse"

FRIEND = "127.0.0.1"  # who logs in meanwhile; never blocked
STRANGER, BLOCKED = "127.0.0.65", "127.0.0.66"

WORST_LOGIN = 0.050  # seconds, on a machine that has nothing else to do
STUCK_SECONDS = 20.0


class Stranger:
    """One client of a flood; `over` is set when the flood is."""

    def __init__(
        self,
        ports: dict[str, int],
        source: str,
        over: threading.Event,
        count: Callable[[int], None],
    ) -> None:
        self.over = over
        self._ports = ports
        self._source = source
        self._count = count

    def connect(self, listener: str, *, takes: int | None = None) -> socket.socket:
        """Connect to a listener by its name; what is not read is taken up to so many octets."""
        connection = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connection.settimeout(STUCK_SECONDS)
        if takes is not None:  # before connecting: what has been offered cannot be taken back
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes)
        connection.bind((self._source, 0))
        connection.connect(("127.0.0.1", self._ports[listener]))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def tried(self, attempts: int = 1) -> None:
        """Count attempts."""
        self._count(attempts)


Attack = Callable[[Stranger], None]


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What must hold; `None` where nothing is asked.

    `worst_login` is what the slowest of the others may have waited, in seconds; it holds on a
    machine that has nothing else to do. `cpu` is the server's processor time for an attempt, in
    seconds; `kept` is how many octets all logs may grow by for one. `memory` is how many octets
    more the server may have in memory at its worst. `strangers` is how many octets all that the
    strangers do may take in the logs, however much they do.
    """

    worst_login: float = WORST_LOGIN
    cpu: float | None = None
    kept: float | None = None
    memory: int | None = None
    strangers: int | None = None


class Flood(msgspec.Struct, frozen=True):
    """An attack, and what must hold while it lasts."""

    name: str
    attack: Attack
    clients: int = 20
    blocked: bool = False
    scheme: str = "plain"
    bounds: Bounds = Bounds()
    prepare: Callable[[RunningServer], None] | None = None
    config: str = ""
    arguments: tuple[str, ...] = ()

    def __str__(self) -> str:
        return self.name

    @property
    def source(self) -> str:
        """The address that the strangers come from."""
        return BLOCKED if self.blocked else STRANGER


class Measured(msgspec.Struct, frozen=True):
    """What was seen during a flood.

    `attempts` are the strangers', `logins` the times of the others' logins in seconds, sorted, and
    `calm` the longest of those before the flood, which says what the machine does by itself.
    `cpu` is the server's processor time in seconds, `kept` by how many octets its logs have grown,
    `memory` how many octets more it had in memory at its worst. `strangers` is how many octets of
    the logs, and `records` how many records, are about anything but logins that succeeded;
    `counted` is how many attempts and connections those records stand for. `errors` are those of
    the flood.
    """

    seconds: float
    attempts: int
    logins: tuple[float, ...]
    calm: float
    cpu: float
    kept: int
    memory: int
    strangers: int = 0
    records: int = 0
    counted: int = 0
    errors: tuple[str, ...] = ()

    def percentile(self, percent: float) -> float:
        """Return the time below which so many percent of the others' logins were."""
        return self.logins[max(0, math.ceil(len(self.logins) * percent / 100) - 1)]

    @property
    def cpu_each(self) -> float:
        """Seconds of the server's processor time for each attempt and login."""
        return self.cpu / max(1, self.attempts + len(self.logins))

    @property
    def kept_each(self) -> float:
        """Octets that the logs have grown by for each attempt and login."""
        return self.kept / max(1, self.attempts + len(self.logins))

    def exceeded(self, bounds: Bounds, *, quiet: bool) -> list[str]:
        """Say what is above its bound; the time of logins counts on a `quiet` machine."""
        found = list(self.errors)
        if not self.attempts:
            found.append("nothing was tried")
        if not self.logins:
            return [*found, "nobody else has logged in"]
        if quiet and self.logins[-1] > bounds.worst_login:
            found.append(f"a login took more than {bounds.worst_login * 1e3:.0f} ms")
            if self.calm > bounds.worst_login / 10:
                found.append("the machine is not quiet: logins took long in the calm, too")
        if bounds.cpu is not None and self.cpu_each > bounds.cpu:
            found.append(f"an attempt took more than {bounds.cpu * 1e3:g} ms of the processor")
        if bounds.kept is not None and self.kept_each > bounds.kept:
            found.append(f"an attempt made the logs grow by more than {bounds.kept:,.0f} octets")
        if bounds.memory is not None and self.memory > bounds.memory:
            found.append(f"the server took more than {bounds.memory:,} octets")
        if bounds.strangers is not None and self.strangers > bounds.strangers:
            found.append(f"the strangers filled more than {bounds.strangers:,} octets of the logs")
        if bounds.strangers is not None and self.counted < self.attempts:
            found.append(f"{self.attempts - self.counted:,} attempts were not counted")
        return found

    def __str__(self) -> str:
        if not self.logins:
            return f"{self.attempts:,} attempts, no logins"
        p50, p99, worst = (self.percentile(percent) * 1e3 for percent in (50, 99, 100))
        return (
            f"{self.attempts:,} attempts in {self.seconds:.1f} s, {self.cpu_each * 1e3:.2f} ms of"
            f" the processor and {self.kept_each:,.0f} octets of logs each, memory"
            f" {self.memory / 1e6:+.0f} MB; the strangers have {self.records:,} records for"
            f" {self.counted:,} attempts, {self.strangers:,} octets with their lines;"
            f" {len(self.logins):,} others' logins took"
            f" {p50:.1f} ms (p50), {p99:.1f} ms (p99), {worst:.1f} ms (max), in the calm before"
            f" {self.calm * 1e3:.1f} ms (max)"
        )
