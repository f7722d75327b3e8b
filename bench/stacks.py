"""
The stacks that are measured, each in sync: ours with some accounts, one of as many trivial resources, and one with the
same graph as ours.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.process import PYTHON, memory_while
from tests.engine.stack import ROOT, Run, Stack
from tests.estate.core import Call
from tests.world import GROUP, ITEM, OWNER, REPOSITORY, VAULT, World, credentials

# Of accounts in the stack file; beyond 128 KiB of all settings the engine starts no program.
_MOST_BYTES = 100_000


class BenchError(Exception):
    """
    A run that should have been in sync was not: nothing can be measured.
    """


def name_of(number: int) -> str:
    """
    Return an account's user name. All have the same length, and none is part of another.
    """
    return f"ci-{number:06d}"


def of_accounts(world: World, folder: Path, count: int, **more: Any) -> Stack:
    """
    Return our stack with *count* accounts that share an item and a repository, before its first `up`.

    Accounts, and a key for each made by hand, come through the estate's back doors: no login is in the set-up.
    """
    stack = _as_a_user_has_it(Stack(folder, credentials(world), settings(world, count) | more))
    for number in range(count):
        furnish(world, number)
    return stack


def _as_a_user_has_it(stack: Stack) -> Stack:
    """
    Let the engine begin the Python of a user's environment, in the place of the tests' own; return the stack.
    """
    ours = str(Path(sys.executable).parent)
    folders = stack.env["PATH"].split(os.pathsep)
    stack.env["PATH"] = os.pathsep.join(str(PYTHON.parent) if folder == ours else folder for folder in folders)
    return stack


def settings(world: World, count: int) -> dict[str, Any]:
    """
    Return the stack file's settings for so many accounts.
    """
    return world.config() | {"zot-ci:accounts": [account(number) for number in range(count)]}


def account(number: int) -> dict[str, Any]:
    """
    Return the settings of one account.
    """
    name = name_of(number)
    secret = {"repository": f"{OWNER}/{REPOSITORY}", "secret": f"KEY_{number:06d}"}
    place = {"vault": VAULT, "item": ITEM, "field": f"field-{name}"}
    return {"username": name, "groups": [GROUP], "onepassword": place, "forgejo": [secret]}


def furnish(world: World, number: int) -> str:
    """
    Make an account, and a key for it in its field and its secret; return the key.
    """
    name = name_of(number)
    world.estate.authentik.add_user(name, groups=[GROUP])
    key = world.estate.zot.mint(name, "by hand", groups=[GROUP])
    world.estate.onepassword.set_field(VAULT, ITEM, f"field-{name}", key)
    world.estate.forgejo.set_value(OWNER, REPOSITORY, f"KEY_{number:06d}", key)
    return key


def of_trivial(folder: Path, count: int, *, libraries: bool = False) -> Stack:
    """
    Return a stack of *count* trivial resources, after its first `up`; its processes import our *libraries* or not.
    """
    parts = ("Pulumi.yaml", "__main__.py", "trivial.py", "trivial_with_libraries.py")
    config = {"trivial:count": count, "trivial:libraries": libraries}
    stack = _as_a_user_has_it(Stack(folder, {}, config, source=ROOT / "bench" / "trivial", parts=parts))
    run_up(stack)
    return stack


def of_graph(folder: Path, count: int) -> Stack:
    """
    Return a stack with the graph of *count* accounts, made of trivial resources; its state is multiplied from that of
    one account.
    """
    parts = ("Pulumi.yaml", "__main__.py", "trivial.py")
    stack = _as_a_user_has_it(Stack(folder, {}, {"graph:count": 1}, source=ROOT / "bench" / "graph", parts=parts))
    run_up(stack)
    multiply(stack, [{name_of(0): name_of(number)} for number in range(1, count)], {"graph:count": count})
    return stack


def multiply(stack: Stack, copies: Iterable[Mapping[str, str]], settings: Mapping[str, Any]) -> None:
    """
    Put into the state of a stack of one account, for each of *copies*, the same account again, with each text replaced
    by another: the engine writes the whole state at each step, and an `up` of a thousand accounts would take hours.

    The *settings* of all of them go into the stack file, and into the state as those of the last run: where the two
    differ, the engine starts another process of the provider.
    """
    exported = json.loads(insist(stack.pulumi("stack", "export", "--show-secrets", streams="out")).text)
    resources = exported["deployment"]["resources"]
    [root] = [one for one in resources if one["type"] == "pulumi:pulumi:Stack"]
    ours = json.dumps([one for one in resources if f"::{name_of(0)}" in one["urn"]])
    outputs = json.dumps(root["outputs"]["accounts"])
    for texts in copies:
        for resource in json.loads(_replaced(ours, texts)):
            resources.append(resource)
        root["outputs"]["accounts"] |= json.loads(_replaced(outputs, texts))
    settings = _with_a_file(stack, settings)
    [provider] = [one for one in resources if one["type"].startswith("pulumi:providers:")]
    for properties in (provider["inputs"], provider["outputs"]):
        properties.update({name: _as_text(value) for name, value in settings.items() if name in properties})
    file = stack.folder / "multiplied.json"
    file.write_text(json.dumps(exported))
    insist(stack.pulumi("stack", "import", "--file", str(file)))
    file.unlink()
    stack.configure(settings)


def _with_a_file(stack: Stack, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """
    Return the settings with the accounts in a file, where they are too many for the engine.
    """
    accounts = json.dumps(settings.get("zot-ci:accounts"))
    if len(accounts) < _MOST_BYTES:
        return settings
    (stack.project / "stacks" / "accounts.json").write_text(accounts)
    return {**settings, "zot-ci:accounts": "stacks/accounts.json"}


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, separators=(",", ":"))


def _replaced(text: str, texts: Mapping[str, str]) -> str:
    for before, after in texts.items():
        text = text.replace(before, after)
    return text


def state_bytes(stack: Stack) -> int:
    """
    Return how large the state is, as the backend keeps it but without white space.
    """
    exported = json.loads(insist(stack.pulumi("stack", "export", streams="out")).text)
    return len(json.dumps(exported, separators=(",", ":")))


def insist(run: Run) -> Run:
    """
    Return what was run, if it succeeded.
    """
    if run.code:
        raise BenchError(run.text[-4000:])
    return run


def run_up(stack: Stack, *arguments: str) -> float:
    """
    Run an `up`; return its seconds.
    """
    return _seconds(stack, "up", "--yes", "--skip-preview", *arguments)


def preview(stack: Stack) -> float:
    """
    Run a preview, which must find nothing to do; return its seconds.
    """
    return _seconds(stack, "preview", "--expect-no-changes")


def memory_of_preview(stack: Stack) -> tuple[float, float]:
    """
    The same, with the most memory of one process of the provider, in MB.
    """
    memory: list[float] = []
    return _seconds(stack, "preview", "--expect-no-changes", memory=memory), max(memory, default=0.0)


def _seconds(stack: Stack, *command: str, memory: list[float] | None = None) -> float:
    """
    Run a command, which must succeed; return its seconds. The embedded systems are in this process, so nothing else is
    done in it meanwhile, unless the provider's *memory* is asked for.
    """
    started = time.perf_counter()
    process = stack.begin(*command)
    with contextlib.nullcontext() if memory is None else memory_while(process.pid, memory):
        text, _ = process.communicate(timeout=1800)
    seconds = time.perf_counter() - started
    insist(Run(process.returncode, text))
    return seconds


def counted(calls: Iterable[Call]) -> dict[str, tuple[int, int]]:
    """
    Return requests and connections for each system.
    """
    requests: dict[str, int] = {}
    peers: dict[str, set[str]] = {}
    for call in calls:
        requests[call.system] = requests.get(call.system, 0) + 1
        peers.setdefault(call.system, set()).add(call.peer)
    return {system: (number, len(peers[system])) for system, number in requests.items()}
