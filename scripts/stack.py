#!/usr/bin/env python3
"""
What a person and the CI's workflows run on a stack, so that both do the same.

    scripts/stack.py [--stack NAME] preview | drift | up | rotate ACCOUNT | summary

Each command but `summary` becomes the engine's own command, so exit codes and signals are the engine's. Only Python's
standard library is used; the programs come from this checkout's .venv where it is there, else from PATH.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

# As it was called, links not followed: the project is the folder above the script's.
ROOT = Path(__file__).absolute().parents[1]

_PREVIEW = ("preview", "--diff", "--suppress-outputs")
_UP = ("up", "--yes", "--skip-preview", "--suppress-progress")
COMMANDS = {
    "preview": _PREVIEW,
    "drift": (*_PREVIEW, "--expect-no-changes"),
    "up": _UP,
}
HELP = {
    "preview": "say what an up would change; 0 whether or not there is something, 1 a fault",
    "drift": "the same, for a nightly check: 0 in sync, 7 something to do, 1 a fault",
    "up": "reconcile everything without asking; rotates a key that is due",
}
_COLUMNS = ("account", "age", "rotates on", "expires on", "last used", "drift")
# With it Python finds nothing of the program's folder, which is where the engine starts the providers.
_HIDES_THE_PROGRAM = "PYTHONSAFEPATH"
# Steps of a preview that propose no change.
_QUIET = ("same", "refresh", "read")


class StackError(Exception):
    """
    A command cannot go on. The message is for the person who ran it.
    """


@dataclass(frozen=True)
class Seen:
    """
    What a preview found: the engine's steps, the sentences about drift, and the errors if it failed.
    """

    steps: list[dict[str, Any]]
    sentences: list[str]
    errors: list[str]
    failed: bool

    def of(self, account: str) -> Iterator[dict[str, Any]]:
        """
        Yield the steps on the resources of one account, those of the refresh left out.
        """
        for step in self.steps:
            state = step.get("newState") or step.get("oldState") or {}
            if step["op"] != "refresh" and str(state.get("parent", "")).endswith(f"RegistryCredential::{account}"):
                yield step

    def key_of(self, account: str) -> dict[str, Any]:
        """
        Return what the registry said of the account's key in this preview; empty if that is not known.
        """
        for step in self.of(account):
            if step["urn"].split("::")[2].endswith("/zot:ApiKey"):
                outputs: dict[str, Any] = (step.get("oldState") or {}).get("outputs") or {}
                return outputs
        return {}


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
    options = parser.parse_args(arguments)
    try:
        if options.command == "summary":
            return summary(options.stack)
        if options.command == "rotate":
            become(options.stack, *_UP, "--replace", key_urn(options.stack, options.account))
        become(options.stack, *COMMANDS[options.command])
    except StackError as exc:
        print(f"stack: {exc}", file=sys.stderr)
        return 1


def become(stack: str | None, *arguments: str) -> NoReturn:
    """
    Go on as the engine.
    """
    command, env = _command(stack, *arguments)
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execvpe(command[0], command, env)


def ask(stack: str | None, *arguments: str) -> subprocess.CompletedProcess[str]:
    """
    Run the engine and keep what it prints.
    """
    command, env = _command(stack, *arguments)
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)


def _command(stack: str | None, *arguments: str) -> tuple[list[str], dict[str, str]]:
    own = ROOT / ".venv" / "bin"
    folders = [str(own)] if own.is_dir() else []
    path = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
    program = shutil.which("pulumi", path=path)
    if program is None:
        msg = "no pulumi in .venv or on PATH: `make tools` gets one"
        raise StackError(msg)
    chosen = ["--stack", stack] if stack else []
    env = {name: value for name, value in os.environ.items() if name != _HIDES_THE_PROGRAM}
    # Engine and program talk over loopback; a proxy in small letters would get that, too. And one broken part stops
    # only what needs it.
    ours = {"no_grpc_proxy": "127.0.0.1", "PULUMI_CONTINUE_ON_ERROR": "true"}
    return [program, *arguments, *chosen, "--non-interactive"], {**ours, **env, "PATH": path}


def key_urn(stack: str | None, account: str) -> str:
    """
    Return the URN of an account's key.

    Raises:
        StackError: the state cannot be read, or knows no such key.
    """
    run = ask(stack, "stack", "export")
    if run.returncode:
        raise StackError(run.stderr.strip())
    resources = json.loads(run.stdout)["deployment"].get("resources", [])
    keys = {
        resource["parent"].rpartition("::")[2]: resource["urn"]
        for resource in resources
        if resource["type"] == "pulumi-python:dynamic/zot:ApiKey" and not resource.get("delete")
    }
    if account not in keys:
        msg = f"the state holds no key of {account}; it has those of: {', '.join(sorted(keys)) or 'nobody'}"
        raise StackError(msg)
    return str(keys[account])


def summary(stack: str | None) -> int:
    """
    Print the table; return 0, or 1 if the preview that it makes failed.

    Dates are the stack's outputs; age, last use and drift are what a preview sees now.
    """
    outputs = ask(stack, "stack", "output", "accounts", "--json")
    if outputs.returncode:
        raise StackError(outputs.stderr.strip())
    seen = look(ask(stack, "preview", "--json"))
    text = table(json.loads(outputs.stdout), seen)
    print(text)
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    if file:
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(text + "\n")
    return int(seen.failed)


def look(run: subprocess.CompletedProcess[str]) -> Seen:
    """
    Return what a `preview --json` found.
    """
    try:
        found = json.loads(run.stdout)
    except ValueError:
        return Seen([], [], [run.stderr.strip()], failed=True)
    said: dict[str, list[str]] = {"error": [], "info": []}
    for line in found.get("diagnostics") or []:
        said.setdefault(line["severity"].partition("#")[0], []).append(line["message"].strip())
    return Seen(found.get("steps") or [], said["info"], said["error"], failed=bool(run.returncode))


def table(accounts: dict[str, dict[str, Any]], seen: Seen) -> str:
    """
    Return the table and, below it, what the preview said.
    """
    rows = [_COLUMNS, ("---",) * len(_COLUMNS), *(_row(name, accounts[name], seen) for name in sorted(accounts))]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    said = [f"- {line}" for text in (*seen.sentences, *seen.errors) for line in text.splitlines() if line.strip()]
    return "\n".join([*lines, *([""] if said else []), *said])


def _row(name: str, account: dict[str, Any], seen: Seen) -> tuple[str, ...]:
    key = seen.key_of(name)
    if "age_days" in key:
        # By the registry's clock, which the preview has asked; else by this machine's.
        age = f"{int(key['age_days'])} d"
    elif account["created"]:
        born = datetime.fromisoformat(account["created"])
        age = f"{int((datetime.now(UTC) - born).total_seconds() / 86400)} d"
    else:
        # An `up` for chosen targets has left the key out.
        age = "no key"
    last_used = key.get("last_used", account["last_used"]) or "never"
    return (name, age, account["rotates_on"] or "", account["expires_on"] or "", last_used, _drift(name, seen))


def _drift(name: str, seen: Seen) -> str:
    if seen.failed:
        return "not known: the preview failed"
    steps = [step for step in seen.of(name) if step["op"] not in _QUIET]
    if not steps:
        return "in sync"
    reasons = {str(((step.get("oldState") or {}).get("outputs") or {}).get("condition") or "current") for step in steps}
    why = "; ".join(sorted(reasons - {"current"}))
    return f"{len(steps)} to change" + (f": {why}" if why else "")


if __name__ == "__main__":
    sys.exit(main())
