"""`scripts/gauntlet-clients [NAME…]`: run the gauntlet for clients, and write RESULTS.md.

What was seen is kept in results.json, so that one client can be tried anew; without names, all are.
"""

import argparse
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from tools.bench.machine import described
from tools.gauntlet.clients import CLIENTS, version_of
from tools.gauntlet.report import written
from tools.gauntlet.running import Seen, is_there, run, ways

HERE = Path(__file__).parent
KEPT, RESULTS = HERE / "results.json", HERE / "RESULTS.md"


class Results(msgspec.Struct):
    """What was seen until now."""

    machine: str = ""
    versions: dict[str, str] = {}
    seen: list[Seen] = []

    def replace(self, name: str, seen: list[Seen]) -> None:
        """Take what was seen of a client in the place of what was before, in some ways."""
        tried = {(each.protocol, each.tls) for each in seen}
        self.seen = [
            each
            for each in self.seen
            if each.client != name or (each.protocol, each.tls) not in tried
        ] + seen
        self.versions[name] = version_of(name)


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/gauntlet-clients")
    parser.add_argument("--at-once", type=int, default=1, help="gauntlets at a time")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CLIENTS))
    options = parser.parse_args()
    if unknown := set(options.names) - set(CLIENTS):
        parser.error(f"there is no client {', '.join(sorted(unknown))}")
    results = Results()
    if KEPT.exists():
        results = msgspec.json.decode(KEPT.read_bytes(), type=Results)
    chosen = [name for name in options.names or CLIENTS if is_there(name)]
    with ThreadPoolExecutor(options.at_once) as pool:
        running = [
            (name, protocol, tls, pool.submit(run, name, protocol, tls))
            for name in chosen
            for protocol, tls in ways(name)
        ]
        for name, protocol, tls, future in running:
            seen = future.result()
            sys.stdout.write(f"{name}, {protocol}, {tls.value}: {len(seen)} cases\n")
            sys.stdout.flush()
            results.replace(name, seen)
            _keep(results)


def _keep(results: Results) -> None:
    results.machine = described()
    order = list(CLIENTS)
    results.seen.sort(key=lambda each: (order.index(each.client), each.protocol, each.tls))
    KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(results), indent=1) + b"\n")
    RESULTS.write_text(written(results.machine, results.versions, results.seen), "utf-8")


main()
