"""Tables of the configuration, as wide as the terminal allows."""

from collections.abc import Iterable, Sequence
from typing import TextIO

from rich import box
from rich.text import Text

from mailauth.config import ListenerConfig, ReporterConfig, TlsMode
from mailauth.config.errors import printable
from mailauth.report.output.layout import Heading, console, print_rows


def print_framed(headings: Sequence[str], rows: Iterable[Sequence[str]], stream: TextIO) -> None:
    """Print rows under their headings, or on a narrow terminal a block for each of them."""
    print_rows(
        [Heading(heading, is_key=at == 0) for at, heading in enumerate(headings)],
        ([Text(printable(cell)) for cell in row] for row in rows),
        console(stream),
        frame=box.HEAVY_HEAD,
    )


def print_reporters(reporters: Iterable[ReporterConfig], stream: TextIO) -> None:
    """Print reporters, if there are any."""
    rows = [
        (each.listener.name, each.kind.value, each.address, _port(each.port), each.tls.value)
        for each in reporters
    ]
    if rows:
        print_framed(("reporter", "kind", "address", "port", "TLS"), rows, stream)


def _port(port: int) -> str:
    return str(port) if port else "any free"


def print_listeners(listeners: Iterable[ListenerConfig], stream: TextIO) -> None:
    """Print listeners; a port 0 that is not yet bound is printed as `any free`."""
    print_framed(
        ("listener", "protocol", "address", "port", "TLS", "cleartext logins"),
        (
            (
                listener.name,
                listener.service,
                listener.address,
                _port(listener.port),
                listener.tls.value,
                "–" if listener.tls is TlsMode.IMPLICIT else listener.cleartext.value,
            )
            for listener in listeners
        ),
        stream,
    )
