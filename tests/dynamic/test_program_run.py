"""
The end of a run: a fault that failed no resource is told once, and the exit code is not 0.
"""

from __future__ import annotations

import os
from pathlib import Path

import grpc  # type: ignore[import-untyped]  # comes with pulumi, without types
import pulumi
import pytest
from pulumi.runtime import settings, stack

from zot_ci.dynamic import failures, program_run
from zot_ci.dynamic.entries import Fault, Reported
from zot_ci.dynamic.run import Run
from zot_ci.dynamic.run_file import RunFile

REFUSED = "refused: authentik at https://authentik.example.test answered 403; check that AUTHENTIK_TOKEN is valid"


class Exited(Exception):
    """In the place of the end of the process."""


@pytest.fixture
def provider(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A provider, in a run whose program is this process."""
    program, provider = (Run(RunFile(tmp_path / "run")) for _ in range(2))
    program.begin(preview=False)
    provider.join()
    monkeypatch.setattr(program_run, "RUN", program)
    monkeypatch.setattr(program_run, "_fails_on_faults", True)
    return provider


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


def test_one_line_for_each_fault_names_all_that_have_it(provider: Run, told: list[str], tmp_path: Path) -> None:
    """The engine takes any exit code but 0 for a failure; nothing is left behind."""
    for name in ("zot-next", "zot-ci"):
        provider.note(Fault(f"authentik account {name}", REFUSED))
    provider.note(Fault("zot keys of zot-ci", "cannot be checked: zot is a web server"))

    with pytest.raises(Exited):
        program_run._end()

    assert told == [
        f"authentik account zot-ci, authentik account zot-next: {REFUSED}",
        "zot keys of zot-ci: cannot be checked: zot is a web server",
        "32",
    ]
    assert list(tmp_path.iterdir()) == []


def test_another_program_s_process_ends_as_it_would(
    provider: Run, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A library tells the fault, and lets its host decide on the exit code."""
    monkeypatch.setattr(program_run, "_fails_on_faults", False)
    provider.note(Fault("authentik account zot-ci", REFUSED))

    program_run._end()

    assert told == [f"authentik account zot-ci: {REFUSED}"]


def test_what_an_update_has_put_right_or_told_itself_is_not_told_again(provider: Run, told: list[str]) -> None:
    """One fault, one line."""
    provider.note(Fault("authentik account zot-ci", REFUSED))
    provider.note(Fault("authentik account zot-ci", ""))
    provider.note(Fault("zot API key of zot-ci", "cannot be checked: zot is a web server"))
    provider.note(Reported("cannot be checked: zot is a web server"))

    program_run._end()

    assert told == []


def test_what_depends_on_a_failed_resource_is_registered_by_every_sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nothing registers it the engine deletes it: CI's secrets, because 1Password was down."""

    class Failed(Exception):
        """As the SDK 3.257 has it."""

    monkeypatch.setattr(stack, "ResourceRegistrationFailed", Failed, raising=False)

    failures.register_dependents()

    made = vars(stack)["ResourceRegistrationFailed"]("resource x failed to register")
    assert made is None


class _Answered(grpc.RpcError):  # type: ignore[misc]  # grpc has no types
    """What a call of the engine ended with."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        return self._code

    def details(self) -> str:
        return "context canceled"


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (grpc.StatusCode.CANCELLED, pulumi.RunError),
        (grpc.StatusCode.UNAVAILABLE, pulumi.RunError),
        (grpc.StatusCode.INTERNAL, Exception),
    ],
    ids=["ended", "engine gone", "a fault"],
)
def test_a_run_that_somebody_ends_is_one_line(
    code: grpc.StatusCode, kind: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK shows a `RunError` without the traceback that it adds to everything else."""
    monkeypatch.setattr(settings, "grpc_error_to_exception", settings.grpc_error_to_exception)
    failures.end_with_the_run()

    with pytest.raises(Exception, match=r".") as caught:
        settings.handle_grpc_error(_Answered(code))

    assert type(caught.value) is kind
