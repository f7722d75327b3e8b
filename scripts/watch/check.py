"""
What would stop the first `up` of a stack: asks the real systems, without the engine, and changes nothing. Needs the
program's packages.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from .engine import ROOT, StackError
from .stack_settings import configuration_of

if TYPE_CHECKING:
    from zot_ci.dynamic.findings import Findings
    from zot_ci.settings.model import Settings


def check(stack: str | None) -> int:
    """
    Print what the first `up` will do and, on the error stream, each fault; return 0 where there is none, else 1.

    Raises:
        StackError: the stack's settings cannot be used.
    """
    name, settings = settings_of(stack)
    # Imported here, since importing them takes time.
    from zot_ci.expiry import warnings
    from zot_ci.first_look import first_looks

    found = first_looks(settings, name)
    for one in found:
        for plan in one.plans:
            print(f"{one.what}: {plan}")
    for doubt in (*settings.doubts, *settings.without_grace):
        print(doubt)
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
    Return the name of a stack and its settings, and set up the log. The working directory becomes the program's folder.

    Raises:
        StackError: the stack file cannot be used.
    """
    name, config = configuration_of(stack)
    # The engine starts the program in this folder, so paths in the settings are relative to it.
    os.chdir(ROOT)
    # Imported here, since importing them takes time.
    from zot_ci.http import logs
    from zot_ci.settings.model import SettingsError, load

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
