"""The capabilities, computed from the state each time they are asked for (RFC 9051 §6.1.1)."""

from functools import lru_cache

from mailauth.imap.session import ImapSession, State

_ALWAYS = "IMAP4rev1 IMAP4rev2 SASL-IR ID ENABLE"
_AFTER_LOGIN = (
    "LITERAL+ IDLE NAMESPACE CHILDREN SPECIAL-USE LIST-EXTENDED LIST-STATUS STATUS=SIZE"
    " UNSELECT UIDPLUS MOVE BINARY ESEARCH SEARCHRES WITHIN CONDSTORE"
    " QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE UTF8=ACCEPT"
)


def capabilities(session: ImapSession) -> str:
    """Return the capabilities in the current state, separated by spaces."""
    if session.state is not State.NOT_AUTHENTICATED:
        return f"{_ALWAYS} {_AFTER_LOGIN} APPENDLIMIT={session.limits.message_size}"
    login = session.login
    return _before_login(session.starttls_available, login.cleartext_refused, login.offered)


@lru_cache(maxsize=64)
def _before_login(starttls: bool, refused: bool, mechanisms: tuple[str, ...]) -> str:
    return " ".join(
        (
            _ALWAYS,
            "LITERAL-",
            *(("STARTTLS",) if starttls else ()),
            *(("LOGINDISABLED",) if refused else ()),
            *(f"AUTH={mechanism}" for mechanism in mechanisms),
        )
    )
