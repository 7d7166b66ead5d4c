"""All scenarios: built-in files, generated ones, and the user's own files."""

import tomllib
import zoneinfo
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from random import Random

import msgspec

from mailauth.config import ConfigError
from mailauth.config.errors import meant
from mailauth.kit.generators import GENERATORS
from mailauth.kit.scenario import Login, Scenario


def built_in() -> list[str]:
    """Return the names of the scenarios that come with mailauth."""
    files = resources.files("mailauth.kit") / "scenarios"
    return sorted(
        file.name.removesuffix(".toml") for file in files.iterdir() if file.name.endswith(".toml")
    )


def names() -> list[str]:
    """Return the names of all scenarios."""
    return [*built_in(), *GENERATORS]


def load(name: str, seed: int = 0, days: int | None = None) -> Scenario:
    """Load a scenario by its name, or a file by its path. Raises `ConfigError`.

    `seed` and `days` are for generated scenarios; `None` is the default number of days of each.
    """
    if name in GENERATORS:
        generator = GENERATORS[name]
        return generator.generate(Random(seed), generator.days if days is None else days)  # noqa: S311
    if days is not None or seed:
        raise ConfigError(f'--days and --seed apply to {", ".join(GENERATORS)}, not to "{name}"')
    if name in built_in():
        file: Traversable = resources.files("mailauth.kit") / "scenarios" / f"{name}.toml"
    elif Path(name).suffix == ".toml" or Path(name).exists():
        file = Path(name)
    else:
        hint = meant(name, names())
        known = ", ".join(names())
        raise ConfigError(f'unknown scenario "{name}": expected a file, or one of {known}{hint}')
    try:
        table = tomllib.loads(file.read_bytes().decode("utf-8"))
        scenario = msgspec.convert(table, Scenario)
        zone = scenario.zone
    except OSError as error:
        raise ConfigError(f"{name}: cannot be read: {error.strerror}") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ConfigError(f"{name}: {error}") from None
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        raise ConfigError(f"{name}: timezone: expected an IANA time zone") from None
    return msgspec.structs.replace(
        scenario, login=tuple(_placed(login, zone) for login in scenario.login)
    )


def _placed(login: Login, zone: zoneinfo.ZoneInfo) -> Login:
    """Put a time without an offset into the scenario's zone."""
    if login.at.tzinfo is not None:
        return login
    return msgspec.structs.replace(login, at=login.at.replace(tzinfo=zone))
