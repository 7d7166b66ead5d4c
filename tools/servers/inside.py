"""One server at one stage, tried in the namespaces that this process was started in."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tools.servers.all import SERVERS
from tools.servers.campaign import brief, drive, sessions
from tools.servers.comparison import Outcome, Record, compare, leaked
from tools.servers.notes import Answer, Note
from tools.servers.server import Server, Stage
from tools.servers.watching import Watching
from tools.servers.world import World

_NOTHING = b"none of its lines could be read"
_SQL = "SELECT *, instant AS at FROM attempts"


class Order(msgspec.Struct):
    """What is to be tried, and where its log and notes are left."""

    server: str
    stage: Stage
    packages: str | None
    directory: str
    iso_stamps: bool = False
    brief: bool = False  # only a login at each port, with the right password


class Tried(msgspec.Struct):
    """What was read in the log, and what `mailauth watch` recorded while it grew."""

    read: Outcome
    watched: Outcome


def main() -> None:
    """Carry out the order on standard input, and write what came of it to a file."""
    order = msgspec.json.decode(sys.stdin.buffer.read(), type=Order)
    try:
        tried = _try(SERVERS[order.server], order)
    except OSError as error:
        sys.exit(str(error))
    Path(order.directory, "tried.json").write_bytes(msgspec.json.encode(tried))


def _try(server: Server, order: Order) -> Tried:
    here, stage = Path(order.directory), order.stage
    packages = Path(order.packages) if order.packages is not None else None
    world = World(here, packages, server.hidden, iso_stamps=order.iso_stamps)
    try:
        server.set_up(world)
        server.apply(world, stage)
        server.start(world)
        world.await_ports(server.ports)
        watching = Watching(here, server.log(world))
        plans = sessions(server, stage)
        if order.brief:
            plans = brief(plans)
        notes, failed = drive(plans, dict(server.passwords))
        watching.stop(len(notes))
        world.settle()
    finally:
        world.stop()
        world.close()
    log = here / "server.log"
    log.write_bytes(server.log(world).read_bytes())
    (here / "notes.json").write_bytes(msgspec.json.format(msgspec.json.encode(notes)))
    read = compare(notes, records(log), lambda note: server.tells(note, stage))
    read.wrong += len(failed)
    read.problems += failed
    if stage is Stage.STRICT:
        _let_in(server, notes, read)
    watched = compare(notes, watching.records, lambda note: server.tells(note, stage))
    watched.slowest = max(watching.delays(), default=0.0)
    watched.was_busy = watching.was_busy
    for account in leaked(watching.text, server.passwords):
        watched.wrong += 1
        watched.problems.append(f"the record holds the password of {account}")
    return Tried(read, watched)


def records(log: Path, *options: str) -> Sequence[Record]:
    """Return what mailauth reads in a log."""
    command = [sys.executable, "-m", "mailauth", "query", _SQL, str(log), "--format", "json"]
    done = subprocess.run([*command, *options], capture_output=True, check=False, timeout=120)
    if _NOTHING in done.stderr:
        return []
    if done.returncode != 0:
        raise OSError(f"mailauth query: {done.stderr.decode()}")
    return msgspec.json.decode(done.stdout, type=list[Record])


def _let_in(server: Server, notes: Sequence[Note], outcome: Outcome) -> None:
    """What is to be refused and was not is wrong, whatever the log says."""
    for note in notes:
        of_itself = server.trusts_itself and note.source.startswith("127.")
        if note.answer is Answer.IN and not note.is_secure and not of_itself:
            outcome.wrong += 1
            outcome.problems.append(f"let in in the clear: {note.service.value} {note.server_port}")


if __name__ == "__main__":
    main()
