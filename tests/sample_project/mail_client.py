"""A client that counts the messages in a mailbox, over IMAP or POP3."""

import imaplib
import poplib
import ssl


def count_by_imap(host: str, port: int, user: str, password: str, context: ssl.SSLContext) -> int:
    """Count by IMAP with STARTTLS; the password is never sent without it."""
    with imaplib.IMAP4(host, port) as client:
        client.starttls(context)
        client.login(user, password)
        _, data = client.select(readonly=True)
        assert isinstance(data[0], bytes)
        return int(data[0])


def count_by_pop3(host: str, port: int, user: str, password: str, context: ssl.SSLContext) -> int:
    """Count by POP3 over TLS from the first byte."""
    client = poplib.POP3_SSL(host, port, context=context)
    try:
        client.user(user)
        client.pass_(password)
        return client.stat()[0]
    finally:
        client.quit()
