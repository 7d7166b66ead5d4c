"""Final delivery to the accounts (RFC 5321 §4.4): trace fields, and success notifications."""

import re
from datetime import datetime
from email.utils import format_datetime

from mailauth.mailbox.errors import MailboxError
from mailauth.mailbox.store import AccountMail
from mailauth.smtp.notification import delivered
from mailauth.smtp.parameters import Notify
from mailauth.smtp.replies import refused
from mailauth.smtp.session import SmtpSession, Transaction

_PRESENTABLE = re.compile(rb"[A-Za-z0-9.:\[\]_-]{1,255}")


def deliver(session: SmtpSession, transaction: Transaction, content: bytes) -> None:
    """Deliver a message to the INBOX of every recipient, or of none; raises `SmtpError`."""
    session.delivered += 1
    now = session.now()
    message = _trace(session, transaction, now).encode() + content
    mails = [session.store.account(name) for name in transaction.recipients]
    try:
        for mail in mails:
            mail.check_room(len(message))
        for mail in mails:
            mail.deliver(message, now)
    except MailboxError as error:
        raise refused(error) from None
    _notify(session, transaction, content, now)


def _trace(session: SmtpSession, transaction: Transaction, now: datetime) -> str:
    ip = session.login.client.ip
    recipients = list(transaction.recipients.values())
    for_whom = f" for <{recipients[0].path.text}>" if len(recipients) == 1 else ""
    return (
        f"Return-Path: <{transaction.reverse_path.text}>\r\n"
        f"Received: from {_presentable(session.helo)} ([{'IPv6:' if ':' in ip else ''}{ip}])\r\n"
        f"\tby {session.hostname} (mailauth) with {_protocol(session, transaction)}\r\n"
        f"\tid {_message_id(session)}{for_whom};\r\n"
        f"\t{format_datetime(now)}\r\n"
    )


def _protocol(session: SmtpSession, transaction: Transaction) -> str:
    """Return the protocol name for the `with` clause (RFC 3848, RFC 6531 §4.3)."""
    if not session.extended:
        return "SMTP"
    name = "UTF8SMTP" if transaction.parameters.smtputf8 else "ESMTP"
    secure = "S" if session.login.hop.secure else ""
    authenticated = "A" if session.login.account is not None else ""
    return name + secure + authenticated


def _presentable(helo: bytes | None) -> str:
    if helo is None or not _PRESENTABLE.fullmatch(helo):
        return "unknown"
    return helo.decode("ascii")


def _message_id(session: SmtpSession) -> str:
    return f"{session.login.client.session}.{session.delivered}"


def _notify(session: SmtpSession, transaction: Transaction, content: bytes, now: datetime) -> None:
    """Notify a sender that asked for it and is one of our accounts; no other can be reached."""
    asked = [
        recipient
        for recipient in transaction.recipients.values()
        if Notify.SUCCESS in recipient.parameters.notify
    ]
    sender = session.accounts().find(transaction.reverse_path.mailbox.encode())
    if not asked or sender is None:
        return
    notification = delivered(
        transaction,
        asked,
        content,
        hostname=session.hostname,
        message_id=_message_id(session),
        now=now,
    )
    _deliver_if_there_is_room(session.store.account(sender.name), notification, now)


def _deliver_if_there_is_room(mail: AccountMail, notification: bytes, now: datetime) -> None:
    try:
        mail.deliver(notification, now)
    except MailboxError:
        return  # a failed notification is not reported (RFC 3461 §5.2)
