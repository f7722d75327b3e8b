"""
The engine's answers about a stack, split by resource: its state, one preview, its history.

In a preview's JSON a `refresh` step has the state before the read, and the `oldState` of any other step has what was
read (engine 3.250, measured). A failed preview has only `refresh` steps, so it shows nothing that was read.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from .document import Run

# Unchanged resources are shown, too, since their steps have what was read.
PREVIEW = ("preview", "--json", "--show-sames")
PAGE = 100
HISTORY = ("stack", "history", "--json", "--page-size", str(PAGE))

_COMPONENT = "zot-ci:index:RegistryCredential"
_DYNAMIC = "pulumi-python:dynamic/"
# Steps of a preview that propose no change.
_QUIET = ("same", "refresh", "read")


@dataclass
class Resource:
    """
    One resource of an account.

    Args:
        kind: its type's last part, such as `zot:ApiKey`.
        stored: its outputs in the state, as the last run left them.
        modified: when a run changed it last.
        seen: its outputs as this look read them; None if it read nothing.
        wanted: its inputs in the program now. An unknown input is a text of the engine's.
        change: what an `up` would do to it: `create`, `update`, `replace`, `delete`, or nothing.
    """

    urn: str
    kind: str
    account: str
    stored: dict[str, Any] = field(default_factory=dict)
    modified: datetime | None = None
    seen: dict[str, Any] | None = None
    wanted: dict[str, Any] = field(default_factory=dict)
    change: str = ""

    @property
    def facts(self) -> dict[str, Any]:
        """
        The latest known outputs.
        """
        return self.stored if self.seen is None else self.seen


@dataclass(frozen=True)
class Look:
    """
    One look at a stack.

    Args:
        failed: the preview failed.
        errors: the engine's error lines, each with the URN of the resource that it is about, or an empty one.
    """

    resources: list[Resource]
    accounts: list[str]
    sentences: list[str]
    errors: list[tuple[str, str]]
    failed: bool
    runs: list[Run]


def take_apart(
    state: Mapping[str, Any],
    preview: subprocess.CompletedProcess[str] | None,
    history: Sequence[Mapping[str, Any]],
) -> Look:
    """
    Return the look in `stack export`, `preview --json` and `stack history --json`. Without a preview, only the state.
    """
    resources, accounts = _of_the_state(state)
    if preview is None:
        return Look(list(resources.values()), sorted(accounts), [], [], failed=True, runs=_runs(history))
    try:
        found = json.loads(preview.stdout)
    except ValueError:
        lines = [("", preview.stderr.strip() or f"the preview ended with {preview.returncode}")]
        return Look(list(resources.values()), sorted(accounts), [], lines, failed=True, runs=_runs(history))
    for step in found.get("steps") or []:
        name = _account_of(step.get("newState") or step.get("oldState") or {})
        if _type(step["urn"]) == _COMPONENT and step["op"] != "refresh":
            accounts.add(step["urn"].rpartition("::")[2])
        if name is None or step["op"] == "refresh" or not _is_ours(step["urn"]):
            continue
        accounts.add(name)
        _add_step(resources.setdefault(step["urn"], _new(step["urn"], name)), step)
    said = list(_said(found.get("diagnostics") or []))
    return Look(
        list(resources.values()),
        sorted(accounts),
        [text for severity, _, text in said if severity == "info"],
        [(urn, text) for severity, urn, text in said if severity == "error"],
        failed=bool(preview.returncode),
        runs=_runs(history),
    )


def account_outputs(state: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """
    Return the stack's output `accounts`, as the last `up` left it.
    """
    for resource in _resources(state):
        if resource["type"] == "pulumi:pulumi:Stack":
            outputs: dict[str, dict[str, Any]] = (resource.get("outputs") or {}).get("accounts") or {}
            return outputs
    return {}


def stack_name(state: Mapping[str, Any]) -> str | None:
    """
    Return the stack's name, from its resources' URNs; None for a stack without any.
    """
    return next((resource["urn"].split("::")[0].rpartition(":")[2] for resource in _resources(state)), None)


def _of_the_state(state: Mapping[str, Any]) -> tuple[dict[str, Resource], set[str]]:
    found: dict[str, Resource] = {}
    accounts = set(account_outputs(state))
    for resource in _resources(state):
        urn, name = resource["urn"], _account_of(resource)
        # A resource whose deletion is pending has a successor with the same URN.
        if name is None or resource.get("delete") or not _is_ours(urn):
            continue
        accounts.add(name)
        found[urn] = _new(urn, name)
        found[urn].stored = resource.get("outputs") or {}
        found[urn].modified = moment(resource.get("modified"))
    return found, accounts


def _resources(state: Mapping[str, Any]) -> list[dict[str, Any]]:
    resources: list[dict[str, Any]] = (state.get("deployment") or {}).get("resources") or []
    return resources


def _new(urn: str, account: str) -> Resource:
    return Resource(urn, _type(urn).removeprefix(_DYNAMIC), account)


def _add_step(resource: Resource, step: Mapping[str, Any]) -> None:
    old, new = step.get("oldState") or {}, step.get("newState") or {}
    if old.get("outputs") is not None:
        resource.seen = old["outputs"]
    resource.wanted = new.get("inputs") or resource.wanted
    op = str(step["op"])
    if op in _QUIET:
        return
    # A replacement can come as three steps.
    resource.change = "replace" if "replace" in op else (resource.change or op)


def _type(urn: str) -> str:
    return str(urn).split("::")[2].rpartition("$")[2]


def _is_ours(urn: str) -> bool:
    return _type(urn).startswith(_DYNAMIC)


def _account_of(state: Mapping[str, Any]) -> str | None:
    parent = str(state.get("parent", ""))
    return parent.rpartition("::")[2] if f"{_COMPONENT}::" in parent else None


def _said(diagnostics: list[Mapping[str, Any]]) -> Iterator[tuple[str, str, str]]:
    for line in diagnostics:
        text = str(line.get("message", "")).strip()
        if text:
            yield str(line.get("severity", "")).partition("#")[0], str(line.get("urn") or ""), text


def _runs(history: Sequence[Mapping[str, Any]]) -> list[Run]:
    """
    Return the runs of `up`, newest first.
    """
    found = []
    for entry in history:
        started = moment(entry.get("startTime"))
        if entry.get("kind") != "update" or started is None:
            continue
        changes = entry.get("resourceChanges") or {}
        replaced = int(changes.get("replace") or changes.get("create-replacement") or 0)
        found.append(Run(started, moment(entry.get("endTime")), str(entry.get("result")), replaced))
    return sorted(found, key=lambda run: run.started_at, reverse=True)


def moment(text: Any) -> datetime | None:
    """
    Parse a time; None for an empty text, and for the engine's year 1, which means none. The engine writes nanoseconds,
    which Python 3.11 reads as microseconds.
    """
    if not text or str(text).startswith("0001-"):
        return None
    return datetime.fromisoformat(str(text))
