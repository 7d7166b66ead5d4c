"""A password spray: a few guesses for each account, from many addresses."""

from random import Random

from mailauth.config import TlsMode
from mailauth.kit.generators.people import (
    COUNTRIES,
    DOMAIN,
    Habit,
    accounts,
    address_in,
    lan_address,
    moment,
    scenario,
)
from mailauth.kit.scenario import Login, Scenario

PEOPLE = 12
ROUNDS = 4  # a day
GUESSES = ("Winter2026!", "Password1", "Welcome123", "Mydomain2026")

STRANGERS = tuple(f"{name}@{DOMAIN}" for name in ("admin", "info", "test", "scanner"))


def password_spray(random: Random, days: int) -> Scenario:
    """The office works while strangers guess passwords; one is blocked, and one succeeds."""
    names = accounts(PEOPLE)
    logins: list[Login] = []
    for day in range(days):
        for index, name in enumerate(names):
            habit = Habit(name, lan_address(index), "imap", TlsMode.IMPLICIT, "Thunderbird")
            logins += [habit.login(moment(day, random.uniform(8, 17))) for _ in range(4)]
        for attack in range(ROUNDS):
            guess = GUESSES[(day * ROUNDS + attack) % len(GUESSES)]
            logins += _round(random, [*names, *STRANGERS], day, 1 + attack * 6, guess)
    logins += _too_fast(random, names, days - 1)
    victim = random.choice(names)
    foreign = Habit(victim, address_in("Vietnam", random), "imap", TlsMode.NONE, "python-imaplib")
    logins.append(foreign.login(moment(days - 1, 23.5)))
    return scenario(logins, STRANGERS)


def _round(random: Random, names: list[str], day: int, hour: float, guess: str) -> list[Login]:
    """Guess once for each account, at most three times from each address."""
    logins = []
    countries = random.sample(sorted(COUNTRIES.values()), 6)
    for index, name in enumerate(names):
        if index % 3 == 0:
            address = address_in(countries[index // 3 % len(countries)], random)
        habit = Habit(name, address, "smtp", TlsMode.STARTTLS, "attacker.example")
        logins.append(habit.login(moment(day, hour + index * 0.02), password=guess))
    return logins


def _too_fast(random: Random, names: list[str], day: int) -> list[Login]:
    """Guess eight times in a minute from one address, which blocks it."""
    address = address_in("Brazil", random)
    return [
        Habit(name, address, "imap", TlsMode.IMPLICIT, "hydra").login(
            moment(day, 22 + index * 0.002), password="123456"
        )
        for index, name in enumerate(names[:8])
    ]
