"""A migration: one client after another is repointed to TLS."""

from random import Random

from mailauth.config import ServiceName, TlsMode
from mailauth.kit.generators.people import CLIENTS, Habit, accounts, lan_address, moment, scenario
from mailauth.kit.scenario import Login, Scenario

PEOPLE = 16
NEVER = 3  # of users, who are not repointed
RELAPSED = 2  # of users, who are, and fall back for a while

_SERVICES: tuple[ServiceName, ...] = ("imap", "imap", "pop3")
_SECURE = (TlsMode.STARTTLS, TlsMode.IMPLICIT)


def migration_to_tls(random: Random, days: int) -> Scenario:
    """All users begin in the clear, and most end with TLS."""
    logins: list[Login] = []
    for index, name in enumerate(accounts(PEOPLE)):
        habit = Habit(
            name, lan_address(index), random.choice(_SERVICES), TlsMode.NONE, random.choice(CLIENTS)
        )
        repointed = days if index < NEVER else random.uniform(1, max(1, days - 2))
        relapse = repointed + 1 if NEVER <= index < NEVER + RELAPSED else days
        mode = random.choice(_SECURE)
        for day in range(days):
            for hour in sorted(random.uniform(8, 18) for _ in range(3)):
                now = day + hour / 24
                is_secure = now >= repointed and not relapse <= now < relapse + 0.5
                logins.append(
                    habit.login(moment(day, hour), tls=mode if is_secure else TlsMode.NONE)
                )
    return scenario(logins)
