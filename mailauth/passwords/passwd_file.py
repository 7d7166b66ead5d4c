"""Password files: Dovecot's passwd-file, of which Apache's htpasswd is the two-field case.

    name:{SCHEME}hash:uid:gid:gecos:home:shell:extra fields

Of the extra fields, separated by spaces, ours are `role=admin`, `alias=NAME`,
`app_LABEL={SCHEME}hash`, and Dovecot's `nologin`, which disables the account. Everything else is
kept and not looked at.
"""

import contextlib
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from mailauth.login.accounts import Account, AppPassword, Role
from mailauth.login.secrets import Secret

_FIELDS = 8  # name, password, uid, gid, gecos, home, shell, extra fields


class PasswdFileError(ValueError):
    """A line cannot be understood; the message begins with the file's name and its number."""


class _Entry(msgspec.Struct):
    name: str
    stored: str
    rest: list[str]


def read_accounts(path: Path, secret_of: Callable[[str], Secret]) -> list[Account]:
    """Read all accounts, or none: raises `PasswdFileError`, or `OSError` for the file itself.

    `secret_of` makes a secret of `{SCHEME}hash` and raises `UnknownScheme`.
    """
    accounts: list[Account] = []
    for number, line in _lines(path):
        try:
            account = _account(_entry(line), secret_of)
        except ValueError as error:
            raise PasswdFileError(f"{path.name}:{number}: {error}") from None
        accounts.append(account)
    return accounts


def set_password(path: Path, name: str, stored: str, *, new: bool) -> None:
    """Add an account (`new`), or change its password; `KeyError` where it is there, or is not."""
    with _rewritten(path) as lines:
        index = _index(lines, name)
        if (index is None) != new:
            raise KeyError(name)
        if index is None:
            lines.append(f"{name}:{stored}")
        else:
            entry = _entry(lines[index])
            lines[index] = ":".join([entry.name, stored, *entry.rest])


def remove(path: Path, name: str) -> None:
    """Remove an account; raises `KeyError` when there is none."""
    with _rewritten(path) as lines:
        index = _index(lines, name)
        if index is None:
            raise KeyError(name)
        del lines[index]


def set_disabled(path: Path, name: str, disabled: bool) -> None:
    """Disable an account, or enable it again; raises `KeyError` when there is none."""
    with _rewritten(path) as lines:
        index = _index(lines, name)
        if index is None:
            raise KeyError(name)
        entry = _entry(lines[index])
        fields = [entry.name, entry.stored, *entry.rest]
        fields += [""] * (_FIELDS - len(fields))
        extra = [field for field in fields[-1].split() if field.partition("=")[0] != "nologin"]
        fields[-1] = " ".join([*extra, *(["nologin"] if disabled else [])])
        lines[index] = ":".join(fields).rstrip(":")


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise PasswdFileError(f"{path.name}: not UTF-8") from None
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line.rstrip("\r")


def _entry(line: str) -> _Entry:
    fields = line.split(":", _FIELDS - 1)
    if len(fields) < 2 or not fields[0]:
        raise ValueError("expected name:password")
    if not fields[1]:
        raise ValueError("the password is empty")
    return _Entry(name=fields[0], stored=fields[1], rest=fields[2:])


def _account(entry: _Entry, secret_of: Callable[[str], Secret]) -> Account:
    extra = entry.rest[_FIELDS - 3] if len(entry.rest) > _FIELDS - 3 else ""
    aliases: list[str] = []
    app_passwords: list[AppPassword] = []
    role, disabled = Role.USER, False
    for field in extra.split():
        key, _, value = field.partition("=")
        if key == "nologin":
            disabled = value.lower() not in ("n", "no")
        elif key == "role":
            if value not in ("user", "admin"):
                raise ValueError('role: expected "user" or "admin"')
            role = Role(value)
        elif key == "alias":
            aliases.append(value)
        elif key.startswith("app_"):
            app_passwords.append(AppPassword(key.removeprefix("app_"), secret_of(value)))
    return Account(
        name=entry.name,
        secret=secret_of(entry.stored),
        aliases=tuple(aliases),
        role=role,
        disabled=disabled,
        app_passwords=tuple(app_passwords),
    )


def _index(lines: list[str], name: str) -> int | None:
    for index, line in enumerate(lines):
        if not line.startswith("#") and line.partition(":")[0].casefold() == name.casefold():
            return index
    return None


@contextlib.contextmanager
def _rewritten(path: Path) -> Iterator[list[str]]:
    """Change the file's lines all at once: readers see the old file or the new one."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    yield lines
    mode = path.stat().st_mode & 0o777 if path.exists() else 0o600
    descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
