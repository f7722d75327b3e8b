#!/usr/bin/env python3
"""
What a person and the CI's workflows run on a stack, so that both do the same.

    scripts/stack.py [--stack NAME] preview | drift | up | rotate ACCOUNT
    scripts/stack.py [--stack NAME] summary | status --json | metrics [--output FILE]

The commands of the first line become the engine's own command, so exit codes and signals are the engine's. Only
Python's standard library is used, but for what `scripts/watch/` says otherwise of; the programs come from this
checkout's .venv where it is there, else from PATH.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

if not __package__:
    # Called as a file: its folder is on the path, and the package is above it. Links are not followed.
    sys.path.insert(0, str(Path(__file__).absolute().parents[1]))

from scripts.watch import commands as watch
from scripts.watch import supervised
from scripts.watch.engine import StackError, ask_for_json, become, use_own_python

_PREVIEW = ("preview", "--diff", "--suppress-outputs")
_UP = ("up", "--yes", "--skip-preview", "--suppress-progress")
COMMANDS = {
    "preview": _PREVIEW,
    "drift": (*_PREVIEW, "--expect-no-changes"),
    "up": _UP,
}
# These look at a stack and change nothing.
WATCHING = ("summary", "status", "metrics")
HELP = {
    "preview": "say what an up would change; 0 whether or not there is something, 1 a fault",
    "drift": "the same, for a nightly check: 0 in sync, 7 something to do, 1 a fault",
    "up": "reconcile everything without asking; rotates a key that is due",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """
    Run one command; return its exit code.
    """
    parser = argparse.ArgumentParser(prog="scripts/stack.py", description="Run a stack as the CI does.")
    parser.add_argument("--stack", metavar="NAME", help="the stack; the selected one if left out")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in HELP.items():
        commands.add_parser(name, help=text, description=text)
    rotate = commands.add_parser("rotate", help="replace an account's key now, due or not, and end the old one")
    rotate.add_argument("account", help="the user name, as in the stack file")
    commands.add_parser("summary", help="print a Markdown table of the accounts; also to $GITHUB_STEP_SUMMARY")
    status = commands.add_parser("status", help="print all that is known, for machines: docs/status.schema.json")
    status.add_argument("--json", action="store_true", required=True, help="the only form; `summary` is for people")
    metrics = commands.add_parser("metrics", help="print metrics of the accounts, for Prometheus")
    metrics.add_argument("--output", metavar="FILE", type=Path, help="write them there instead, whole or not at all")
    options = parser.parse_args(arguments)
    try:
        if options.command == "summary":
            return watch.summary(options.stack)
        if options.command == "status":
            return watch.status(options.stack)
        if options.command == "metrics":
            use_own_python()
            return watch.metrics(options.stack, options.output)
        if options.command == "rotate":
            return _go(options.stack, "rotate", *_UP, "--replace", key_urn(options.stack, options.account))
        return _go(options.stack, options.command, *COMMANDS[options.command])
    except StackError as exc:
        print(f"stack: {exc}", file=sys.stderr)
        return 1


def _go(stack: str | None, name: str, *arguments: str) -> int:
    """
    Become the engine; or run it, where the environment asks for pings or notices of more than a preview.
    """
    if name == "preview" or not supervised.is_wanted():
        become(stack, *arguments)
    use_own_python()
    return supervised.run(stack, name, *arguments)


def key_urn(stack: str | None, account: str) -> str:
    """
    Return the URN of an account's key.

    Raises:
        StackError: the state cannot be read, or knows no such key.
    """
    resources = ask_for_json(stack, "stack", "export")["deployment"].get("resources", [])
    keys = {
        resource["parent"].rpartition("::")[2]: resource["urn"]
        for resource in resources
        if resource["type"] == "pulumi-python:dynamic/zot:ApiKey" and not resource.get("delete")
    }
    if account not in keys:
        msg = f"the state holds no key of {account}; it has those of: {', '.join(sorted(keys)) or 'nobody'}"
        raise StackError(msg)
    return str(keys[account])


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
