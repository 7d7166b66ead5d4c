"""The logs of other servers on the command line: options, notes and warnings."""

from collections import Counter
from collections.abc import Iterable, Sequence

import click

from mailauth.report.foreign.files import FileFound, FormatFound
from mailauth.report.foreign.formats import FORMATS, Format
from mailauth.report.sources import Source
from mailauth.wire.networks import Network, parse_network

log_format_option = click.option(
    "--log-format",
    type=click.Choice(list(FORMATS)),
    help="Read FILES as the log of this server, whatever they look like (mailauth formats).",
)


def _networks(
    _context: click.Context, _parameter: click.Parameter, values: Sequence[str]
) -> tuple[Network, ...]:
    found = []
    for value in values:
        try:
            found.append(parse_network(value))
        except ValueError as error:
            raise click.BadParameter(f"expected {error}, got {value!r}") from None
    return tuple(found)


ignore_option = click.option(
    "--ignore",
    "ignored",
    metavar="NETWORK",
    multiple=True,
    callback=_networks,
    help="Leave out what came from this network, such as 127.0.0.0/8 for webmail on the server.",
)


def check_recognised(found: Sequence[tuple[Source, FileFound]]) -> None:
    """Raise `click.UsageError` if no log of another server contains anything known."""
    if found and not any(file.formats for _, file in found):
        known = ", ".join(FORMATS)
        raise click.UsageError(f"{found[0][0]}: no login in a supported format was found ({known})")


def told(found: Sequence[tuple[Source, FileFound]]) -> Iterable[str]:
    """Return what the logs of other servers contain, what they lack, and what to enable."""
    for source, file in found:
        yield f"{source}: {_counted(file)}"
        passwords = sum(each.passwords for each in file.formats)
        if passwords:
            yield (
                f"warning: {source} holds {_count(passwords, 'password')}; change "
                f"{'it' if passwords == 1 else 'them'} and restrict the file"
            )
        missed = sum(each.not_understood for each in file.formats)
        if missed:
            look = "looks like a login and was" if missed == 1 else "look like logins and were"
            yield f"warning: {source}: {_count(missed, 'line')} {look} not understood"
        if file.undated:
            yield f"warning: {source}: {_count(file.undated, 'record')} left out without a time"
    for name, known in FORMATS.items():
        sums: Counter[str] = Counter()
        for _, file in found:
            for each in file.formats:
                if each.format == name:
                    sums.update(_numbers(each))
        yield from _lacks(known, sums)
    yield from _dated(found)


def _lacks(known: Format, sums: Counter[str]) -> Iterable[str]:
    title = known.title
    if sums["nameless"]:
        clear, unknown = sums["nameless_cleartext"], sums["nameless_unknown"]
        of_them = [f"{clear:,} of them in the clear"] if clear else []
        of_them += [f"{unknown:,} unknown"] if unknown else []
        details = f" ({', '.join(of_them)})" if of_them else ""
        yield (
            f"note: {title}: {sums['nameless']:,} of {_count(sums['logins'], 'login')} have no "
            f"account's name{details}"
        )
    if sums["unknown"]:
        yield (
            f"note: {title}: {_count(sums['unknown'], 'login')} may or may not have used TLS; "
            f"{'it counts' if sums['unknown'] == 1 else 'they count'} as unknown"
        )
    if sums["unknown"] or sums["nameless"] or sums["began_untold"]:
        more = f"; to improve the log: {known.recipe}" if known.recipe else ""
        yield f"note: {title}: {known.lacks}{more}"
    if sums["left_out"]:
        yield f"note: {title}: {_count(sums['left_out'], 'login')} to other services left out"


def _dated(found: Sequence[tuple[Source, FileFound]]) -> Iterable[str]:
    guessed = ["year" for _, file in found if file.guessed_year][:1]
    zone = any(file.guessed_zone for _, file in found)
    if guessed:
        yield "note: missing years are taken from the times at which the files were last written"
    if zone:
        yield "note: times without a zone are taken to be in this machine's (TZ)"


def _counted(file: FileFound) -> str:
    """Describe a file: `Dovecot 12,402 logins, 5 failed; Postfix 3,110 (204 other lines)`."""
    parts: list[str] = []
    for each in file.formats:
        if not (each.logins or each.failed):
            continue
        logins = f"{each.logins:,}" if parts else _count(each.logins, "login")
        failed = f", {each.failed:,} failed" if each.failed else ""
        parts.append(f"{FORMATS[each.format].title} {logins}{failed}")
    rest = max(file.lines - sum(each.records for each in file.formats), 0)
    return f"{'; '.join(parts) or 'no logins'} ({_count(rest, 'other line')})"


def _numbers(found: FormatFound) -> dict[str, int]:
    return {
        name: value
        for name in FormatFound.__struct_fields__
        if isinstance(value := getattr(found, name), int)
    }


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
