"""The people of a generated scenario, and their locations."""

from datetime import UTC, datetime, time, timedelta
from ipaddress import IPv4Address, IPv4Network
from random import Random

import msgspec

from mailauth.config import ServiceName, TlsMode
from mailauth.kit.scenario import Login, Scenario

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
DOMAIN = "mydomain.com"

_NAMES = (
    *("anna", "ben", "carla", "david", "elena", "felix", "greta", "henry", "irene", "jonas"),
    *("karin", "lukas", "maria", "niklas", "olivia", "paul", "quinn", "rosa", "simon", "tina"),
    *("ulrich", "vera", "walter", "xenia", "yusuf", "zoe", "amir", "bella", "chen", "daria"),
)

# Networks for documentation (RFC 5737, RFC 2544), which are not in any country database.
COUNTRIES = {
    "192.0.2.0/26": "Germany",
    "192.0.2.64/26": "France",
    "192.0.2.128/26": "Japan",
    "192.0.2.192/26": "Brazil",
    "198.51.100.0/26": "United States",
    "198.51.100.64/26": "Canada",
    "198.51.100.128/26": "India",
    "198.51.100.192/26": "South Africa",
    "203.0.113.0/26": "Australia",
    "203.0.113.64/26": "Poland",
    "203.0.113.128/26": "Vietnam",
    "203.0.113.192/26": "Netherlands",
}

CLIENTS = ("Thunderbird", "Outlook", "Apple Mail", "K-9 Mail", "mutt")


class Habit(msgspec.Struct, frozen=True):
    """How a user reads mail: from which address, with which client, and how it is protected."""

    user: str
    address: str
    service: ServiceName
    tls: TlsMode
    client: str

    def login(self, at: datetime, **changes: object) -> Login:
        """Return a login at a time in the usual way, except for the changes."""
        as_always = Login(
            at=at,
            service=self.service,
            user=self.user,
            address=self.address,
            tls=self.tls,
            client=self.client if self.service != "pop3" else None,
        )
        return msgspec.structs.replace(as_always, **changes)


def accounts(count: int) -> list[str]:
    """Return the names of `count` accounts."""
    return [
        f"{_NAMES[index % len(_NAMES)]}{index // len(_NAMES) or ''}@{DOMAIN}"
        for index in range(count)
    ]


def lan_address(index: int) -> str:
    """Return an address in the office."""
    return str(IPv4Address("10.11.12.10") + index)


def address_in(country: str, random: Random) -> str:
    """Return an address in a country."""
    network = next(network for network, name in COUNTRIES.items() if name == country)
    return str(IPv4Network(network)[random.randrange(1, 63)])


def moment(day: int, hour: float) -> datetime:
    """Return a time on a day of the scenario, counted from 0."""
    return datetime.combine(MONDAY.date(), time(), UTC) + timedelta(days=day, hours=hour)


def scenario(logins: list[Login], strangers: tuple[str, ...] = ()) -> Scenario:
    """Make a scenario of logins, ordered by time, each at a different millisecond."""
    logins.sort(key=lambda login: (login.at, login.user, login.service))
    last = MONDAY - timedelta(days=1)
    spread = []
    for login in logins:
        at = max(login.at, last + timedelta(milliseconds=1))
        last = at.replace(microsecond=at.microsecond // 1000 * 1000)
        spread.append(msgspec.structs.replace(login, at=last))
    return Scenario(overrides=COUNTRIES, login=tuple(spread), strangers=strangers)
