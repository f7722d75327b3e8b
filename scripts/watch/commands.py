"""
The commands that look at a stack and change nothing, and the look before a rotation. Each command returns its exit
code: 0, or 1 if the preview failed.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from . import memory
from .announcement import announcement
from .document import Status
from .engine import StackError, ask_for_json
from .files import write_whole
from .looking import look_at
from .metrics import exposition
from .report import page
from .table import table


def summary(stack: str | None) -> int:
    """
    Print the table; add it to the file that `GITHUB_STEP_SUMMARY` names, if it names one.
    """
    status = look_at(stack)
    text = table(status)
    print(text)
    file = os.environ.get("GITHUB_STEP_SUMMARY")
    try:
        if file:
            with Path(file).open("a", encoding="utf-8") as out:
                out.write(text + "\n")
    except OSError as exc:
        msg = f"GITHUB_STEP_SUMMARY: {file} cannot be written: {exc.strerror}"
        raise StackError(msg) from None
    return int(not status.succeeded)


def status(stack: str | None, verified: Path | None = None) -> int:
    """
    Print the status document.
    """
    found = look_at(stack, verified=verified)
    print(found.as_json())
    return int(not found.succeeded)


def metrics(stack: str | None, output: Path | None, verified: Path | None = None) -> int:
    """
    Print the metrics, or write them to *output*. If the preview failed, only the known ones.
    """
    found = look_at(stack, verified=verified)
    text = exposition(found)
    if output:
        write_whole(output, text)
    else:
        print(text, end="")
    return _exit_code(found)


def report(stack: str | None, html: Path, verified: Path | None = None) -> int:
    """
    Write the page to *html*, with the keys that an earlier version of the file remembers.
    """
    found = look_at(stack, verified=verified)
    try:
        before = memory.read(html.read_text(encoding="utf-8")) if html.exists() else {}
    except (OSError, ValueError):
        before = {}  # no page of ours
    write_whole(html, page(found, before))
    return _exit_code(found)


def before_rotation(stack: str | None, account: str, keep_days: float | None) -> tuple[str, dict[str, str]]:
    """
    Print what a rotation will revoke; return the URN of the account's key, and the order for the run's environment.

    Raises:
        StackError: the state cannot be read, or knows no such key, or the settings no longer have the account.
    """
    urn = _key_urn(stack, account)
    found = look_at(stack)
    for one in found.accounts:
        if one.username != account:
            continue
        if one.key_status and one.key_status.change == "delete":
            msg = f"{account} is no longer in the settings, so an `up` revokes its key and makes no other"
            raise StackError(msg)
        for line in announcement(found, one, keep_days):
            print(line)
    # Read by the provider that revokes older keys, components/zot/grace.py.
    return urn, {} if keep_days is None else {"ZOT_CI_KEEP_OLD": f"{account}={keep_days:g}"}


def _key_urn(stack: str | None, account: str) -> str:
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


def _exit_code(found: Status) -> int:
    """
    Print on the error stream why a preview failed, for the reader of a timer's mail; return the exit code.
    """
    for line in found.errors if not found.succeeded else []:
        print(f"stack: {line}", file=sys.stderr)
    return int(not found.succeeded)
