"""What `mailauth expect` checks: the records, and the account that the expectations name."""

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

import click
import msgspec

from mailauth.cli.home import Home
from mailauth.cli.logs import config_of, log_directory, note, unpackable
from mailauth.config import ConfigError
from mailauth.config.errors import printable
from mailauth.kit.expect import Expectations, is_decided
from mailauth.kit.records import NotUnderstood, ServerRecords, records_of
from mailauth.login.event import LoginEvent
from mailauth.report.packing import DAMAGED
from mailauth.report.sources import Given, Sources, sources_of_directory
from mailauth.testing.recorded import Wanted

NAMED = 3  # lines that were not understood


class Found(msgspec.Struct, frozen=True):
    """Records, the account that the user's name means, and whether that name is known."""

    records: Sequence[LoginEvent]
    account: str | None
    is_known: bool


class FromServer:
    """What the server of a home has recorded and still records. Raises `CannotAsk`."""

    def __init__(self, home: Path, user: str | None, *, since_start: bool) -> None:
        self._server = ServerRecords(home, since_start=since_start)
        self._records = self._server.read(0)
        self.account = None if user is None else self._server.account(user)
        self.is_known = _is_known(user, self.account, self._records)

    def watched(self, expectations: Expectations, within: float) -> Found:
        """Read until there is nothing left to wait for, or the time is over."""
        deadline = time.monotonic() + within
        while True:
            remaining = max(deadline - time.monotonic(), 0)
            new = self._server.read(0 if is_decided(expectations, self._records) else remaining)
            self._records += new
            is_over = is_decided(expectations, self._records) or time.monotonic() >= deadline
            if not new and is_over:
                return Found(self._records, self.account, self.is_known)


def from_files(
    files: Sequence[Given], user: str | None, log_format: str | None, *, journal: bool
) -> Found:
    """Read files; if `journal` is needed, they must include one. Raises `click.UsageError`."""
    try:
        sources = unpackable(files, log_format)
    except OSError as error:
        raise click.UsageError(f"{error.filename}: {error.strerror}") from None
    for path in sources.passed_over:
        note(f"note: {path} contains failed logins and was skipped")
    records = _read(sources, "in these files", journal=journal)
    account = None if user is None else _short_for(user, records)
    return Found(records, account, _is_known(user, account, records))


def from_home(home: Home, user: str | None, *, journal: bool) -> Found:
    """Read the logs of a home without a running server. Raises `click.UsageError`."""
    config = config_of(home)
    directory = log_directory(home, config)
    records = _read(sources_of_directory(directory), f"in {directory}", journal=journal)
    account = None
    if user is not None:
        try:
            meant = home.accounts(config or home.load()).meant_by(user)
        except ConfigError:
            meant = None  # a warning has already said that the configuration is ignored
        account = _short_for(user, records) if meant is None else meant.name
    return Found(records, account, _is_known(user, account, records))


def _read(sources: Sources, where: str, *, journal: bool) -> Sequence[LoginEvent]:
    if not any(sources):
        raise click.UsageError(f"there are no logs {where}, so nothing can be judged")
    if journal and not (sources.journal or sources.foreign):
        raise click.UsageError(
            "--no-exposure needs LoginAttempts.jsonl: only it says what was exposed"
        )
    try:
        found = records_of(sources)
    except OSError as error:
        where = "a log" if error.filename is None else error.filename
        raise click.UsageError(f"{where}: {error.strerror or error}") from None
    except DAMAGED as error:
        raise click.UsageError(f"a log cannot be decompressed: {error}") from None
    if found.not_understood:
        count = len(found.not_understood)
        lines = f"{count} line{'' if count == 1 else 's'} {where} could not be understood"
        said = f"{lines}: {_named(found.not_understood[:NAMED])}"
        if not found.records:
            raise click.UsageError(f"{said}; there is nothing else to judge")
        note(f"warning: {said}")
    return found.records


def _named(lines: Iterable[NotUnderstood]) -> str:
    return "; ".join(printable(f"{each.file}:{each.number}: {each.reason}") for each in lines)


def _short_for(user: str, records: Iterable[LoginEvent]) -> str | None:
    """Return the only account of the records with this name before the @, if there is one."""
    names = {record.user.casefold(): record.user for record in records if record.user is not None}
    alike = [name for key, name in names.items() if key.partition("@")[0] == user.casefold()]
    return alike[0] if len(alike) == 1 else None


def _is_known(user: str | None, account: str | None, records: Iterable[LoginEvent]) -> bool:
    if user is None or account is not None:
        return True
    wanted = Wanted(user=user)
    return any(wanted.wants(record) for record in records)
