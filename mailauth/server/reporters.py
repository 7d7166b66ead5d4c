"""The reporters of a server. They are in its first process, like HTTP, even with workers."""

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence

from twisted.internet.posixbase import PosixReactorBase

from mailauth.config import Config, ReporterConfig, TlsMode
from mailauth.net import sockets
from mailauth.reporters.endpoint import Settings
from mailauth.reporters.listener import ReporterListener, read_settings
from mailauth.server.process import ServingProcess
from mailauth.setup.services import ReporterState


class Reporters:
    """The reporters, which record what other servers report with the recorder of the process."""

    def __init__(self, process: ServingProcess, reactor: PosixReactorBase) -> None:
        self.listeners: list[ReporterListener] = []
        self._process = process
        self._reactor = reactor

    def read(self, config: Config) -> Mapping[str, Settings]:
        """Read the settings that can be reloaded, by reporter name; raises `ConfigError`."""
        return {
            each.listener.name: read_settings(each, self._process.home, f"reporter[{index}]")
            for index, each in enumerate(config.reporter)
        }

    def start(self, settings: Mapping[str, Settings], bound: Sequence[socket.socket]) -> None:
        """Accept reports on the sockets, one for each reporter; raises `CannotListen`."""
        process = self._process
        for config, taken in zip(process.config.reporter, bound, strict=True):
            name = config.listener.name
            listener = ReporterListener(
                config,
                settings[name],
                process.summing,
                self._reactor,
                wheel=process.wheel,
                context=self._context(config),
                patience=process.patience,
            )
            listener.port = sockets.listen(taken, listener.config)
            self.listeners.append(listener)
            process.reporters.append(listener)
            process.accept(listener, taken)
        process.operations.reporter_states = self.states

    def adopt(self, settings: Mapping[str, Settings]) -> None:
        """Use the settings that were reloaded."""
        for each in self.listeners:
            endpoint = each.endpoint
            endpoint.settings = settings.get(each.config.name, endpoint.settings)

    def states(self) -> list[ReporterState]:
        """Return the current state of each reporter."""
        return [each.state() for each in self.listeners]

    def _context(self, config: ReporterConfig) -> Callable[[], ssl.SSLContext] | None:
        if config.tls is TlsMode.NONE:
            return None
        name = config.listener.name
        return lambda: self._process.loaded.tls.contexts[name]
