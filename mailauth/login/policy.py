"""What a listener permits. Policy never changes the verdict."""

import enum

import msgspec


class Cleartext(enum.Enum):
    """Whether a login may be tried before TLS."""

    ALLOW = "allow"
    REFUSE = "refuse"


class Policy(msgspec.Struct, frozen=True):
    """A listener's policy: cleartext logins, and the SASL mechanisms it offers, in that order.

    `None` offers whatever every account's stored secret can serve.
    """

    cleartext: Cleartext = Cleartext.ALLOW
    mechanisms: tuple[str, ...] | None = None
