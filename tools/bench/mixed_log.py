"""A mail.log of Dovecot and Postfix of any length, with known truth.

Of twenty lines, two are logins to Dovecot and one is a login to Postfix; every tenth round has a
failure. The other lines are typical: ends of sessions, and mail in transit.
"""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

ACCOUNTS = 1000
OPEN, FIXED = 7, 5  # accounts with cleartext logins until the end, and until halfway
LINES_A_ROUND = 20
_BEGIN = datetime(2026, 10, 1, tzinfo=UTC)
_SPAN = timedelta(days=30)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_HALF = ACCOUNTS // 2
_MICROSECOND = timedelta(microseconds=1)


class Written(msgspec.Struct):
    """The contents of the log: the expected answers."""

    logins: int = 0
    unsecure: int = 0


def write_mixed(path: Path, lines: int) -> Written:
    """Write a log of that many lines, rounded down to whole rounds."""
    written = Written()
    with path.open("w", encoding="ascii") as file:
        file.writelines(_rounds(lines // LINES_A_ROUND, written))
    return written


def _rounds(rounds: int, written: Written) -> Iterator[str]:
    step = _SPAN / rounds
    for number in range(rounds):
        at = _BEGIN + number * step
        imap, smtp = number % ACCOUNTS, (number + _HALF) % ACCOUNTS
        in_the_clear = [_is_unsecure(each, number < rounds // 2) for each in (imap, smtp)]
        written.logins += 3
        written.unsecure += 2 * in_the_clear[0] + in_the_clear[1]
        stamp = f"{at:%b} {at.day:2} {at:%H:%M:%S} mx "
        yield _dovecot(stamp, at, imap, unsecure=in_the_clear[0])
        yield _stranger(stamp, number)
        yield _submission(stamp, number, smtp, unsecure=in_the_clear[1])
        yield _incoming(stamp, number, imap)


def _is_unsecure(account: int, first_half: bool) -> bool:
    return account < OPEN or (first_half and account < OPEN + FIXED)


def _address(account: int) -> tuple[int, int, int, int]:
    return (91, 12, account // 250, account % 250 + 1)


def _dovecot(stamp: str, at: datetime, account: int, *, unsecure: bool) -> str:
    """Two logins of one account, and how they ended."""
    name, octets = f"user{account}@mydomain.com", _address(account)
    ip = ".".join(map(str, octets))
    tls = "" if unsecure else ", TLS"
    text = ""
    for turn in (0, 1):
        microseconds = (at - _EPOCH) // _MICROSECOND + turn
        session = base64.b64encode(
            microseconds.to_bytes(7, "little")[:6]
            + (49152 + account + turn).to_bytes(2, "little")
            + bytes(octets)
        ).decode()
        text += (
            f"{stamp}dovecot: imap-login: Login: user=<{name}>, method=PLAIN, rip={ip}, "
            f"lip=192.0.2.1, mpid={20000 + account}{tls}, session=<{session}>\n"
            f"{stamp}dovecot: imap({name})<{20000 + account}><{session}>: Disconnected: Logged out "
            f"in=412 out=98177 deleted=0 expunged=0 trashed=0 hdr_count=17 hdr_bytes=5120 "
            "body_count=3 body_bytes=70144\n"
        )
    return text


def _stranger(stamp: str, number: int) -> str:
    """A guess of somebody's, or the statistics of a service."""
    if number % 10:
        return (
            f"{stamp}postfix/anvil[4104]: statistics: max connection rate {number % 7 + 1}/60s for "
            f"(smtp:198.51.100.{number % 97}) at {stamp[:15]}\n"
        )
    return (
        f"{stamp}dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in "
        "2 secs): user=<admin@mydomain.com>, method=PLAIN, "
        f"rip=203.0.113.{number % 250 + 1}, lip=192.0.2.1, TLS, session=<+TNIvAdhacTAAAIK>\n"
    )


def _submission(stamp: str, number: int, account: int, *, unsecure: bool) -> str:
    """A mail that an account sends: one login."""
    name, ip = f"user{account}@mydomain.com", ".".join(map(str, _address(account)))
    smtpd = f"{stamp}postfix/submission/smtpd[{4000 + number % 40}]: "
    queue = f"{number:010X}"
    counters = "ehlo=1" if unsecure else "ehlo=2 starttls=1"
    return (
        f"{smtpd}connect from dsl-{account}.example.net[{ip}]\n"
        f"{smtpd}{queue}: client=dsl-{account}.example.net[{ip}], sasl_method=PLAIN, "
        f"sasl_username={name}\n"
        f"{stamp}postfix/cleanup[4101]: {queue}: message-id=<{queue}.{account}@mydomain.com>\n"
        f"{stamp}postfix/qmgr[977]: {queue}: from=<{name}>, size=4821, nrcpt=1 (queue active)\n"
        f"{smtpd}disconnect from dsl-{account}.example.net[{ip}] {counters} auth=1 mail=1 rcpt=1 "
        f"data=1 quit=1 commands={6 if unsecure else 8}\n"
        f"{stamp}postfix/smtp[4102]: {queue}: to=<friend@example.org>, relay=mx.example.org"
        "[198.51.100.7]:25, delay=0.61, delays=0.05/0/0.2/0.36, dsn=2.0.0, status=sent (250 OK)\n"
        f"{stamp}postfix/qmgr[977]: {queue}: removed\n"
    )


def _incoming(stamp: str, number: int, account: int) -> str:
    """A mail that comes from elsewhere: no login."""
    smtpd = f"{stamp}postfix/smtpd[{5000 + number % 60}]: "
    queue, client = (
        f"{number + 2**36:010X}",
        f"out{number % 97}.example.org[198.51.100.{number % 97}]",
    )
    return (
        f"{smtpd}connect from {client}\n"
        f"{smtpd}{queue}: client={client}\n"
        f"{stamp}postfix/cleanup[4101]: {queue}: message-id=<{queue}@example.org>\n"
        f"{stamp}postfix/qmgr[977]: {queue}: from=<friend@example.org>, size=18211, nrcpt=1 "
        "(queue active)\n"
        f"{smtpd}disconnect from {client} ehlo=2 starttls=1 mail=1 rcpt=1 bdat=1 "
        "quit=1 commands=7\n"
        f"{stamp}dovecot: lmtp(user{account}@mydomain.com)<611><{queue}>: "
        f"msgid=<{queue}@example.org>: saved mail to INBOX\n"
        f"{stamp}postfix/lmtp[4103]: {queue}: to=<user{account}@mydomain.com>, relay=mx"
        "[private/dovecot-lmtp], delay=0.2, delays=0.1/0/0/0.1, dsn=2.0.0, "
        "status=sent (250 2.0.0 Saved)\n"
        f"{stamp}postfix/qmgr[977]: {queue}: removed\n"
    )
