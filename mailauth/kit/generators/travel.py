"""One user travels, together with the mail client."""

from random import Random

from mailauth.config import TlsMode
from mailauth.kit.generators.people import (
    Habit,
    accounts,
    address_in,
    lan_address,
    moment,
    scenario,
)
from mailauth.kit.scenario import Login, Scenario

PEOPLE = 6
JOURNEY = ("United States", "Germany", "Japan", "Australia")


def travelling_user(random: Random, days: int) -> Scenario:
    """One user logs in from one country after another, staying at least a day in each."""
    names = accounts(PEOPLE)
    logins: list[Login] = []
    for index, name in enumerate(names[1:], 1):
        habit = Habit(name, lan_address(index), "imap", TlsMode.IMPLICIT, "Thunderbird")
        for day in range(days):
            logins += [habit.login(moment(day, random.uniform(8, 17))) for _ in range(4)]
    traveller = Habit(names[0], lan_address(0), "imap", TlsMode.STARTTLS, "K-9 Mail")
    for day in range(days):
        country = JOURNEY[min(day * len(JOURNEY) // max(days, 1), len(JOURNEY) - 1)]
        address = address_in(country, random)
        hours = [6, *sorted(random.uniform(8, 19) for _ in range(5))]
        logins += [traveller.login(moment(day, hour), address=address) for hour in hours]
    elsewhere = address_in("South Africa", random)
    last = max(login.at for login in logins if login.user == names[0])
    logins.append(traveller.login(last.replace(microsecond=0), address=elsewhere))
    return scenario(logins)
