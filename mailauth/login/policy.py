"""What a listener permits. Policy never changes the verdict."""

import enum

import msgspec

from mailauth.login.event import Service
from mailauth.sasl import MECHANISMS

APOP = "APOP"  # POP3's own, not a SASL mechanism
PASSWORD_COMMANDS = "PLAIN"  # what IMAP's LOGIN and POP3's USER and PASS count as


class Cleartext(enum.Enum):
    """Whether clients may log in before TLS."""

    ALLOW = "allow"
    REFUSE = "refuse"


class Policy(msgspec.Struct, frozen=True):
    """A listener's policy: cleartext logins, and its mechanisms in the order of announcement.

    If `mechanisms` is given, only those can be used, whatever the command. `None` means all that
    every account's stored secret can serve.
    """

    cleartext: Cleartext = Cleartext.ALLOW
    mechanisms: tuple[str, ...] | None = None

    def permits(self, mechanism: str) -> bool:
        """Return whether a listener with this policy has the mechanism at all."""
        return self.mechanisms is None or mechanism in self.mechanisms


def may_bind_channel(protocol: Service, mechanisms: tuple[str, ...] | None) -> bool:
    """Return whether mechanisms with channel binding are offered with this policy.

    By default, only IMAP offers them: mutt and NeoMutt with GNU SASL choose them whenever they are
    offered, cannot use them, and try another mechanism only in IMAP.
    """
    if mechanisms is None:
        return protocol is Service.IMAP
    return any(MECHANISMS[name].binds_channel for name in mechanisms if name != APOP)


def mechanisms_of(protocol: Service) -> tuple[str, ...]:
    """Return what `mechanisms` can contain for this protocol; for HTTP, nothing."""
    if protocol is Service.HTTP:
        return ()
    return (*MECHANISMS, APOP) if protocol is Service.POP3 else tuple(MECHANISMS)
