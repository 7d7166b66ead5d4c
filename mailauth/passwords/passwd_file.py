"""Password files: Dovecot's passwd-file, of which Apache's htpasswd is the two-field case.

    name:{SCHEME}hash:uid:gid:gecos:home:shell:extra fields

The extra fields are separated by spaces. We use `role=admin`, `alias=NAME`,
`app_LABEL={SCHEME}hash`, and Dovecot's `nologin`, which disables the account. All others are kept
and ignored.
"""

from collections.abc import Callable
from pathlib import Path

import msgspec

from mailauth.login.accounts import Account, AppPassword, Role
from mailauth.login.secrets import Secret

_FIELDS = 8  # name, password, uid, gid, gecos, home, shell, extra fields


class PasswdFileError(ValueError):
    """A line is not valid; the message begins with the file's name and the line number."""


class AccountLine(msgspec.Struct):
    """An account's line: its name, `{SCHEME}hash`, and as many other fields as it has."""

    name: str
    stored: str
    rest: list[str]

    def __repr__(self) -> str:
        return f"AccountLine({self.name!r})"

    def extra(self) -> list[str]:
        """Return the extra fields."""
        return self.rest[_FIELDS - 3].split() if len(self.rest) > _FIELDS - 3 else []

    def with_extra(self, extra: list[str]) -> "AccountLine":
        """Return the entry with other extra fields, and without empty fields at its end."""
        rest = [*self.rest, *[""] * _FIELDS][: _FIELDS - 3]
        rest.append(" ".join(extra))
        while rest and not rest[-1]:
            rest.pop()
        return AccountLine(self.name, self.stored, rest)

    def line(self) -> str:
        """Return the entry as a line."""
        return ":".join([self.name, self.stored, *self.rest])


def read_accounts(path: Path, secret_of: Callable[[str], Secret]) -> list[Account]:
    """Read all accounts, or none. Raises `PasswdFileError`, and `OSError` for the file itself.

    `secret_of` makes a secret from `{SCHEME}hash`, and raises `UnknownScheme`.
    """
    accounts: list[Account] = []
    for number, line in enumerate(lines_of(path), 1):
        if not is_entry(line):
            continue
        try:
            account = _account(entry_of(line), secret_of)
        except ValueError as error:
            raise PasswdFileError(f"{path.name}:{number}: {error}") from None
        accounts.append(account)
    return accounts


def lines_of(path: Path) -> list[str]:
    """Read the lines of a file without line feeds. Raises `PasswdFileError` and `OSError`."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise PasswdFileError(f"{path.name}: not UTF-8") from None
    return text.removesuffix("\n").split("\n")


def is_entry(line: str) -> bool:
    """Return whether a line is an account, and not a comment or blank."""
    return bool(line.strip()) and not line.startswith("#")


def entry_of(line: str) -> AccountLine:
    """Parse the line of an account. Raises `ValueError`."""
    line = line.rstrip("\r")
    fields = line.split(":", _FIELDS - 1)
    if len(fields) < 2 or not fields[0]:
        raise ValueError("expected name:password")
    if not fields[1]:
        raise ValueError("the password is empty")
    return AccountLine(name=fields[0], stored=fields[1], rest=fields[2:])


def _account(entry: AccountLine, secret_of: Callable[[str], Secret]) -> Account:
    aliases: list[str] = []
    app_passwords: list[AppPassword] = []
    role, disabled = Role.USER, False
    for field in entry.extra():
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
