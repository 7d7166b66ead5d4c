"""The cases: for each protocol, first no fault, and then each fault that its listener can have."""

from collections.abc import Iterable

import msgspec

from mailauth.config import ConfigError, ListenerConfig, ServiceName, TlsMode, check_faults
from mailauth.faults import FAULTS, Fault

MAIL: tuple[ServiceName, ...] = ("imap", "pop3", "smtp")
USER = "bob@mydomain.com"
NO_FAULT = "no-fault"


class Case(msgspec.Struct, frozen=True):
    """A fault on its own listener; `None` is a listener without a fault."""

    protocol: ServiceName
    tls: TlsMode
    fault: Fault | None

    @property
    def name(self) -> str:
        """The name of the case, which is unique in its protocol."""
        return NO_FAULT if self.fault is None else self.fault.value

    @property
    def listener(self) -> str:
        """The name of its listener."""
        return f"{self.protocol}-{self.name}"

    @property
    def user(self) -> str:
        """The account that only the command of this case uses."""
        return f"{self.listener}@mydomain.com"

    @property
    def does(self) -> str:
        """What the listener does."""
        return "does everything right" if self.fault is None else FAULTS[self.fault].does


def cases(protocols: Iterable[ServiceName], tls: TlsMode, only: Iterable[str] = ()) -> list[Case]:
    """Return the cases that `only` names, and always those without a fault."""
    wanted = set(only)
    return [
        case
        for protocol in protocols
        for fault in (None, *Fault)
        if _fits(case := Case(protocol, tls, fault))
        and (fault is None or not wanted or case.name in wanted)
    ]


def configuration(tried: Iterable[Case], password: str) -> str:
    """Write the `mailauth.toml` of a server that has a listener and an account for each case.

    The account `USER` is for a client that tries all cases itself.
    """
    tables = [_user(USER, password), '[[listener]]\nname = "http"\nprotocol = "http"\nport = 0\n']
    for case in tried:
        tables.append(_user(case.user, password))
        fault = "" if case.fault is None else f'fault = "{case.fault.value}"\n'
        tables.append(
            f'[[listener]]\nname = "{case.listener}"\nprotocol = "{case.protocol}"\n'
            f'port = 0\ntls = "{case.tls.value}"\n{fault}'
        )
    return "".join(tables)


def _user(name: str, password: str) -> str:
    return f'[[user]]\nname = "{name}"\npassword = "{password}"\n'


def _fits(case: Case) -> bool:
    listener = ListenerConfig(
        name=case.listener,
        protocol=case.protocol,
        port=0,
        tls=case.tls,
        fault=() if case.fault is None else case.fault,
    )
    try:
        check_faults(case.listener, listener)
    except ConfigError:
        return False
    return True
