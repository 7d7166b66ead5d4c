"""The mail protocols of a server: which core speaks on a new connection, and with whose mail."""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from mailauth.config import ListenerProtocol
from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.server import ImapServer
from mailauth.mailbox.store import MailStore
from mailauth.net.connection import Spoken
from mailauth.net.link import Link
from mailauth.net.listener import Listener
from mailauth.pop3.maildrop import Maildrop
from mailauth.pop3.server import Pop3Server
from mailauth.smtp.server import SmtpServer

_FROM_ANYBODY = "smtp"  # the listener that takes mail for the accounts without a login


class Mail:
    """Makes cores for one store. `now` is the clock that stamps the record."""

    def __init__(self, store: MailStore, hostname: str, now: Callable[[], datetime]) -> None:
        self._store = store
        self._parsed = ParsedMessages()
        self._hostname = hostname
        self._now = now

    def speak(self, listener: Listener, link: Link, changed: Callable[[], None]) -> Spoken:
        """Begin to speak on a link; `changed` is called when there is news for the client."""
        match listener.config.protocol:
            case ListenerProtocol.IMAP:
                return self._imap(listener, link, changed)
            case ListenerProtocol.POP3:
                return self._pop3(listener, link)
            case ListenerProtocol.SMTP:
                return self._smtp(listener, link)
            case ListenerProtocol.HTTP:
                raise AssertionError("HTTP is no mail protocol")
            case _:
                assert_never(listener.config.protocol)

    def _imap(self, listener: Listener, link: Link, changed: Callable[[], None]) -> Spoken:
        session = listener.session(link.client, link.hop)
        core = ImapServer(
            session,
            self._store,
            now=self._now,
            parsed=self._parsed,
            hostname=self._hostname,
            tls_available=listener.starttls_available,
            changed=changed,
        )
        return Spoken(session, core)

    def _pop3(self, listener: Listener, link: Link) -> Spoken:
        maildrop = Maildrop(self._store)
        session = listener.session(link.client, link.hop, admission=maildrop)
        core = Pop3Server(
            session,
            maildrop,
            hostname=self._hostname,
            tls_available=listener.starttls_available,
        )
        return Spoken(session, core)

    def _smtp(self, listener: Listener, link: Link) -> Spoken:
        session = listener.session(link.client, link.hop)
        core = SmtpServer(
            session,
            self._store,
            accounts=lambda: listener.authority.accounts,
            now=self._now,
            hostname=self._hostname,
            tls_available=listener.starttls_available,
            authentication_required=listener.config.name != _FROM_ANYBODY,
        )
        return Spoken(session, core)
