"""What clients send, made fit to be written down: capped, valid text, and never a password."""

FIELD_OCTETS = 1024  # what a client sends is kept up to this length a field

MASK = "*"


def shown(sent: bytes) -> str:
    """Return up to `FIELD_OCTETS` of `sent` as text; what is not UTF-8 is percent-encoded."""
    if len(sent) > FIELD_OCTETS:
        sent = _whole_characters(sent[:FIELD_OCTETS])
    try:
        return sent.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(
            f"%{ord(character) - 0xDC00:02X}" if "\udc80" <= character <= "\udcff" else character
            for character in sent.decode("utf-8", "surrogateescape")
        )


def _whole_characters(sent: bytes) -> bytes:
    """Drop a character that the cap has cut in two."""
    for cut in range(1, 4):
        if 0xC2 <= sent[-cut] <= 0xF4:  # the lead octet of the last character (RFC 3629 §4)
            length = 2 if sent[-cut] < 0xE0 else 3 if sent[-cut] < 0xF0 else 4
            return sent[:-cut] if cut < length else sent
        if sent[-cut] < 0x80:
            break
    return sent
