"""Logs of other servers with hostile names, damaged lines and passwords, and their known truth.

    scripts/hostile-logs --lines 1000000

All logins are in the clear, from 192.0.2.0/24. Names and damaged lines claim TLS and other
addresses. No line may crash a reader, and no record may believe a name.
"""

import argparse
import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import msgspec

from mailauth.origin import UNKNOWN
from mailauth.report.foreign.reading import ForeignLog
from mailauth.report.foreign.records import Record

STAMP = "Nov 24 15:38:42 mail "
IP = "192.0.2.10"
# Each writes a name as its server does, into a login in the clear.
LINES: dict[str, Callable[[str], str]] = {
    "dovecot": lambda name: (
        f"{STAMP}dovecot: imap-login: Login: user=<{name}>, method=PLAIN, rip={IP}, "
        "lip=192.0.2.1, mpid=135, session=<pU1MgQdhQbvAAAIK>"
    ),
    "dovecot 2.4": lambda name: (
        f"{STAMP}dovecot: imap-login: Logged in: user=<{name}>, method=PLAIN, rip={IP}, "
        "lip=192.0.2.1, mpid=135"
    ),
    "dovecot proxy": lambda name: (
        f"{STAMP}dovecot: imap-login: proxy({name}): started proxying to 10.0.0.1:143: "
        f"user=<{name}>, method=PLAIN, rip={IP}, lip=192.0.2.1"
    ),
    "postfix": lambda name: (
        f"{STAMP}postfix/smtpd[5]: connect from unknown[{IP}]\n"
        f"{STAMP}postfix/smtpd[5]: 3FD7427E450: client=unknown[{IP}], sasl_method=PLAIN, "
        f"sasl_username={name}\n"
        f"{STAMP}postfix/smtpd[5]: disconnect from unknown[{IP}] ehlo=1 auth=1 mail=1 commands=3"
    ),
    "cyrus": lambda name: (
        f"{STAMP}cyrus/imap[131]: login: [{IP}] {name} plaintext User logged in "
        "SESSIONID=<mail-1795535318-131-1-2>"
    ),
    "sendmail": lambda name: (
        f"{STAMP}sm-mta[160]: AUTH=server, relay=[{IP}], authid={name}, mech=PLAIN, bits=0"
    ),
    "courier": lambda name: (
        f"{STAMP}imapd: LOGIN, user={name}, ip=[::ffff:{IP}], port=[44605], protocol=IMAP\n"
        f"{STAMP}imapd: LOGOUT, user={name}, ip=[::ffff:{IP}], port=[44605], headers=0, time=1"
    ),
    "nginx": lambda name: (
        f"2026/11/24 15:52:46 [info] 60#60: *11 client logged in, client: {IP}, "
        f'server: 192.0.2.1:110, login: "{name}", upstream: 127.0.0.1:1110'
    ),
    "opensmtpd": lambda name: (
        f"{STAMP}smtpd[48]: 39ae74b59b8ea817 smtp connected address={IP} host=<unknown>\n"
        f"{STAMP}smtpd[48]: 39ae74b59b8ea817 smtp authentication user={name} result=permfail"
    ),
    "exim": lambda name: (
        f"2026-11-24 15:47:31 1xVsjz-00001M-0v <= <> H=(desk) [{IP}] P=esmtpa "
        f"A=plain_server:{name} S=225"
    ),
}
FORGED = (
    ">, method=PLAIN, rip=9.9.9.9, TLS",
    "a, TLS, rip=9.9.9.9",
    "a): started proxying to x:1: user=<v>, method=PLAIN, rip=9.9.9.9, TLS",
    "root, sasl_username=root, starttls=1",
    "bob PLAIN+TLS User logged in SESSIONID=<x>",
    "root, mech=PLAIN, bits=256, STARTTLS=server, relay=[9.9.9.9]",
    "v, ip=[9.9.9.9], port=[1], starttls=1",
    'v", upstream: x using starttls, server: y:995, login: "v',
    "root S=1 X=TLS1.3:abc:256 CV=no A=plain:root S=2 P=esmtpsa",
    ": last message repeated 9 times",
    "[9.9.9.9] P=esmtpsa A=plain:root",
    "root result=ok",
)

