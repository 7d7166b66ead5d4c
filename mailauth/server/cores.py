"""The mail protocols of a server: the core for a new connection, and the mail that it serves."""

from collections.abc import Callable
from datetime import datetime
from typing import assert_never

from mailauth.faults import FAULTS, FaultKind
from mailauth.faults.admission import FaultyAdmission
from mailauth.faults.core import FaultyCore, Later
from mailauth.faults.wording import ImapWording, Pop3Wording, SmtpWording, Wording
from mailauth.imap.parsed import ParsedMessages
from mailauth.imap.server import ImapServer
from mailauth.login.event import Service
from mailauth.login.session import LoginSession
from mailauth.mailbox.store import MailStore
from mailauth.net.connection import SessionAndCore
from mailauth.net.link import Link
from mailauth.net.listener import Listener
from mailauth.pop3.maildrop import Maildrop
from mailauth.pop3.server import Pop3Server
from mailauth.smtp.server import SmtpServer
from mailauth.wire.effects import Core

_WORDING: dict[Service, Wording] = {
    Service.IMAP: ImapWording(),
    Service.POP3: Pop3Wording(),
    Service.SMTP: SmtpWording(),
}

_OF_TLS = (FaultKind.CERTIFICATE, FaultKind.TLS)  # handled by the link


class Cores:
    """Makes cores for one store. `now` stamps the record; `later` is for delays."""

    def __init__(
        self, store: MailStore, hostname: str, now: Callable[[], datetime], later: Later
    ) -> None:
        self._store = store
        self._parsed = ParsedMessages()
        self._hostname = hostname
        self._now = now
        self._later = later

    def new_core(
        self, listener: Listener, link: Link, changed: Callable[[], None]
    ) -> SessionAndCore:
        """Make the core for a link; `changed` is called when there is news for the client."""
        protocol = listener.service
        faults = [each for each in listener.faults if FAULTS[each].kind not in _OF_TLS]
        maildrop = Maildrop(self._store) if protocol is Service.POP3 else None
        if not faults:
            session = listener.session(link.client, link.hop, admission=maildrop)
            return SessionAndCore(session, self._core(listener, session, maildrop, changed))
        admission = FaultyAdmission(faults, maildrop)
        session = listener.session(link.client, link.hop, admission=admission)
        core = self._core(listener, session, maildrop, changed)
        wording, later = _WORDING[protocol], self._later
        faulty = FaultyCore(faults, core, session, admission, wording, later, changed)
        return SessionAndCore(session, faulty)

    def _core(
        self,
        listener: Listener,
        session: LoginSession,
        maildrop: Maildrop | None,
        changed: Callable[[], None],
    ) -> Core:
        match listener.service:
            case Service.IMAP:
                return ImapServer(
                    session,
                    self._store,
                    now=self._now,
                    parsed=self._parsed,
                    hostname=self._hostname,
                    tls_available=listener.starttls_available,
                    changed=changed,
                )
            case Service.POP3:
                assert maildrop is not None
                return Pop3Server(
                    session,
                    maildrop,
                    hostname=self._hostname,
                    tls_available=listener.starttls_available,
                )
            case Service.SMTP:
                return SmtpServer(
                    session,
                    self._store,
                    accounts=lambda: listener.authority.accounts,
                    now=self._now,
                    hostname=self._hostname,
                    tls_available=listener.starttls_available,
                    authentication_required=not listener.config.takes_mail_without_login,
                )
            case Service.HTTP:
                raise AssertionError("HTTP is not a mail protocol")
            case _:
                assert_never(listener.service)
