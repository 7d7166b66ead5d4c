"""What clients send, made safe to record: capped, valid text, and never a secret.

A cap counts octets as written in LoginAttempts.jsonl, where a control character takes six. So the
size of a record is limited, whatever a client sends. Longer values keep their beginning.
"""

import codecs
import re

from mailauth.wire.unseen import beginning_as_json

NAME_OCTETS = 512  # of authcid; account names are much shorter (RFC 5321 §4.5.3.1: 320)
AUTHZID_OCTETS = 256
CLIENT_NAME_OCTETS = 256
CLIENT_VERSION_OCTETS = 128
MECHANISM_OCTETS = 64  # RFC 4422 §3.1: 20 characters
SERVER_NAME_OCTETS = 256  # RFC 6066 §3, RFC 1035 §3.1: 255
TLS_WORD_OCTETS = 64  # of each other fact that a proxy reports of its client's TLS

MASK = "*"

_WORST = 6  # octets of one character of a client: a control character is \u0001
_decoder = codecs.getincrementaldecoder("utf-8")
_PERCENT = {0xDC00 + octet: f"%{octet:02X}" for octet in range(0x80, 0x100)}  # what is not UTF-8
_SPLIT_PERCENT = re.compile(r"%[0-9A-F]?\Z")


def shown(sent: bytes, octets: int = NAME_OCTETS) -> str:
    """Return the beginning of `sent` as text; what is not UTF-8 is percent-encoded."""
    if len(sent) * _WORST <= octets:  # as with nearly every client
        return _text(sent)
    decoder = _decoder("surrogateescape")
    text = decoder.decode(sent[:octets], final=len(sent) <= octets)  # no character is cut in two
    return _beginning(_percent_encoded(text), octets)


def _text(sent: bytes) -> str:
    try:
        return sent.decode("utf-8")
    except UnicodeDecodeError:
        return _percent_encoded(sent.decode("utf-8", "surrogateescape"))


def _percent_encoded(text: str) -> str:
    return text if text.isascii() else text.translate(_PERCENT)


def _beginning(text: str, octets: int) -> str:
    """Return as much of the text as can be written in this many octets."""
    beginning = beginning_as_json(text, octets)
    return text if len(beginning) == len(text) else _SPLIT_PERCENT.sub("", beginning)
