"""What a listener permits. Policy never changes the verdict."""

import enum

import msgspec

from mailauth.login.event import Service
from mailauth.sasl import MECHANISMS

APOP = "APOP"  # POP3's own, no mechanism of SASL
PASSWORD_COMMANDS = "PLAIN"  # what IMAP's LOGIN and POP3's USER and PASS count as


class Cleartext(enum.Enum):
    """Whether a login may be tried before TLS."""

    ALLOW = "allow"
    REFUSE = "refuse"


class Policy(msgspec.Struct, frozen=True):
    """A listener's policy: cleartext logins, and its mechanisms in the order of their announcement.

    With `mechanisms`, nobody can log in by another one, whatever the command. `None` leaves it to
    what every account's stored secret can serve.
    """

    cleartext: Cleartext = Cleartext.ALLOW
    mechanisms: tuple[str, ...] | None = None

    def permits(self, mechanism: str) -> bool:
        """Say whether a listener with this policy has the mechanism at all."""
        return self.mechanisms is None or mechanism in self.mechanisms


def may_bind_channel(protocol: Service, mechanisms: tuple[str, ...] | None) -> bool:
    """Say whether a mechanism that binds to the channel is offered with this policy.

    Where nothing is configured, they are IMAP's alone: mutt and NeoMutt made with GNU SASL choose
    them wherever they see them, cannot do them, and only with IMAP go on with another.
    """
    if mechanisms is None:
        return protocol is Service.IMAP
    return any(MECHANISMS[name].binds_channel for name in mechanisms if name != APOP)


def mechanisms_of(protocol: Service) -> tuple[str, ...]:
    """List what `mechanisms` can name where this protocol is spoken: nothing for HTTP."""
    if protocol is Service.HTTP:
        return ()
    return (*MECHANISMS, APOP) if protocol is Service.POP3 else tuple(MECHANISMS)
