"""What a server is to those who try it: packages, ports, how it is set up, what its log tells."""

import enum
from collections.abc import Mapping
from pathlib import Path

import msgspec

from mailauth.login.event import Service
from mailauth.report.foreign.verdict import Wire
from tools.servers.notes import Note, Way
from tools.servers.pages import BETTER, STRICT, settings
from tools.servers.world import World

PASSWORDS = {
    "bob@example.com": "secret",
    "alice@example.com": "s3cret phrase",
    "mary-ann@example.com": "x=y,z",
}


class Stage(enum.Enum):
    """How the server is set up: its default log, a better one, and no logins in the clear."""

    DEFAULT = "default"
    BETTER = "better"
    STRICT = "strict"


class Door(msgspec.Struct, frozen=True):
    """A port, and how TLS begins there."""

    service: Service
    wire: Wire
    port: int


IMAP = (
    Door(Service.IMAP, Wire.CLEARTEXT, 143),
    Door(Service.IMAP, Wire.STARTTLS, 143),
    Door(Service.IMAP, Wire.IMPLICIT, 993),
)
POP3 = (
    Door(Service.POP3, Wire.CLEARTEXT, 110),
    Door(Service.POP3, Wire.STARTTLS, 110),
    Door(Service.POP3, Wire.IMPLICIT, 995),
)
SMTP = (
    Door(Service.SMTP, Wire.CLEARTEXT, 25),
    Door(Service.SMTP, Wire.STARTTLS, 25),
    Door(Service.SMTP, Wire.CLEARTEXT, 587),
    Door(Service.SMTP, Wire.STARTTLS, 587),
    Door(Service.SMTP, Wire.IMPLICIT, 465),
)


class Server:
    """A mail server from Debian's packages. What differs from one to another is below."""

    page: str  # in docs/servers/
    packages: tuple[str, ...]
    name: str
    settings_for: str | None = None  # the version that settings of the page are for
    suite: str | None = None  # of Debian, if this machine's cannot be used
    hidden: tuple[str, ...] = ()  # folders of this machine's own version of the program
    doors: tuple[Door, ...]
    ways: tuple[Way, ...]  # by SASL; IMAP and POP3 have their commands as well
    ways_with_tls_only: tuple[Way, ...] | None = None  # if it offers others when it is strict
    takes_mail = True
    trusts_itself = False  # takes a login in the clear from its own address even if it is strict
    passwords: Mapping[str, str] = PASSWORDS

    def set_up(self, world: World) -> None:
        """Write what the server needs to run here; logins in the clear are allowed."""
        raise NotImplementedError

    def start(self, world: World) -> None:
        """Start the server."""
        raise NotImplementedError

    def log(self, world: World) -> Path:
        """Return where the server logs."""
        return world.log

    def tells(self, note: Note, stage: Stage) -> bool:
        """Say whether the log says anything of an attempt."""
        return True

    def apply(self, world: World, stage: Stage) -> None:
        """Make the settings of the page: those of the stage, and of the ones before it."""
        sections = {Stage.DEFAULT: (), Stage.BETTER: (BETTER,), Stage.STRICT: (BETTER, STRICT)}
        for section in sections[stage]:
            for setting in settings(self.page, section, self.settings_for):
                self.write(world, setting.file, setting.text)

    def write(self, world: World, file: str, text: str) -> None:
        """Write a setting of the page where it belongs: at the end of the file."""
        world.path(file).parent.mkdir(parents=True, exist_ok=True)
        world.add(file, text)

    @property
    def ports(self) -> list[int]:
        """The ports it listens on."""
        return sorted({door.port for door in self.doors})
