"""`scripts/fuzz [--minutes N] [TARGET…]`: look for what breaks a promise, guided by coverage.

Each target is fuzzed by atheris (libFuzzer) in a process of its own. What was found to be worth
keeping stays in .fuzz/ for the next time, and so does what broke something: it belongs into a test.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

_HANGS_SECONDS = 20
_MEMORY_MEGABYTES = 2048
_LONGEST = 4096
_NOISE = re.compile("INFO: |WARNING: |#[0-9]+\\t")  # of libFuzzer, when all is well
_KEPT = Path(__file__).parents[2] / ".fuzz"


def main() -> None:
    """Fuzz the targets one after the other; exit with 1 when something broke."""
    if sys.argv[1:2] == ["--one"]:
        _fuzz_here(*sys.argv[2:])
    from tools.fuzz.targets import TARGETS

    parser = argparse.ArgumentParser(prog="scripts/fuzz", description="Fuzz the parsers.")
    parser.add_argument("--minutes", type=float, default=2.0, help="for each target (2)")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"there is no target {', '.join(sorted(unknown))}")
    found = [_fuzz(target, options.minutes) for target in options.targets or TARGETS]
    sys.exit(1 if any(found) else 0)


def _fuzz_here(target: str, *arguments: str) -> NoReturn:
    """Give this process to libFuzzer, which ends it."""
    import atheris

    with atheris.instrument_imports(include=["mailauth"]):
        from tools.fuzz.targets import TARGETS
    atheris.Setup([sys.argv[0], *arguments], TARGETS[target])
    atheris.Fuzz()
    raise AssertionError("libFuzzer ends the process")


def _fuzz(target: str, minutes: float) -> bool:
    """Fuzz one target; return whether something broke."""
    corpus, seeds, broken = (_KEPT / target / name for name in ("corpus", "seeds", "broken"))
    for directory in (corpus, seeds, broken):
        directory.mkdir(parents=True, exist_ok=True)
    dictionary = _KEPT / target / "words"
    from tools.fuzz.seeds import write_dictionary, write_seeds

    write_seeds(target, seeds)
    write_dictionary(target, dictionary)
    ended = subprocess.run(
        [
            *(sys.executable, "-m", "tools.fuzz", "--one", target),
            *(str(corpus), str(seeds), f"-dict={dictionary}", f"-artifact_prefix={broken}/"),
            *(f"-max_total_time={round(minutes * 60)}", f"-max_len={_LONGEST}"),
            *(f"-timeout={_HANGS_SECONDS}", f"-rss_limit_mb={_MEMORY_MEGABYTES}"),
            "-print_final_stats=1",
        ],
        capture_output=True,
        text=True,
        errors="backslashreplace",
        check=False,
    )
    said = ended.stdout + ended.stderr
    runs = re.search(r"stat::number_of_executed_units: (\d+)", said)
    covered = re.findall(r"cov: (\d+)", said)
    sys.stdout.write(
        f"{target}: {runs[1] if runs else 'unknown'} executions,"
        f" coverage {covered[0] if covered else '?'} to {covered[-1] if covered else '?'},"
        f" {'nothing broke' if ended.returncode == 0 else f'BROKEN, see {broken}'}\n"
    )
    sys.stdout.flush()
    if ended.returncode != 0:
        sys.stdout.write("\n".join(line for line in said.splitlines() if not _NOISE.match(line)))
    return ended.returncode != 0


main()
