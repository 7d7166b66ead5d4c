"""Recognizes UTF-8 (RFC 3629)."""


def is_utf8(octets: bytes) -> bool:
    """Return whether these octets are complete characters of UTF-8."""
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
