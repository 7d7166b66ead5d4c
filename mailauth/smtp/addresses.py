"""The paths of MAIL and RCPT (RFC 5321 §4.1.2, RFC 6531 §3.3)."""

import re

import msgspec

LOCAL_PART_OCTETS = 64  # RFC 5321 §4.5.3.1.1
DOMAIN_OCTETS = 255  # §4.5.3.1.2
PATH_OCTETS = 256  # §4.5.3.1.3, with its brackets

_ATOM = r"[\w!#$%&'*+/=?^`{|}~\x80-\U0010ffff-]+"
_LABEL = r"[^\W_](?:[\w-]*[^\W_])?"
_DOMAIN = rf"{_LABEL}(?:\.{_LABEL})*\.?"
_LITERAL = r"\[(?:[0-9.]+|[A-Za-z0-9-]+:[!-Z^-~]+)\]"
_QUOTED = r'"(?:[ !#-\[\]-~\x80-\U0010ffff]|\\[ -~])*"'
_PATH = re.compile(
    rf"<(?P<route>@{_DOMAIN}(?:,@{_DOMAIN})*:)?"
    rf"(?P<local>{_ATOM}(?:\.{_ATOM})*|{_QUOTED})"
    rf"(?:@(?P<domain>{_DOMAIN}|{_LITERAL}))?>"
)


class AddressError(ValueError):
    """The argument is not a valid path."""


class Path(msgspec.Struct, frozen=True):
    """A reverse-path or forward-path without its source route (RFC 5321 §4.1.1.3, appendix C).

    `local_part` is unquoted. `domain` is `None` for a bare name. The reverse-path of a notification
    is empty.
    """

    local_part: str = ""
    domain: str | None = None
    text: str = ""

    @property
    def mailbox(self) -> str:
        """The address in the form of an account name."""
        return self.local_part if self.domain is None else f"{self.local_part}@{self.domain}"

    def with_u_labels(self) -> "Path":
        """Return the path with the domain's A-labels converted to U-labels (RFC 6531 §3.2)."""
        try:
            domain = (self.domain or "").lower().encode("ascii").decode("idna")
        except UnicodeError:
            return self
        return msgspec.structs.replace(self, domain=domain or None)

    @property
    def is_ascii(self) -> bool:
        """Whether it can be used without SMTPUTF8."""
        return self.text.isascii()


NULL = Path()


class Addressed(msgspec.Struct, frozen=True):
    """A path, and the unparsed parameters that follow it."""

    path: Path
    parameters: str


def read_path(argument: bytes) -> Addressed:
    """Parse a path and the parameters that follow it; raises `AddressError`."""
    try:
        text = argument.decode("utf-8")
    except UnicodeDecodeError:
        raise AddressError("an address must be ASCII, or UTF-8 with SMTPUTF8") from None
    if text.startswith("<>"):
        return Addressed(NULL, _parameters(text, 2))
    match = _PATH.match(text)
    if match is None:
        raise AddressError("an address must be written <local-part@domain>")
    local, domain = match["local"], match["domain"]
    path = f"{local}@{domain}" if domain is not None else local
    if len(local.encode()) > LOCAL_PART_OCTETS:
        raise AddressError(f"a local part has at most {LOCAL_PART_OCTETS} octets")
    if domain is not None and len(domain.encode()) > DOMAIN_OCTETS:
        raise AddressError(f"a domain has at most {DOMAIN_OCTETS} octets")
    if len(match[0].encode()) > PATH_OCTETS:
        raise AddressError(f"a path has at most {PATH_OCTETS} octets")
    if local.startswith('"'):
        local = re.sub(r"\\(.)", r"\1", local[1:-1])
    return Addressed(Path(local, domain, path), _parameters(text, match.end()))


def _parameters(text: str, end: int) -> str:
    if end < len(text) and text[end] != " ":
        raise AddressError("an address must end with its closing bracket")
    return text[end:].strip(" ")
