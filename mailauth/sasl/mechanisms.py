"""The mechanisms that we have, by name, in the order in which they are offered."""

from mailauth.sasl.exchange import Mechanism
from mailauth.sasl.login import LOGIN
from mailauth.sasl.plain import PLAIN

MECHANISMS: dict[str, Mechanism] = {mechanism.name: mechanism for mechanism in (PLAIN, LOGIN)}
