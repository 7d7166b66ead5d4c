"""Shell completion of names that a command knows, and of files."""

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

Completion = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def named(names: Iterable[str] | Callable[[], Iterable[str]]) -> Completion:
    """Complete names, which are looked up only when they are needed."""

    def complete(_: click.Context, __: click.Parameter, incomplete: str) -> list[CompletionItem]:
        known = names() if callable(names) else names
        return [CompletionItem(name) for name in known if name.startswith(incomplete)]

    return complete


def named_or_file(names: Iterable[str] | Callable[[], Iterable[str]]) -> Completion:
    """Complete names, and files as the shell does."""

    def complete(
        context: click.Context, parameter: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        found = named(names)(context, parameter, incomplete)
        return [*found, CompletionItem(incomplete, type="file")]

    return complete
