"""
The command: `scripts/stack.py` of a checkout, `zot-ci` of the installed package.

The commands that run the engine become its own command, so exit codes and signals are the engine's. Only Python's
standard library is needed, except for the commands that the package's docstring names.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import commands as watch
from . import new, supervised
from .engine import CALLED, IS_CHECKOUT, PROJECT_FILES, ROOT, StackError, become, use_own_python, write_utf8

_PREVIEW = ("preview", "--diff", "--suppress-outputs")
_UP = ("up", "--yes", "--skip-preview", "--suppress-progress")
COMMANDS = {
    "preview": _PREVIEW,
    "drift": (*_PREVIEW, "--expect-no-changes"),
    "up": _UP,
}
# These look at a stack and change nothing.
WATCHING = ("check", "summary", "status", "metrics", "report", "verify")
HELP = {
    "preview": "say what an up would change; 0 whether or not there is something, 1 a fault",
    "drift": "the same, for a nightly check: 0 in sync, 7 something to do, 1 a fault",
    "up": "reconcile everything without asking; rotates a key that is due",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command; return its exit code.
    """
    parser = argparse.ArgumentParser(prog=CALLED, description="Run a stack as the CI does.")
    parser.add_argument("--version", action="version", version=f"zot-ci {_version()}")
    parser.add_argument("--stack", metavar="NAME", help="the stack; the selected one if left out")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("check", help="before the first up: ask the systems what is missing; 0 ready, 1 with the list")
    for name, text in HELP.items():
        commands.add_parser(name, help=text, description=text)
    rotate = commands.add_parser("rotate", help="replace an account's key now, due or not, and revoke the old one")
    rotate.add_argument("account", help="the user name, as in the stack file")
    rotate.add_argument(
        "--keep-old",
        metavar="DAYS",
        type=days,
        help="how long older keys live, whatever retireAfterDays says; 0 after a leak: this run revokes them",
    )
    commands.add_parser("summary", help="print a Markdown table of the accounts; also to $GITHUB_STEP_SUMMARY")
    status = commands.add_parser("status", help="print all that is known, for machines: docs/status.schema.json")
    status.add_argument("--json", action="store_true", required=True, help="the only form; `summary` is for people")
    metrics = commands.add_parser("metrics", help="print metrics of the accounts, for Prometheus")
    metrics.add_argument("--output", metavar="FILE", type=Path, help="write them there instead, whole or not at all")
    report = commands.add_parser("report", help="write a page for a browser: every key's time line, what to do")
    report.add_argument("--html", metavar="FILE", type=Path, required=True, help="written whole or not at all")
    for command in (status, metrics, report):
        command.add_argument("--verified", metavar="FILE", type=Path, help="also what `verify --json` wrote there")
    _add_verify(commands)
    text = "make a repository of your own for a stack: asks for addresses and names, or takes them as options"
    new.add_arguments(commands.add_parser("new", help=text, description=text))
    options = parser.parse_args(arguments)
    if options.command == "new":
        return _made(options)
    if not any((ROOT / name).exists() for name in PROJECT_FILES) and not IS_CHECKOUT:
        print(
            f"stack: no Pulumi.yaml in {ROOT} or above it: go to your stack's folder, or make one: zot-ci new DIR",
            file=sys.stderr,
        )
        return 1
    if options.command in ("check", "metrics", "verify") or (
        options.command not in (*WATCHING, "preview") and supervised.is_wanted()
    ):
        use_own_python()
    try:
        if options.command == "check":
            # Imported here, since it needs packages.
            from .check import check

            return check(options.stack)
        if options.command == "verify":
            from .verify import verify

            return verify(options.stack, options.account, options.json, options.metrics)
        if options.command == "summary":
            return watch.summary(options.stack)
        if options.command == "status":
            return watch.status(options.stack, options.verified)
        if options.command == "metrics":
            return watch.metrics(options.stack, options.output, options.verified)
        if options.command == "report":
            return watch.report(options.stack, options.html, options.verified)
        if options.command == "rotate":
            urn, env = watch.before_rotation(options.stack, options.account, options.keep_old)
            return _go(options.stack, "rotate", *_UP, "--replace", urn, env=env)
        return _go(options.stack, options.command, *COMMANDS[options.command])
    except StackError as exc:
        print(f"stack: {exc}", file=sys.stderr)
        return 1


def _add_verify(commands: Any) -> None:
    text = "ask every place's canary whether CI's secret works: 0 all do, 7 one does not, 1 one could not be asked"
    verify = commands.add_parser("verify", help=text, description=text)
    verify.add_argument(
        "account", nargs="*", metavar="ACCOUNT", help="user names, as in the stack file; all by default"
    )
    verify.add_argument("--json", metavar="FILE", type=Path, help="write what was found there, whole or not at all")
    verify.add_argument("--metrics", metavar="FILE", type=Path, help="the same as metrics, for Prometheus")


def _made(options: argparse.Namespace) -> int:
    # The program's packages check the settings.
    use_own_python()
    try:
        return new.new(options)
    except StackError as exc:
        for line in str(exc).splitlines():
            print(f"stack: {line}", file=sys.stderr)
        return 1


def _go(stack: str | None, name: str, *arguments: str, env: dict[str, str] | None = None) -> int:
    """
    Become the engine, with *env* added to its environment; or run it, if pings or notices are wanted.
    """
    if name == "preview" or not supervised.is_wanted():
        become(stack, *arguments, env=env)
    return supervised.run(stack, name, *arguments, env=env)


def days(text: str) -> float:
    """
    Read a number of days that is not negative.
    """
    number = float(text)
    if not 0 <= number < math.inf:
        raise ValueError(text)
    return number


def _version() -> str:
    # Imported here, since most commands do not need the program's package.
    from zot_ci.version import VERSION

    return VERSION


def program() -> int:
    """
    Run the command in this process's arguments; return its exit code. Output is UTF-8.
    """
    write_utf8()
    try:
        return main()
    except KeyboardInterrupt:
        return 130
