"""A secret in a file of its own, which the configuration names and never holds."""

import os
import re
import stat
from pathlib import Path

from mailauth.config.errors import ConfigError, printable

LONGEST = 512  # characters
SHORTEST = 16

_SECRET = re.compile(rb"[!-~]{%d,%d}" % (SHORTEST, LONGEST))
_FOR_OTHERS = stat.S_IRWXO | stat.S_IWGRP


def read_secret(key: str, path: Path) -> bytes:
    """Read the secret that `key` names; raises `ConfigError`, which never shows it.

    The file is a regular one, ours or root's, and others have no rights to it.
    """
    where = f"{key}: {printable(str(path))}"
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as file:
            _check(where, os.fstat(descriptor))
            said = file.read(LONGEST + 2).strip()
    except FileNotFoundError:
        raise ConfigError(
            f"{where} does not exist; create it with `(umask 077; openssl rand -hex 32 > FILE)`"
        ) from None
    except OSError as error:
        raise ConfigError(f"{where} cannot be read: {error.strerror}") from None
    if _SECRET.fullmatch(said) is None:
        raise ConfigError(
            f"{where}: expected one line of {SHORTEST} to {LONGEST} visible ASCII characters"
        )
    return said


def _check(where: str, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise ConfigError(f"{where} is not a regular file")
    if status.st_uid not in (0, os.geteuid()):
        raise ConfigError(f"{where} belongs to another user")
    if status.st_mode & _FOR_OTHERS:
        raise ConfigError(f"{where} is open to other users; make it private with chmod 600")
