"""Generated scenarios: days of traffic from many countries, identical for the same seed.

Each begins on Monday, 2 March 2026, and consists only of logins; `kit.findings` computes what
should be found in them.
"""

from collections.abc import Callable, Mapping
from random import Random

import msgspec

from mailauth.kit.generators.migration import migration_to_tls
from mailauth.kit.generators.office import office_day
from mailauth.kit.generators.spray import password_spray
from mailauth.kit.generators.travel import travelling_user
from mailauth.kit.scenario import Scenario

__all__ = ["GENERATORS", "Generator"]


class Generator(msgspec.Struct, frozen=True):
    """A function that makes a scenario, its default number of days, and a description."""

    generate: Callable[[Random, int], Scenario]
    days: int
    about: str


GENERATORS: Mapping[str, Generator] = {
    "office-day": Generator(
        office_day, 1, "an office reads its mail; some clients do so in the clear"
    ),
    "password-spray": Generator(
        password_spray, 2, "strangers try one password on every account, and finally succeed on one"
    ),
    "migration-to-tls": Generator(
        migration_to_tls,
        10,
        "clients are repointed to TLS one by one; some fall back, some never change",
    ),
    "travelling-user": Generator(
        travelling_user, 5, "one user travels, and is once in two countries at the same time"
    ),
}
