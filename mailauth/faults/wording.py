"""The false replies of each protocol, derived from the true ones."""

import re
from typing import Protocol

_TAGGED = re.compile(rb"^(?![*+] )(\S+) (OK|NO) [^\r\n]*", re.MULTILINE)
_LIES = b"SCRAM-SHA-256", b"CRAM-MD5"


class Wording(Protocol):
    """The false replies of a protocol. Each method gets the true reply."""

    def refusing_tls(self, said: bytes) -> bytes:
        """Refuse STARTTLS instead of accepting it."""

    def injecting(self, said: bytes) -> bytes:
        """Append replies that an attacker would inject after STARTTLS."""

    def injecting_no(self, said: bytes) -> bytes:
        """Append a refusal of the client's next command."""

    def injecting_untagged(self, said: bytes) -> bytes:
        """Append an unsolicited response."""

    def wrong_code(self, said: bytes) -> bytes:
        """Refuse a login with a status that the protocol does not define."""

    def lying(self, said: bytes) -> bytes:
        """Announce mechanisms that are not supported."""

    def preauth(self, said: bytes) -> bytes:
        """Greet as if the client were logged in."""


class ImapWording:
    """IMAP (RFC 9051)."""

    def refusing_tls(self, said: bytes) -> bytes:
        """A tagged NO (§6.2.1)."""
        return _TAGGED.sub(rb"\1 NO [UNAVAILABLE] TLS is not available now", said)

    def injecting(self, said: bytes) -> bytes:
        """A capability, and the response to the next command if the client counts its tags."""
        tagged = _TAGGED.search(said)
        assert tagged is not None, "STARTTLS has a tag"
        injected = b"* CAPABILITY IMAP4rev1 X-INJECTED\r\n%b OK injected\r\n"
        return said + injected % _next_tag(tagged[1])

    def injecting_no(self, said: bytes) -> bytes:
        """A NO to the next command if the client counts its tags."""
        tagged = _TAGGED.search(said)
        assert tagged is not None, "STARTTLS has a tag"
        return said + b"%b NO injected\r\n" % _next_tag(tagged[1])

    def injecting_untagged(self, said: bytes) -> bytes:
        """Capabilities, which a client must discard after the handshake (§6.2.1)."""
        lies = b" ".join(b"AUTH=%b" % mechanism for mechanism in _LIES)
        return said + b"* CAPABILITY IMAP4rev1 LOGINDISABLED %b\r\n" % lies

    def wrong_code(self, said: bytes) -> bytes:
        """A status that is not defined (§7.1)."""
        return _TAGGED.sub(rb"\1 YES Welcome", said)

    def lying(self, said: bytes) -> bytes:
        """In any list of capabilities (§7.2.2)."""
        announced = b"".join(b"AUTH=%b " % mechanism for mechanism in _LIES)
        return said.replace(b"AUTH=PLAIN", announced + b"AUTH=PLAIN")

    def preauth(self, said: bytes) -> bytes:
        """The greeting of a connection that is logged in already (§7.1.4)."""
        return said.replace(b"* OK ", b"* PREAUTH ", 1)


class Pop3Wording:
    """POP3 (RFC 1939)."""

    def refusing_tls(self, said: bytes) -> bytes:
        """RFC 2595 §4."""
        return re.sub(rb"^\+OK [^\r\n]*", b"-ERR TLS is not available now", said)

    def injecting(self, said: bytes) -> bytes:
        """An extra positive reply."""
        return said + b"+OK injected\r\n"

    def injecting_no(self, said: bytes) -> bytes:
        """An extra negative reply."""
        return said + b"-ERR injected\r\n"

    def injecting_untagged(self, said: bytes) -> bytes:
        """Every reply of POP3 answers a command."""
        return said

    def wrong_code(self, said: bytes) -> bytes:
        """A status that is not defined (§3)."""
        return re.sub(rb"^-ERR [^\r\n]*", b"+YES Welcome", said)

    def lying(self, said: bytes) -> bytes:
        """In CAPA (RFC 5034 §3)."""
        return said.replace(b"SASL PLAIN", b"SASL " + b" ".join(_LIES) + b" PLAIN")

    def preauth(self, said: bytes) -> bytes:
        """POP3 has no such greeting."""
        return said


class SmtpWording:
    """SMTP (RFC 5321)."""

    def refusing_tls(self, said: bytes) -> bytes:
        """RFC 3207 §4."""
        return re.sub(rb"^220 [^\r\n]*", b"454 4.7.0 TLS is not available now", said)

    def injecting(self, said: bytes) -> bytes:
        """A reply to the next EHLO, without STARTTLS."""
        return said + b"250-injected\r\n250 AUTH PLAIN LOGIN\r\n"

    def injecting_no(self, said: bytes) -> bytes:
        """A reply that EHLO is unknown, so that a client may try HELO (§3.2)."""
        return said + b"502 5.5.1 injected\r\n"

    def injecting_untagged(self, said: bytes) -> bytes:
        """Every reply of SMTP answers a command."""
        return said

    def wrong_code(self, said: bytes) -> bytes:
        """A positive reply that AUTH does not define (RFC 4954 §6)."""
        return re.sub(rb"^454 [^\r\n]*", b"250 2.0.0 Welcome", said)

    def lying(self, said: bytes) -> bytes:
        """In the answer to EHLO (RFC 4954 §3)."""
        return said.replace(b"AUTH PLAIN", b"AUTH " + b" ".join(_LIES) + b" PLAIN")

    def preauth(self, said: bytes) -> bytes:
        """SMTP has no such greeting."""
        return said


def _next_tag(tag: bytes) -> bytes:
    """Return the tag after this one, as most clients count: `a10` after `a09`."""
    letters = tag.rstrip(b"0123456789")
    digits = tag[len(letters) :]
    if not digits:
        return tag
    return letters + str(int(digits) + 1).encode("ascii").rjust(len(digits), b"0")
