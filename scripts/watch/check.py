"""
What stands in the way of the first `up` of a stack: the real systems are asked, the engine is not needed, and nothing
is changed. Needs the program's packages.
"""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any

import yaml  # type: ignore[import-untyped]  # comes with pulumi, without types

from .engine import ROOT, StackError

if TYPE_CHECKING:
    from components.dynamic.findings import Findings
    from components.settings.model import Settings


def check(stack: str | None) -> int:
    """
    Print what the first `up` will do and, on the error stream, each fault; return 0 where there is none, else 1.

    Raises:
        StackError: the stack file cannot be used.
    """
    name, settings = settings_of(stack)
    # Not above: each needs some of the others' time.
    from components.expiry import warnings
    from components.first_look import first_looks

    found = first_looks(settings, name)
    for one in found:
        for plan in one.plans:
            print(f"{one.what}: {plan}")
    for question in dict.fromkeys(question for one in found for question in one.open_questions):
        print(question)
    sys.stdout.flush()
    for line in warnings(settings):
        print(f"stack: warning: {line}", file=sys.stderr)
    faults = _faults(found)
    for fault, whats in faults.items():
        print(f"stack: {', '.join(whats)}: {fault}", file=sys.stderr)
    if faults:
        print(f"stack: not ready: {len(faults)} to correct in the list above", file=sys.stderr)
        return 1
    print(f"ready: nothing that can be read stands in the way of the first `up` of {name}")
    return 0


def settings_of(stack: str | None) -> tuple[str, Settings]:
    """
    Return the name of a stack and its settings, and set up the log; paths of files are from the program's folder then.

    Raises:
        StackError: the stack file cannot be used.
    """
    name, config = _stack_file(stack)
    # Where the engine starts the program: a path in the settings is one from there.
    os.chdir(ROOT)
    # Not above: each needs some of the others' time.
    from components.http import logs
    from components.settings.model import SettingsError, load

    logs.show_our_lines()
    logs.keep_urls_out()
    logs.quieten_libraries()
    try:
        return name, load(config)
    except SettingsError as exc:
        raise StackError(str(exc)) from None


def _faults(found: list[Findings]) -> dict[str, list[str]]:
    faults: dict[str, list[str]] = {}
    for one in found:
        for fault in (*one.faults, *one.silences):
            faults.setdefault(fault, []).append(one.what)
    return faults


def _stack_file(stack: str | None) -> tuple[str, dict[str, str]]:
    """
    Return the name of a stack and its file's configuration, as the engine would hand it to the program.
    """
    folder = ROOT / "stacks"
    names = sorted(file.stem.removeprefix("Pulumi.") for file in folder.glob("Pulumi.*.yaml"))
    name = stack.rpartition("/")[2] if stack else names[0] if len(names) == 1 else None
    if name not in names:
        which = f"stacks/Pulumi.{name}.yaml is not there" if name else "there are several stacks"
        msg = f"{which}: name one with --stack: {', '.join(names) or 'stacks/ has no file yet'}"
        raise StackError(msg)
    file = folder / f"Pulumi.{name}.yaml"
    try:
        found = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as exc:
        from components.settings.accounts_file import place_of

        msg = f"stacks/{file.name} cannot be read as YAML{place_of(exc)}; correct it"
        raise StackError(msg) from None
    config = found.get("config") if isinstance(found, dict) else None
    if not isinstance(config, dict):
        msg = f"stacks/{file.name} has no `config:` with settings below it; begin with stacks/Pulumi.example.yaml"
        raise StackError(msg)
    return name, {_whole(str(key)): _as_text(value) for key, value in config.items()}


def _whole(key: str) -> str:
    # The engine takes a key without a namespace for one of the project's.
    return key if ":" in key else f"zot-ci:{key}"


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)
