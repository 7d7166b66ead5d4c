"""Delivery status notifications: "delivered" (RFC 3461 §5.2.3, RFC 3464, RFC 6533)."""

from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

from mailauth.smtp.session import Recipient, Transaction


def delivered(
    transaction: Transaction,
    recipients: Sequence[Recipient],
    content: bytes,
    *,
    hostname: str,
    message_id: str,
    now: datetime,
) -> bytes:
    """Return a report to the sender that these recipients got the message; it quotes the header."""
    header = content[: content.find(b"\r\n\r\n") + 2] if b"\r\n\r\n" in content else content
    international = not header.isascii() or not all(each.path.is_ascii for each in recipients)
    status_type = "message/global-delivery-status" if international else "message/delivery-status"
    header_type = "message/global-headers" if international else "text/rfc822-headers"
    boundary = f"report-{message_id}"
    while boundary.encode() in content:
        boundary += "-"
    date = format_datetime(now)
    names = "".join(f"    {each.path.text}\r\n" for each in recipients)
    status = "".join(_status(each) for each in recipients)
    envelope_id = transaction.parameters.envelope_id
    original = f"Original-Envelope-Id: {envelope_id}\r\n" if envelope_id is not None else ""
    report = (
        f"Return-Path: <>\r\n"
        f"From: Mail delivery <postmaster@{hostname}>\r\n"
        f"To: <{transaction.reverse_path.text}>\r\n"
        f"Subject: Your message was delivered\r\n"
        f"Date: {date}\r\n"
        f"Message-ID: <{message_id}@{hostname}>\r\n"
        f"Auto-Submitted: auto-replied\r\n"
        f"MIME-Version: 1.0\r\n"
        f"Content-Type: multipart/report; report-type=delivery-status;\r\n"
        f'\tboundary="{boundary}"\r\n'
        f"\r\n"
        f"--{boundary}\r\n"
        f"Content-Type: text/plain; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n"
        f"\r\n"
        f"Your message was delivered to the mailboxes of:\r\n"
        f"\r\n"
        f"{names}"
        f"\r\n"
        f"--{boundary}\r\n"
        f"Content-Type: {status_type}\r\n"
        f"\r\n"
        f"Reporting-MTA: dns; {hostname}\r\n"
        f"{original}"
        f"Arrival-Date: {date}\r\n"
        f"{status}"
        f"\r\n"
        f"--{boundary}\r\n"
        f"Content-Type: {header_type}\r\n"
        f"\r\n"
    )
    return report.encode() + header + f"\r\n--{boundary}--\r\n".encode()


def _status(recipient: Recipient) -> str:
    original = recipient.parameters.original_recipient
    kind = "rfc822" if recipient.path.is_ascii else "utf-8"
    original_field = f"Original-Recipient: {original}\r\n" if original is not None else ""
    return (
        f"\r\n{original_field}"
        f"Final-Recipient: {kind}; {recipient.path.text}\r\n"
        f"Action: delivered\r\n"
        f"Status: 2.0.0\r\n"
    )
