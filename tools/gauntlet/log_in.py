"""`python -m tools.gauntlet.log_in NAME`: a client of the table logs in to what the gauntlet has.

It exits with 1 where the client's own exit code was not 0, and says what the client said.
"""

import os
import sys
import tempfile
import traceback
from pathlib import Path

from mailauth.config import TlsMode
from mailauth.login.event import Service
from mailauth.login.hop import Security
from tests.live.support.ways import Access, Way
from tools.gauntlet.clients import CLIENTS

_SECURITY = {TlsMode.STARTTLS: Security.STARTTLS, TlsMode.IMPLICIT: Security.IMPLICIT}


def main(name: str) -> int:
    told = {key: os.environ[f"MAILAUTH_{key.upper()}"] for key in ("port", "ca", "user")}
    security = _SECURITY[TlsMode(os.environ["MAILAUTH_TLS"])]
    protocol = Service(os.environ["MAILAUTH_PROTOCOL"].upper())
    client = CLIENTS[name]
    with tempfile.TemporaryDirectory(prefix="gauntlet-", ignore_cleanup_errors=True) as home:
        access = Access(
            way=Way(os.environ["MAILAUTH_CASE"], protocol, security),
            port=int(told["port"]),
            ca=Path(told["ca"]),
            home=Path(home),
            name=told["user"],
            password=os.environ["MAILAUTH_PASSWORD"],
            care=client.care,
        )
        try:
            client.log_in(access)
        except Exception as error:  # noqa: BLE001 (of many clients, each with its own)
            sys.stdout.write("".join(traceback.format_exception_only(error)))
            return 1
    return 0


sys.exit(main(sys.argv[1]))
