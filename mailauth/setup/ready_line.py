"""What a program that starts a server is told: the ready line of `serve --ready-json`."""

import msgspec


class Listening(msgspec.Struct, frozen=True):
    """A listener in the ready line, or a reporter, whose protocol is its kind."""

    name: str
    protocol: str
    tls: str
    host: str
    port: int


class Logs(msgspec.Struct, frozen=True):
    """The paths of the logs, relative to the home."""

    successful: str
    attempts: str
    invalid: str


class ReadyLine(msgspec.Struct, frozen=True):
    """The line that the server prints when it is ready."""

    ready: bool
    pid: int
    home: str
    ca: str | None
    console: str | None
    api_token: str
    listeners: list[Listening]
    logs: Logs
    reporters: list[Listening] = []
