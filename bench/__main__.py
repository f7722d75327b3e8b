"""
Measure rows of the table, all of them without arguments, and write bench/RESULTS.md: `python -m bench [ROW…]`.
"""

from __future__ import annotations

import os
import platform
import sys
from datetime import UTC, datetime
from importlib.metadata import version

from bench.book import keep
from bench.rows import ROWS
from bench.stacks import BenchError
from tests.engine.stack import engine_is_there
from tests.evidence.digest import digest
from tests.evidence.recorder import engine_version


def _machine(engine: str, before: float) -> str:
    load = f"load average {before:.1f} before, {os.getloadavg()[0]:.1f} after"
    versions = f"pulumi {engine}, its Python SDK {version('pulumi')}, Python {platform.python_version()}"
    return f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, {versions}; {load}"


def main(names: list[str]) -> int:
    """
    Measure; exit code 0 if all that was asked for is in the file.
    """
    unknown = set(names) - set(ROWS)
    if unknown:
        print(f"bench: no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}", file=sys.stderr)
        return 2
    if not engine_is_there():
        print("bench: no pulumi on PATH: `make tools` gets one", file=sys.stderr)
        return 1
    engine, code, measured_code = engine_version(), 0, digest()
    for name in names or ROWS:
        before = os.getloadavg()[0]
        try:
            measured = ROWS[name]()
        except (BenchError, OSError, RuntimeError) as exc:
            print(f"bench: {name}: {exc}", file=sys.stderr)
            code = 1
            continue
        if digest() != measured_code:
            print(f"bench: {name}: not kept: components/ has changed while this ran", file=sys.stderr)
            return 1
        measured.date, measured.machine = f"{datetime.now(UTC):%Y-%m-%d}", _machine(engine, before)
        measured.code = measured_code
        keep(name, measured, list(ROWS))
        print(f"{name}: {measured.figure}", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
