"""The parameters of MAIL and RCPT: SIZE, BODY, SMTPUTF8, AUTH and those of DSN.

RFC 5321 §4.1.2, RFC 1870 §6, RFC 6152 §2, RFC 6531 §3.4, RFC 4954 §5, RFC 3461 §4.
"""

import enum
import re

import msgspec

from mailauth.smtp.replies import SmtpError, bad_syntax

_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([!-<>-~\x80-\U0010ffff]+))?")
_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 §4
_XTEXT = re.compile(r"(?:[!-*,-<>-~\x80-\U0010ffff]|\+[0-9A-F]{2})*")
_ENVELOPE_ID_OCTETS = 100  # RFC 3461 §4.4
_ORIGINAL_RECIPIENT_OCTETS = 500  # RFC 3461 §4.2


class Notify(enum.Enum):
    """When the sender wants to be notified; NEVER is the empty set."""

    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    DELAY = "DELAY"


class MailParameters(msgspec.Struct, frozen=True):
    """The parameters of MAIL; `size` is what the client announced."""

    size: int = 0
    smtputf8: bool = False
    envelope_id: str | None = None


class RcptParameters(msgspec.Struct, frozen=True):
    """The parameters of RCPT; `original_recipient` begins with its address type."""

    notify: frozenset[Notify] = frozenset({Notify.FAILURE, Notify.DELAY})
    original_recipient: str | None = None


def mail_parameters(text: str) -> MailParameters:
    """Parse the parameters of MAIL; raises `SmtpError`."""
    size, smtputf8 = 0, False
    envelope_id: str | None = None
    for keyword, value in _split(text):
        match keyword:
            case "SIZE" if value is not None and _SIZE.fullmatch(value):
                size = int(value)
            case "BODY" if value is not None and value.upper() in ("7BIT", "8BITMIME"):
                pass  # every octet is kept as it is
            case "SMTPUTF8" if value is None:
                smtputf8 = True
            case "AUTH" if value is not None and _XTEXT.fullmatch(value):
                pass  # the original submitter is not used
            case "RET" if value is not None and value.upper() in ("FULL", "HDRS"):
                pass  # RET concerns failures (RFC 3461 §4.3), which we report by reply
            case "ENVID" if value is not None:
                envelope_id = _xtext(value, _ENVELOPE_ID_OCTETS)
            case _:
                raise _not_taken(keyword, ("SIZE", "BODY", "SMTPUTF8", "AUTH", "RET", "ENVID"))
    return MailParameters(size, smtputf8, envelope_id)


def rcpt_parameters(text: str) -> RcptParameters:
    """Parse the parameters of RCPT; raises `SmtpError`."""
    parameters = RcptParameters()
    for keyword, value in _split(text):
        match keyword:
            case "NOTIFY" if value is not None:
                parameters = msgspec.structs.replace(parameters, notify=_notify(value))
            case "ORCPT" if value is not None and ";" in value:
                original = _xtext(value, _ORIGINAL_RECIPIENT_OCTETS)
                parameters = msgspec.structs.replace(parameters, original_recipient=original)
            case _:
                raise _not_taken(keyword, ("NOTIFY", "ORCPT"))
    return parameters


def _split(text: str) -> list[tuple[str, str | None]]:
    found: dict[str, str | None] = {}
    for word in text.split(" ") if text else ():
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise bad_syntax("A parameter must be written KEYWORD or KEYWORD=value")
        keyword = match[1].upper()
        if keyword in found:
            raise bad_syntax("A parameter is given twice")
        found[keyword] = match[2]
    return list(found.items())


def _not_taken(keyword: str, known: tuple[str, ...]) -> SmtpError:
    if keyword in known:
        return bad_syntax(f"The value of {keyword} is not one that it can have")
    return SmtpError(555, "5.5.4", "A parameter is not recognized")


def _notify(value: str) -> frozenset[Notify]:
    words = value.upper().split(",")
    if words == ["NEVER"]:
        return frozenset()
    if len(set(words)) < len(words) or not {each.value for each in Notify}.issuperset(words):
        raise bad_syntax("NOTIFY must be NEVER or a list of SUCCESS, FAILURE and DELAY")
    return frozenset(map(Notify, words))


def _xtext(value: str, limit: int) -> str:
    """Decode xtext (RFC 3461 §4) that will be written into a header field."""
    if len(value.encode()) > limit or not _XTEXT.fullmatch(value):
        raise bad_syntax(f"The value is not xtext of at most {limit} octets")
    decoded = re.sub(r"\+([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), value)
    if not decoded.isprintable():
        raise bad_syntax("The value contains control characters")
    return decoded
