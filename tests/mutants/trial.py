"""
One mutant: a process forked from one that has imported everything but the code under test, in which that one module is
another text.
"""

from __future__ import annotations

import contextlib
import enum
import importlib
import json
import os
import signal
import sys
import time
import traceback
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.mutants.changes import ROOT, Mutant
from tests.mutants.covering import SETTLED
from tests.mutants.site import sitecustomize
from tests.mutants.site.sitecustomize import VARIABLE, install

# Imports take a second, and the machine may have other work.
_LEAST_SECONDS = 60.0
# As many times as long as its tests took, by a mutant that makes the code wait.
_PATIENCE = 10.0
# pytest warns of plugins that it did not import itself, and a warning is an error in these tests.
_IMPORTED_BEFORE = ("-W", "ignore::pytest.PytestAssertRewriteWarning")
# No exit code of pytest's: the trial itself has failed.
_BROKEN = 70
_SITE = str(Path(sitecustomize.__file__).parent)
_WARM = ("pulumi.dynamic", "httpx", "pydantic", "stamina", "starlette.applications", "uvicorn", "yaml")


class Verdict(enum.Enum):
    """
    What became of a mutant.
    """

    KILLED = "killed"
    SURVIVED = "survived"
    # The tests did not end: somebody would have noticed.
    TIMED_OUT = "timed out"
    UNTESTED = "no test runs it"


def warm_up() -> None:
    """
    Import what each trial would import again.
    """
    for name in _WARM:
        importlib.import_module(name)
    loaded = [name for name in sys.modules if name.partition(".")[0] == "zot_ci"]
    assert not loaded, f"already imported, so that no trial would see its mutant: {loaded}"


def begin(mutant: Mutant, tests: Sequence[str], output: Path) -> int:
    """
    Start a trial and return its process, which leads a group of its own. What pytest says goes into *output*.
    """
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    with output.open("wb") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    code = _BROKEN
    try:
        described = output.with_suffix(".json")
        # As it is imported: the engine is told where a resource was made.
        path = str(ROOT / mutant.file.replace("components/", "zot_ci/", 1))
        described.write_text(json.dumps({"module": mutant.module, "path": path, "source": mutant.source}))
        install(described)
        # And what a test starts.
        before = os.environ.get("PYTHONPATH")
        os.environ |= {VARIABLE: str(described), "PYTHONPATH": os.pathsep.join([_SITE, *([before] if before else [])])}
        code = int(pytest.main([*SETTLED, *_IMPORTED_BEFORE, "-x", *tests]))
    except BaseException:  # whatever it is, this process must not go on as if it were its parent
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def patience(seconds: float) -> float:
    """
    Return how long a trial of tests that took so many *seconds* may take.
    """
    return max(_LEAST_SECONDS, _PATIENCE * seconds)


def ended(pid: int, deadline: float) -> Verdict | None:
    """
    Return what became of a trial; None while it goes on. A test that failed, a module that could not be imported and a
    process that died are the same.

    Raises:
        RuntimeError: there was no trial.
    """
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        kill_group(pid)
        code = os.waitstatus_to_exitcode(status)
        if code in (_BROKEN, pytest.ExitCode.NO_TESTS_COLLECTED):
            msg = f"a trial ended with {code}: look into .mutants/output"
            raise RuntimeError(msg)
        return Verdict.SURVIVED if code == 0 else Verdict.KILLED
    if time.monotonic() < deadline:
        return None
    kill_group(pid)
    os.waitpid(pid, 0)
    return Verdict.TIMED_OUT


def kill_group(pid: int) -> None:
    """
    End what a trial has started and not ended: a test that failed may leave a process.
    """
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)
