"""
Serve the embedded systems: ``python -m tests.estate [--only zot …] [--port zot=29102 …]``.

Prints one ``export NAME=value`` line for everything that is needed to use them, then ``ready``, and serves until it is
interrupted. zot's clock can be moved from outside (no such call on a real zot): ``POST /_estate/clock {"days": 91}``.
"""

from __future__ import annotations

import argparse
import shlex
import signal
import sys
import threading
from collections.abc import Sequence

from tests.estate import NAMES, Estate, PortTakenError


def _port(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if name not in NAMES or not number.isdigit() or int(number) > 65535:
        message = f"want <system>=<port>, a system being one of {', '.join(NAMES)}"
        raise argparse.ArgumentTypeError(message)
    return name, int(number)


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until SIGINT or SIGTERM; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.estate", description="Serve the embedded systems.")
    parser.add_argument("--only", action="append", choices=NAMES, help="serve this system; may be repeated")
    parser.add_argument(
        "--port", action="append", type=_port, default=[], metavar="SYSTEM=PORT", help="may be repeated"
    )
    options = parser.parse_args(arguments)
    interrupted = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: interrupted.set())
    try:
        estate = Estate.start(ports=dict(options.port), only=options.only or NAMES)
    except PortTakenError as error:
        print(f"estate: {error}", file=sys.stderr)
        return 1
    for name, value in estate.env.items():
        print(f"export {name}={shlex.quote(value)}")
    print("ready", flush=True)
    interrupted.wait()
    estate.stop()
    for fault in estate.errors:
        print(fault, file=sys.stderr)
    return 1 if estate.errors else 0


if __name__ == "__main__":
    sys.exit(main())
