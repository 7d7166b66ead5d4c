"""Marionette, the remote control of Mozilla's programs: JSON arrays behind their length in octets.

A command is `[0, id, name, parameters]`, its answer `[1, id, error, result]`; one of them is null.
"""

import itertools
import json
import socket
from typing import Any

TIMEOUT = 60.0  # seconds; the first time is the slowest


class ScriptError(Exception):
    """A command has failed; the message is what the program says of it."""


class Marionette:
    """A session that runs scripts with the program's own privileges, each for so long at most."""

    def __init__(self, port: int, seconds: float = TIMEOUT) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=seconds + 10)
        self._stream = self._socket.makefile("rb")
        self._ids = itertools.count(1)
        assert self._read()["marionetteProtocol"] == 3
        self._command("WebDriver:NewSession", {"timeouts": {"script": int(seconds * 1000)}})
        self._command("Marionette:SetContext", {"value": "chrome"})

    def run(self, script: str, *arguments: object) -> Any:
        """Run the body of a function, and return its value, or that of its promise."""
        parameters = {"script": script, "args": arguments, "sandbox": "system", "newSandbox": False}
        return self._command("WebDriver:ExecuteScript", parameters)["value"]

    def quit(self) -> None:
        """Have the program end, and hang up."""
        self._command("Marionette:Quit", {"flags": ["eForceQuit"]})
        self._stream.close()
        self._socket.close()

    def _command(self, name: str, parameters: dict[str, object]) -> Any:
        number = next(self._ids)
        message = json.dumps([0, number, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(message), message))
        kind, answered, error, result = self._read()
        assert (kind, answered) == (1, number)
        if error is not None:
            raise ScriptError(error["message"], error.get("data"), error["stacktrace"])
        return result

    def _read(self) -> Any:
        digits = b""
        while (octet := self._stream.read(1)) != b":":
            if not octet:
                raise ScriptError("Thunderbird has hung up")
            digits += octet
        return json.loads(self._stream.read(int(digits)))
