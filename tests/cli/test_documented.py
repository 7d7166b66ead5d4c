"""The README, the help and the program say the same of commands, options, faults and fixtures."""

import inspect
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from mailauth import pytest_plugin
from mailauth.cli import command_line
from mailauth.faults import Fault
from mailauth.testing import MailAuth

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
FENCED = re.compile(r"^```\w*\n(.*?)^```", re.DOTALL | re.MULTILINE)
TEXT = FENCED.sub("", README)


def commands(group: click.Group, path: tuple[str, ...] = ()) -> Iterator[tuple[str, click.Command]]:
    """List all commands, those of groups too, by what is typed after `mailauth`."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if command.hidden:
            continue
        typed = (*path, name)
        yield " ".join(typed), command
        if isinstance(command, click.Group):
            yield from commands(command, typed)


COMMANDS = dict(commands(command_line))
OPTIONS = [
    pytest.param(command, parameter, id=f"{name} {parameter.opts[0]}")
    for name, command in {"mailauth": command_line, **COMMANDS}.items()
    for parameter in command.params
    if isinstance(parameter, click.Option)
]


def names_of(parameter: click.Parameter) -> list[str]:
    """An option's names, those that say the opposite too."""
    return [*parameter.opts, *parameter.secondary_opts]


def invocations() -> list[list[str]]:
    """What the README types after `mailauth`, in blocks and in the text; `a|b` is one for each."""
    blocks = "\n".join(FENCED.findall(README.replace("\\\n", " ")))
    typed = re.findall(r"^(?:\$ )?mailauth (.+)$", blocks, re.MULTILINE)
    typed += re.findall(r"`mailauth ([^`]+)`", TEXT)
    found = []
    for line in typed:
        words = shlex.split(line)
        alternatives = next((word.split("|") for word in words[:2] if "|" in word), None)
        if alternatives is None:
            found.append(words)
        else:
            found += [[words[0], each, *words[2:]] for each in alternatives]
    return found


INVOCATIONS = invocations()


@pytest.mark.parametrize(("command", "option"), OPTIONS)
def test_every_option_has_help(command: click.Command, option: click.Option) -> None:
    """And it is shown: an option without help is a riddle."""
    assert option.help, option.opts
    assert option.opts[0] in command.get_help(click.Context(command))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_and_stands_in_the_readme(name: str) -> None:
    assert COMMANDS[name].get_short_help_str()
    length = len(name.split())
    assert name in {" ".join(words[:length]) for words in INVOCATIONS}


@pytest.mark.parametrize("words", INVOCATIONS, ids=" ".join)
def test_what_the_readme_types_exists(words: list[str]) -> None:
    command: click.Command = command_line
    words = list(words)
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        name = words.pop(0)
        found = command.get_command(click.Context(command), name)
        assert found is not None, f"no command {name}"
        command = found
    known = {name for parameter in command.params for name in names_of(parameter)}
    assert {word.partition("=")[0] for word in words if word.startswith("-")} <= {*known, "--help"}


def test_options_in_the_text_are_some_commands() -> None:
    known = {
        name
        for command in COMMANDS.values()
        for parameter in command.params
        for name in names_of(parameter)
    }
    named = set(re.findall(r"`(--[a-z-]+)", TEXT))
    assert named
    assert named <= {*known, "--help"}


def kit_section() -> str:
    """What the README says of tests of mail clients."""
    _, _, rest = README.partition("## Test a mail client of your own\n")
    return rest.partition("\n## ")[0]


def fixtures() -> set[str]:
    """The fixtures of the plugin."""
    source = inspect.getsource(pytest_plugin)
    return set(re.findall(r"^@pytest\.fixture\b.*\ndef (\w+)", source, re.MULTILINE))


def test_every_method_and_fixture_stands_in_the_readme() -> None:
    """As code, and `name(` where it is called."""
    public = {name: value for name, value in vars(MailAuth).items() if not name.startswith("_")}
    methods = {name for name, value in public.items() if callable(value)}
    code = re.findall(r"`([^`]+)`", FENCED.sub("", kit_section()))
    assert {name for name in methods if not any(f"{name}(" in each for each in code)} == set()
    assert fixtures() >= {"mailauth", "mailauth_config", "mailauth_server"}
    assert fixtures() | (public.keys() - methods) <= set(code)


def test_no_method_is_named_that_does_not_exist() -> None:
    section = kit_section()
    called = set(re.findall(r"mailauth\.(\w+)\(", section))
    (listed,) = re.findall(r"^- (`port\(.*?)^\n", section, re.DOTALL | re.MULTILINE)
    called |= set(re.findall(r"`(\w+)\(", listed))
    assert len(called) > 10
    assert {name for name in called if not hasattr(MailAuth, name)} == set()


def test_no_fault_is_named_that_does_not_exist() -> None:
    """In tables, tests, URLs and configuration; that all are named, tests/faults holds."""
    faults = {fault.value for fault in Fault}
    patterns = (
        r'fault = "([^"]+)"',
        r"/fault/([\w-]+)",
        r'\.fault\("\w+", "([^"]+)"',
        r"--case[ =]([\w-]+)",
    )
    for pattern in patterns[:3]:
        assert re.findall(pattern, README), pattern
    named = {name for pattern in patterns for name in re.findall(pattern, README)}
    (table,) = re.findall(r"\| fault \| .*\n\|[ -|]+\n((?:\|.*\n)+)", README)
    named |= set(re.findall(r"^\| `([^`]+)` ", table, re.MULTILINE))
    assert named == faults
