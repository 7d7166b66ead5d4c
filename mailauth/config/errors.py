"""Configuration errors: one line with the key, what was expected and what was found."""

import difflib
import json
from collections.abc import Iterable, Sequence

LONGEST_QUOTE = 60


class ConfigError(Exception):
    """The configuration cannot be used; the message is one line and names the key."""


def wrong(where: str, expected: str, got: object) -> ConfigError:
    """Make the error for a key with an unexpected value."""
    return ConfigError(f"{printable(where)}: expected {expected}, got {quoted(where, got)}")


def unknown_key(where: str, key: str, known: Iterable[str]) -> ConfigError:
    """Make the error for an unknown key; it suggests a similar known one."""
    return ConfigError(f"{printable(where)}: unknown key{meant(key, known)}")


def meant(name: str, known: Iterable[str]) -> str:
    """Return text that suggests a similar name, or an empty string if there is none."""
    close = difflib.get_close_matches(name, list(known), n=1)
    return f', did you mean "{close[0]}"?' if close else ""


def choice(options: Sequence[str]) -> str:
    """List the choices: `"none", "starttls" or "implicit"`."""
    *rest, last = [f'"{option}"' for option in options]
    return f"{', '.join(rest)} or {last}" if rest else last


def quoted(where: str, value: object) -> str:
    """Format a value for a terminal: short, on one line, and never a password."""
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return "an array"
    if where.endswith("password") and value != "":
        return "a number" if isinstance(value, int | float) else "something else"
    if isinstance(value, str):
        text = value if len(value) <= LONGEST_QUOTE else value[: LONGEST_QUOTE - 1] + "…"
        return printable(json.dumps(text, ensure_ascii=False))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value) if abs(value) < 10**20 else "a very large number"
    return f"the time {value}"


def printable(text: str) -> str:
    """Escape control characters, which a terminal would act on."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
