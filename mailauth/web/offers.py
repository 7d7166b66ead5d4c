"""What a console offers: all of it for a server of ours, less for one whose log is watched."""

from collections.abc import Callable

Offers = Callable[[str], bool]

_OF_OUR_SERVER = frozenset(
    {
        "accounts",
        "disable",
        "enable",
        "password-changed",
        "cutoff",
        "connections",
        "unblock",
        "listeners",
        "cleartext",
        "setup",
        "ca.pem",
        "ca.crt",
        "token",
        "revoke",
        "mail",  # autoconfiguration of mail clients
        ".well-known",
        "autodiscover",
        "Autodiscover",
    }
)
_API_OF_OUR_SERVER = frozenset({"accounts", "blocks", "connections", "listeners", "reset"})


def everything(_: str) -> bool:
    """Offer every path."""
    return True


def of_watched_server(path: str) -> bool:
    """Offer what can be known of a server that is not ours; nothing of it can be changed."""
    first, *rest = path.strip("/").split("/")
    if first == "api" and len(rest) > 1:
        return rest[1] not in _API_OF_OUR_SERVER
    return first not in _OF_OUR_SERVER
