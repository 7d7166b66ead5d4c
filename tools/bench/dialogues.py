"""What a client says to log in, in the steps of load.c: each login a new connection."""

from base64 import b64encode

import msgspec

ACCOUNTS = [f"user{number:03d}@mydomain.com" for number in range(1000)]
PASSWORD = "secret"
_ACCOUNT = "user###@mydomain.com"  # the load client's number of the connection

_IMAP = ["<* OK", f">a LOGIN {_ACCOUNT} {PASSWORD}", "<a OK", "login"]
_IMAP_QUIT = [">b LOGOUT", "<b OK"]
_STARTTLS = ["<* OK", ">s STARTTLS", "<s OK", "tls"]
_PLAIN = b64encode(f"\0{ACCOUNTS[0]}\0{PASSWORD}".encode()).decode("ascii")
_BASIC = b64encode(f"{ACCOUNTS[0]}:{PASSWORD}".encode()).decode("ascii")


class Dialogue(msgspec.Struct, frozen=True):
    """How to log in at a listener; Dovecot has the same ones, except for HTTP's."""

    name: str
    listener: str
    steps: list[str]
    options: tuple[str, ...] = ()
    is_tls: bool = False
    dovecot_has_it: bool = True


IMAP = Dialogue("IMAP, cleartext", "imap", [*_IMAP, *_IMAP_QUIT])
IMAPS = Dialogue("IMAPS, full handshake", "imaps", ["tls", *_IMAP, *_IMAP_QUIT], is_tls=True)

RESUMED = msgspec.structs.replace(IMAPS, name="IMAPS, resumed", options=("-r",))

DIALOGUES = (
    IMAP,
    Dialogue("IMAP, STARTTLS", "imap", [*_STARTTLS, *_IMAP[1:], *_IMAP_QUIT], is_tls=True),
    IMAPS,
    RESUMED,
    Dialogue(
        "POP3, cleartext",
        "pop3",
        [
            *("<+OK", f">USER {_ACCOUNT}", "<+OK", f">PASS {PASSWORD}", "<+OK", "login"),
            *(">QUIT", "<+OK"),
        ],
    ),
    Dialogue(
        "SMTP, cleartext",
        "submission",
        ["<220", ">EHLO load", "<250 ", f">AUTH PLAIN {_PLAIN}", "<235", "login"],
    ),
    Dialogue(
        "HTTP, cleartext",
        "http",
        [
            ">GET /api/v1/logins?limit=1 HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close"
            f"\\r\\nAuthorization: Basic {_BASIC}\\r\\n",
            *("<HTTP/1.1 200", "login"),
        ],
        dovecot_has_it=False,
    ),
)

IDLE_IN_CLEAR = Dialogue("in the clear", "imap", [*_IMAP, "hold"])
IDLE_WITH_TLS = Dialogue("with TLS", "imaps", ["tls", *_IMAP, "hold"], is_tls=True)
