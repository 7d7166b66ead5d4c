"""The supported formats, and the readers for them."""

import re
from collections.abc import Callable

import msgspec

from mailauth.report.foreign import (
    courier,
    cyrus,
    dovecot,
    exchange,
    exim,
    nginx_mail,
    opensmtpd,
    postfix,
    sendmail,
)
from mailauth.report.foreign.courier import CourierReader
from mailauth.report.foreign.cyrus import CyrusReader
from mailauth.report.foreign.dovecot import DovecotReader
from mailauth.report.foreign.exchange import ExchangeReader
from mailauth.report.foreign.exim import EximReader
from mailauth.report.foreign.found import Reader
from mailauth.report.foreign.nginx_mail import NginxMailReader
from mailauth.report.foreign.opensmtpd import OpenSmtpdReader
from mailauth.report.foreign.postfix import PostfixReader
from mailauth.report.foreign.sendmail import SendmailReader


class Format(msgspec.Struct, frozen=True):
    """The log format of another server.

    `programs` matches the syslog tags of its programs. Every relevant line contains one of the
    `marks`, even if it is in JSON. `sign` is a mark and a test for lines that show TLS; if any line
    of a log passes it, the absence of TLS from another line is evidence (`None`: it always is).
    `new` makes a reader from that result. `tells` and `lacks` describe what the log can and cannot
    show, and `recipe` which settings of the server improve that. If not `is_genuine`, the format
    was implemented from documentation.
    """

    name: str
    title: str
    programs: re.Pattern[str]
    marks: tuple[str, ...]
    new: Callable[[bool], Reader]
    tells: str
    lacks: str
    recipe: str
    is_genuine: bool = True
    sign: tuple[str, Callable[[str], bool]] | None = None


DOVECOT = Format(
    name="dovecot",
    title="Dovecot",
    programs=dovecot.PROGRAMS,
    marks=dovecot.MARKS,
    new=lambda seen: DovecotReader(shows_tls=seen),
    sign=dovecot.TLS_SIGN,
    tells="account, address, service, TLS, mechanism, failures",
    lacks="STARTTLS and implicit TLS are not distinguished",
    recipe="add %{local_port} (2.4) or lport=%a (2.3) to login_log_format_elements",
)

POSTFIX = Format(
    name="postfix",
    title="Postfix",
    programs=postfix.PROGRAMS,
    marks=postfix.MARKS,
    new=lambda _seen: PostfixReader(),
    tells="address, TLS, STARTTLS, failures",
    lacks="a login that sent no mail has no account's name and no mechanism",
    recipe="smtpd_tls_loglevel = 1 shows TLS on services with custom names",
)

EXIM = Format(
    name="exim",
    title="Exim",
    programs=exim.PROGRAMS,
    marks=exim.MARKS,
    new=lambda _seen: EximReader(),
    tells="account, address, TLS, authenticator, HELO name",
    lacks="a login that sent no mail is not logged; a failed one does not show TLS",
    recipe="log_selector = +smtp_no_mail +incoming_interface +incoming_port",
)

CYRUS = Format(
    name="cyrus",
    title="Cyrus",
    programs=cyrus.PROGRAMS,
    marks=cyrus.MARKS,
    new=lambda _seen: CyrusReader(),
    tells="account, address, service, TLS, STARTTLS (by service), mechanism, failures",
    lacks="the client's own name is logged only with imapidresponse",
    recipe="imapidresponse: yes",
)

SENDMAIL = Format(
    name="sendmail",
    title="sendmail",
    programs=sendmail.PROGRAMS,
    marks=sendmail.MARKS,
    new=lambda _seen: SendmailReader(),
    tells="account, address, TLS, mechanism, failures",
    lacks="STARTTLS and implicit TLS are distinguished only by the daemon's name",
    recipe="LogLevel 9 or more, and a Name=TLSMTA for the daemon with M=s",
)

COURIER = Format(
    name="courier",
    title="Courier",
    programs=courier.PROGRAMS,
    marks=courier.MARKS,
    new=lambda _seen: CourierReader(),
    tells="account, address, service, TLS, failures",
    lacks="a failed login does not show TLS; before 5.2.6 only the end of a session does",
    recipe="Courier-IMAP 5.2.6 or newer",
)

NGINX_MAIL = Format(
    name="nginx-mail",
    title="nginx",
    programs=nginx_mail.PROGRAMS,
    marks=nginx_mail.MARKS,
    new=lambda _seen: NginxMailReader(),
    tells="account, address, service (by port), STARTTLS, failures",
    lacks="implicit TLS is known only at the well-known ports; no mechanism",
    recipe="error_log … info",
)

OPENSMTPD = Format(
    name="opensmtpd",
    title="OpenSMTPD",
    programs=opensmtpd.PROGRAMS,
    marks=opensmtpd.MARKS,
    new=lambda _seen: OpenSmtpdReader(),
    tells="account, address, TLS, refused cleartext logins",
    lacks="STARTTLS and implicit TLS are not distinguished; no mechanism for successful logins",
    recipe="",
)

EXCHANGE = Format(
    name="exchange-popimap",
    title="Exchange",
    programs=exchange.PROGRAMS,
    marks=exchange.MARKS,
    new=lambda seen: ExchangeReader(shows_tls=seen),
    sign=exchange.TLS_SIGN,
    tells="account, address, service by the port, TLS, mechanism, failures",
    lacks="if no row shows STARTTLS, TLS on the ports 143 and 110 is unknown",
    recipe="Set-ImapSettings -ProtocolLogEnabled $true, and Set-PopSettings likewise",
    is_genuine=False,
)

FOLLOWED_DOVECOT = msgspec.structs.replace(
    DOVECOT, new=lambda seen: DovecotReader(shows_tls=seen, waits=True)
)

FORMATS = {
    known.name: known
    for known in (DOVECOT, POSTFIX, EXIM, CYRUS, SENDMAIL, COURIER, NGINX_MAIL, OPENSMTPD, EXCHANGE)
}