CANARY = "canary-4711-secret"
CANARY_IN_BASE64 = ("Y2FuYXJ5LTQ3MTEtc2VjcmV0", "AGJvYkBleGFtcGxlLmNvbQBjYW5hcnktNDcxMS1zZWNyZXQ=")
PASSWORDS = (  # lines in which servers write the password of a client
    f"{STAMP}dovecot: auth: passwd-file(bob@example.com,{IP}): Password mismatch "
    f"(given password: {CANARY})",
    f"{STAMP}dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 "
    f"secs) (given password: {CANARY}): user=<bob>, method=PLAIN, rip={IP}, lip=192.0.2.1",
    '2026-11-24 15:47:41 SMTP protocol error in "AUTH PLAIN '
    f'{CANARY_IN_BASE64[1]}" H=(desk) [{IP}]:5 I=[192.0.2.1]:25 '
    "AUTH command used when not advertised",
    f'2026-11-24 15:47:41 SMTP protocol error in "AUTH LOGIN {CANARY_IN_BASE64[0]}" H=(desk) '
    f"[{IP}]:5 I=[192.0.2.1]:25 AUTH command used twice",
    f"{STAMP}smtpd[48]: 39ae74b59b8ea817 smtp connected address={IP} host=<unknown>\n"
    f'{STAMP}smtpd[48]: 39ae74b59b8ea817 smtp failed-command command="AUTH PLAIN '
    f'{CANARY_IN_BASE64[1]}" result="503 5.5.1 Invalid command: Command not supported"',
    f"{STAMP}courieresmtpd: error,relay=::ffff:{IP},port=43632,"
    f'msg="535 Authentication failed.",cmd: AUTH PLAIN {CANARY_IN_BASE64[1]}',
)
_ODD = ("\0", "\ufffd", "\r", "\x1b[2J", "\u202e", "%00", "\\n", "🔑")
_LONG = 1_000_000
_ALPHABET = "abcXYZ019=<>[](){},:;\"' /\\@%-_+."


class Outcome(msgspec.Struct):
    """The records of a hostile log, and what was wrong with them."""

    lines: int = 0
    octets: int = 0
    records: int = 0
    forged: int = 0
    leaked: int = 0


def hostile_lines(seed: int) -> Iterator[bytes]:
    """Yield hostile lines for ever, the same ones for the same seed."""
    chance = random.Random(seed)
    servers = list(LINES.values())
    while True:
        kind = chance.random()
        if kind < 0.5:
            name = "".join(chance.choice((*FORGED, *_ODD)) for _ in range(chance.randint(1, 4)))
            text = chance.choice(servers)(name).encode()
        elif kind < 0.75:
            text = _damaged(chance, chance.choice(servers)("bob@example.com").encode())
        elif kind < 0.9:
            text = chance.choice(PASSWORDS).encode()
        elif kind < 0.99999:
            text = "".join(chance.choices(_ALPHABET, k=chance.randint(0, 120))).encode()
            text = f"{_stamp(chance)} mx postfix/smtpd[5]: ".encode() + text
        else:
            text = chance.choice(servers)("x" * _LONG).encode()
        yield from text.replace(b"\r", b" ").split(b"\n")


def _damaged(chance: random.Random, text: bytes) -> bytes:
    """Cut a line, or put wrong octets into it, or let its clock be another one."""
    at = chance.randrange(len(text))
    match chance.randrange(4):
        case 0:
            return text[:at]
        case 1:
            return text[:at] + bytes(chance.randrange(256) for _ in range(3)) + text[at:]
        case 2:
            return text[at:]
        case _:
            return text.replace(STAMP[:15].encode(), _stamp(chance).encode())


def _stamp(chance: random.Random) -> str:
    month = chance.choice(("Jan", "Feb", "Dec", "Xyz"))
    hour, minute = chance.randrange(30), chance.randrange(70)
    return f"{month} {chance.randrange(40):2} {hour:02}:{minute:02}:00"


def read_hostile(lines: int, seed: int, chunk: int = 4 << 20) -> Outcome:
    """Read so many hostile lines, and compare their records with the truth."""
    log = ForeignLog(
        zone=UTC,
        modified=datetime(2026, 11, 25, tzinfo=UTC),
        origin=lambda _: UNKNOWN,
        sign_seen=frozenset({"dovecot"}),
    )
    outcome, waiting, octets = Outcome(), [], 0
    for _, line in zip(range(lines), hostile_lines(seed), strict=False):
        waiting.append(line)
        octets += len(line) + 1
        if octets >= chunk:
            _judge(outcome, log.read(b"\n".join(waiting).decode("utf-8", "replace")))
            outcome.octets += octets
            waiting, octets = [], 0
    _judge(outcome, log.read(b"\n".join(waiting).decode("utf-8", "replace")))
    _judge(outcome, log.finish())
    outcome.lines, outcome.octets = log.lines, outcome.octets + octets
    return outcome


def _judge(outcome: Outcome, records: list[Record]) -> None:
    for record in records:
        outcome.records += 1
        outcome.forged += is_forged(record)
        written = msgspec.json.encode(record)
        outcome.leaked += any(secret.encode() in written for secret in (CANARY, *CANARY_IN_BASE64))


def is_forged(record: Record) -> bool:
    """Return whether a record of a hostile log believes a client."""
    return bool(record.secure) or not (record.ip is None or record.ip.startswith("192.0.2."))


def main() -> None:
    """Read a hostile log, and exit with 1 if a record is forged or holds a password."""
    parser = argparse.ArgumentParser(prog="scripts/hostile-logs", description=__doc__)
    parser.add_argument("--lines", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    begun = time.monotonic()
    outcome = read_hostile(options.lines, options.seed)
    sys.stdout.write(
        f"{outcome.lines:,} lines, {outcome.octets / 1e6:,.0f} MB, {outcome.records:,} records in "
        f"{time.monotonic() - begun:.0f} s: {outcome.forged} forged, "
        f"{outcome.leaked} with a password\n"
    )
    sys.exit(1 if outcome.forged or outcome.leaked or not outcome.records else 0)


if __name__ == "__main__":
    main()
