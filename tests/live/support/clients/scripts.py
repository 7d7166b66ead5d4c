"""Libraries of other languages, each driven by a script beside this file."""

import functools
import subprocess
from pathlib import Path

import pytest

from mailauth.login.hop import Security
from tests.live.support.programs import needs, run
from tests.live.support.ways import Access

_HERE = Path(__file__).parent
_MODES = {
    Security.CLEARTEXT: "plain",
    Security.STARTTLS: "starttls",
    Security.IMPLICIT: "tls",
}


@functools.cache
def _works(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _script(access: Access, script: str, interpreter: str, loading: str) -> str:
    needs(interpreter)
    if not _works(interpreter, loading, "-e", "1"):
        pytest.skip(f"{interpreter} {loading} does not work")
    mode = _MODES[access.way.security]
    arguments = (str(access.port), mode, str(access.ca), access.name, access.password)
    return run(interpreter, str(_HERE / script), *arguments, home=access.home)


def mail_imapclient(access: Access) -> str:
    """Perl's Mail::IMAPClient reads, files, flags and deletes."""
    return _script(access, "imapclient.pl", "perl", "-MMail::IMAPClient")


def net_imap(access: Access) -> str:
    """Ruby's Net::IMAP does the same."""
    return _script(access, "net_imap.rb", "ruby", "-rnet/imap")
