"""Telling UTF-8 (RFC 3629) from other octets."""


def is_utf8(octets: bytes) -> bool:
    """Say whether these octets are whole characters of UTF-8."""
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
