"""Python's own mail clients, with a context that verifies, and as they are without being given one.

Without one they take any certificate (https://docs.python.org/3/library/ssl.html, "Best defaults").
"""

import imaplib
import poplib
import smtplib
import ssl

from mailauth.login.event import Service
from tests.live.support.ways import HOST, Access, Care


def log_in(access: Access) -> None:
    """Log in once, and leave."""
    careful = access.care is Care.FULL
    context = ssl.create_default_context(cafile=access.ca) if careful else None
    match access.way.protocol:
        case Service.IMAP:
            _imap(access, context)
        case Service.POP3:
            _pop3(access, context)
        case _:
            _smtp(access, context)


def _imap(access: Access, context: ssl.SSLContext | None) -> None:
    client: imaplib.IMAP4
    if access.way.implicit:
        client = imaplib.IMAP4_SSL(HOST, access.port, ssl_context=context)
    else:
        client = imaplib.IMAP4(HOST, access.port)
    with client:
        if access.way.starttls:
            client.starttls(context)
        client.login(access.name, access.password)


def _pop3(access: Access, context: ssl.SSLContext | None) -> None:
    client: poplib.POP3
    if access.way.implicit:
        client = poplib.POP3_SSL(HOST, access.port, context=context)
    else:
        client = poplib.POP3(HOST, access.port)
    try:
        if access.way.starttls:
            client.stls(context)
        client.user(access.name)
        client.pass_(access.password)
        client.quit()
    finally:
        client.close()


def _smtp(access: Access, context: ssl.SSLContext | None) -> None:
    client: smtplib.SMTP
    if access.way.implicit:
        client = smtplib.SMTP_SSL(HOST, access.port, context=context)
    else:
        client = smtplib.SMTP(HOST, access.port)
    with client:
        if access.way.starttls:
            client.starttls(context=context)
        client.login(access.name, access.password)
