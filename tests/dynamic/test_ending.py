"""
The end of a run: a fault that failed no resource is told once, and the exit code is not 0.
"""

from __future__ import annotations

import os
from pathlib import Path

import pulumi
import pytest
from pulumi.runtime import stack

from components.dynamic import ending, failures
from components.dynamic.journal import Journal
from components.dynamic.run_memory import RunMemory
from components.dynamic.told import Told

REFUSED = "refused: authentik at https://authentik.example.test answered 403; check that AUTHENTIK_TOKEN is valid"


def test_a_preview_shares_what_is_told_and_nothing_else(tmp_path: Path) -> None:
    """It notes much, and has no deletion that needs it."""
    Journal(tmp_path / "told").begin()
    provider, program = (RunMemory(Journal(tmp_path / "journal")) for _ in range(2))
    tells, hears = (Told(Journal(tmp_path / "told")) for _ in range(2))

    provider.want(("account", "zot-ci"))
    tells.note_fault("authentik account zot-ci", REFUSED)

    assert provider.is_wanted(("account", "zot-ci"))
    assert not program.is_wanted(("account", "zot-ci"))
    assert hears.faults() == {REFUSED: ["authentik account zot-ci"]}


class Exited(Exception):
    """In the place of the end of the process."""


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What a provider tells, in a run whose program is this process."""
    journal = Journal(tmp_path / "journal")
    journal.begin()
    monkeypatch.setattr(ending, "JOURNAL", Journal(None))
    monkeypatch.setattr(ending, "TOLD_JOURNAL", journal)
    monkeypatch.setattr(ending, "TOLD", Told(Journal(tmp_path / "journal")))
    return Told(Journal(tmp_path / "journal"))


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What a person is told, with the exit code last."""
    lines: list[str] = []

    def leave(code: int) -> None:
        lines.append(str(code))
        raise Exited

    monkeypatch.setattr(pulumi.log, "error", lines.append)
    monkeypatch.setattr(os, "_exit", leave)
    return lines


def test_one_line_for_each_fault_names_all_that_have_it(provider: Told, told: list[str], tmp_path: Path) -> None:
    """The engine takes any exit code but 0 for a failure; nothing is left behind."""
    for name in ("zot-next", "zot-ci"):
        provider.note_fault(f"authentik account {name}", REFUSED)
    provider.note_fault("zot keys of zot-ci", "cannot be checked: zot is a web server")

    with pytest.raises(Exited):
        ending._end()

    assert told == [
        f"authentik account zot-ci, authentik account zot-next: {REFUSED}",
        "zot keys of zot-ci: cannot be checked: zot is a web server",
        "32",
    ]
    assert list(tmp_path.iterdir()) == []


def test_what_an_update_has_put_right_or_told_itself_is_not_told_again(provider: Told, told: list[str]) -> None:
    """One fault, one line."""
    provider.note_fault("authentik account zot-ci", REFUSED)
    provider.note_fault("authentik account zot-ci", "")
    provider.note_fault("zot API key of zot-ci", "cannot be checked: zot is a web server")
    provider.note_said("cannot be checked: zot is a web server")

    ending._end()

    assert told == []


def test_what_depends_on_a_failed_resource_is_registered_by_every_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing registers it the engine deletes it: CI's secrets, because 1Password was down."""

    class Failed(Exception):
        """As the SDK 3.257 has it."""

    monkeypatch.setattr(stack, "ResourceRegistrationFailed", Failed, raising=False)

    failures.register_dependents()

    made = vars(stack)["ResourceRegistrationFailed"]("resource x failed to register")
    assert made is None
