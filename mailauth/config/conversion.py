"""Conversion of a TOML file to the schema's structs; errors use the terms of the file."""

import re
import tomllib
from enum import Enum
from typing import Any

import msgspec
from msgspec import inspect

from mailauth.config.errors import ConfigError, choice, unknown_key, wrong
from mailauth.config.schema import Config, Network
from mailauth.wire.networks import parse_network

Table = dict[str, Any]

_LOCATED = re.compile(r"(?P<what>.*?)(?: - at `\$\.?(?P<where>[^`]*)`)?", re.DOTALL)
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(.*)`")
_STEP = re.compile(r"(?P<key>[^.\[\]]+)|\[(?P<index>\d+)\]|\[(?P<any>\.\.\.)\]")


def parsed(data: bytes, name: str) -> Table:
    """Parse a TOML file. Raises `ConfigError` with the file's name and the line."""
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigError(f"{name}, line {line}: not UTF-8") from None
    except RecursionError:
        raise ConfigError(f"{name}: nested too deeply") from None
    except ValueError as error:
        what, _, position = str(error).partition(" (at ")
        where = f", {position.rstrip(')')}" if position else ""
        raise ConfigError(f"{name}{where}: {what[:1].lower()}{what[1:]}") from None


def converted(table: Table) -> Config:
    """Convert a file's tables to the schema's structs. Raises `ConfigError`."""
    try:
        return msgspec.convert(table, Config, dec_hook=_network)
    except msgspec.ValidationError as error:
        raise _explained(str(error), table) from None


def _network(_: type, value: object) -> Network:
    return parse_network(value if isinstance(value, str) else "")


def _explained(message: str, table: Table) -> ConfigError:
    found = _LOCATED.fullmatch(message)
    assert found is not None
    what, where = found["what"], found["where"] or ""
    kind, value, where = _followed(where, table)
    prefix = f"{where}." if where else ""
    if unknown := _UNKNOWN.fullmatch(what):
        assert isinstance(kind, inspect.StructType)
        key = unknown[1]
        return unknown_key(f"{prefix}{key}", key, (field.encode_name for field in kind.fields))
    if missing := _MISSING.fullmatch(what):
        return ConfigError(f"{prefix}{missing[1]}: missing")
    if isinstance(kind, inspect.CustomType) and isinstance(value, str):
        return wrong(where, what, value)
    return wrong(where, _expected(kind), value)


def _followed(path: str, table: Table) -> tuple[inspect.Type, object, str]:
    """Follow msgspec's path and return the schema's type, the file's value, and its name."""
    kind: inspect.Type = inspect.type_info(Config)
    value: object = table
    where = ""
    for step in _STEP.finditer(path):
        match kind:
            case inspect.StructType():
                key = step["key"]
                field = next(field for field in kind.fields if field.encode_name == key)
                value = value[key] if isinstance(value, dict) else value
                kind = _said(field.type, value)
                where += f".{key}" if where else key
            case inspect.VarTupleType():
                kind = kind.item_type
                value = value[int(step["index"])] if isinstance(value, list) else value
                where += step[0]
            case inspect.DictType():
                kind = kind.value_type
                assert isinstance(value, dict)
                key, value = next(item for item in value.items() if not isinstance(item[1], str))
                where += f'."{key}"'
            case _:
                raise AssertionError(path)
    return kind, value, where


def _said(kind: inspect.Type, value: object) -> inspect.Type:
    """Return the type that applies to a key that is optional, or is one value or an array."""
    if not isinstance(kind, inspect.UnionType):
        return kind
    several = isinstance(value, list)
    said = [each for each in kind.types if not isinstance(each, inspect.NoneType)]
    return next(
        (each for each in said if isinstance(each, inspect.VarTupleType) is several), said[0]
    )


def _expected(kind: inspect.Type) -> str:
    """Describe what the schema accepts."""
    match kind:
        case inspect.EnumType():
            return choice([member.value for member in _members(kind.cls)])
        case inspect.Metadata(extra_json_schema={"examples": examples}):
            return choice(examples)  # in our order: msgspec sorts the values of a literal
        case inspect.LiteralType():
            return choice([str(value) for value in kind.values])
        case inspect.IntType() | inspect.FloatType():
            return _number(kind)
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType():
            return "a string that is not empty" if kind.min_length else "a string"
        case inspect.VarTupleType():
            return (
                "an array of tables"
                if isinstance(kind.item_type, inspect.StructType)
                else "an array"
            )
        case inspect.CustomType():
            return "a network in quotes"
        case _:
            return "a table"


def _members(enumeration: type[Enum]) -> list[Enum]:
    return list(enumeration)


def _number(kind: inspect.IntType | inspect.FloatType) -> str:
    noun = "a whole number" if isinstance(kind, inspect.IntType) else "a number"
    if kind.ge is not None and kind.le is not None:
        return f"{noun} from {kind.ge} to {kind.le}"
    if kind.ge is not None:
        return f"{noun} of at least {kind.ge}"
    if kind.gt is not None:
        return f"{noun} greater than {kind.gt:g}"
    return noun
