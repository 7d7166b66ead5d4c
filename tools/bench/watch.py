"""How fast `mailauth watch` catches up with a log, and what it costs while nothing happens.

    python -m tools.bench.watch [--lines 200000]

Every tenth line is a login to Dovecot, or all of them are (`--logins 1`).
"""

import argparse
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path

from tests.live.support.running_watch import RunningWatch

IDLE_SECONDS = 20.0


def write(log: Path, lines: int, every: int) -> int:
    """Write a log that ends now; return how many logins it has."""
    began = datetime.now() - timedelta(hours=1)
    logins = 0
    with log.open("w") as file:
        for number in range(lines):
            stamp = f"{began + timedelta(seconds=3600 * number / lines):%b %d %H:%M:%S}"
            if number % every:
                file.write(
                    f"{stamp} mx postfix/cleanup[{number % 300}]: 4AB: message-id=<{number}@x>\n"
                )
                continue
            logins += 1
            file.write(
                f"{stamp} mx dovecot: imap-login: Login: user=<user{number % 5000}>, method=PLAIN, "
                f"rip=10.1.{number % 250}.7, lip=10.0.0.1, mpid={number}, TLS\n"
            )
    return logins


def recorded(logs: Path) -> int:
    """Return how many lines there are, those of yesterday too."""
    return sum(log.read_bytes().count(b"\n") for log in logs.glob("SuccessfulLogins*.log"))


def cpu(pid: int) -> float:
    """Return how many seconds of CPU a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--lines", type=int, default=200_000)
    parser.add_argument("--logins", type=int, default=10, help="every which line is a login")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        log = Path(place) / "mail.log"
        logins = write(log, arguments.lines, arguments.logins)
        with RunningWatch(Path(place) / "watch", str(log), "--from-start") as watch:
            began = time.perf_counter()
            while recorded(watch.home / "logs") < logins:
                time.sleep(0.2)
            seconds = time.perf_counter() - began
            print(
                f"caught up with {arguments.lines:,} lines, {logins:,} of them logins, in "
                f"{seconds:.1f} s: {arguments.lines / seconds:,.0f} lines/s"
            )
            time.sleep(2.0)
            before = cpu(watch.ready.pid)
            time.sleep(IDLE_SECONDS)
            used = cpu(watch.ready.pid) - before
            print(f"idle: {100 * used / IDLE_SECONDS:.2f} % of a CPU")


if __name__ == "__main__":
    main()
