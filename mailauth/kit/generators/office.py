"""An office on a working day."""

from random import Random

from mailauth.config import ServiceName, TlsMode
from mailauth.kit.generators.people import CLIENTS, Habit, accounts, lan_address, moment, scenario
from mailauth.kit.scenario import Login, Scenario

PEOPLE = 24
INSECURE = 5  # of users read in the clear
TYPOS = 0.03  # of all logins are first tried with a wrong password

_SERVICES: tuple[ServiceName, ...] = ("imap", "imap", "imap", "pop3")
_SECURE = (TlsMode.STARTTLS, TlsMode.IMPLICIT)


def office_day(random: Random, days: int) -> Scenario:
    """All users read mail through the day, and send some."""
    habits = [_habit(random, index, name) for index, name in enumerate(accounts(PEOPLE))]
    logins: list[Login] = []
    for day in range(days):
        for habit in habits:
            hour = random.uniform(7.5, 9)
            while hour < random.uniform(16, 18.5):
                logins += _reads(random, habit, day, hour)
                hour += random.uniform(0.4, 1.2) + (1 if 12 <= hour < 13 else 0)
    return scenario(logins)


def _habit(random: Random, index: int, name: str) -> Habit:
    return Habit(
        user=name,
        address=lan_address(index),
        service=random.choice(_SERVICES),
        tls=TlsMode.NONE if index < INSECURE else random.choice(_SECURE),
        client=random.choice(CLIENTS),
    )


def _reads(random: Random, habit: Habit, day: int, hour: float) -> list[Login]:
    logins = [habit.login(moment(day, hour))]
    if random.random() < TYPOS:
        logins.append(habit.login(moment(day, hour - 0.004), password="sceret"))
    if random.random() < 0.25:
        logins.append(habit.login(moment(day, hour + 0.05), service="smtp"))
    return logins
