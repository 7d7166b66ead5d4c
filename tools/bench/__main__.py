"""`scripts/bench [NAME…]`: measures and prints the results; `--write` saves them in RESULTS.md.

A benchmark is a module of this package with a function `measure`, which returns a section of
Markdown without its heading. Without names, all of them run.
"""

import argparse
import importlib
import sys
from pathlib import Path

from tools.bench.machine import described
from tools.bench.results import with_section

BENCHMARKS = ("logins", "mailbox", "hashes", "console", "reports", "foreign", "plugin")
RESULTS = Path(__file__).with_name("RESULTS.md")


def main() -> None:
    parser = argparse.ArgumentParser(prog="scripts/bench", description="Measure, and say what.")
    parser.add_argument("--write", action="store_true", help="keep the results in RESULTS.md")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    for name in options.names or BENCHMARKS:
        measured: str = importlib.import_module(f"tools.bench.{name}").measure()
        section = f"{described()}\n\n{measured}"
        sys.stdout.write(f"\n## {name}\n\n{section}\n")
        if options.write:
            before = RESULTS.read_text("utf-8") if RESULTS.exists() else ""
            RESULTS.write_text(with_section(before, name, section), "utf-8")


main()
