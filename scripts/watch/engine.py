"""
The engine: found, run, and asked. Python's standard library only.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, NoReturn

# As it was called, links not followed: the project is the folder above `scripts`.
ROOT = Path(__file__).absolute().parents[2]
# With it Python finds nothing of the program's folder, which is where the engine starts the providers.
_HIDES_THE_PROGRAM = "PYTHONSAFEPATH"


class StackError(Exception):
    """
    A command cannot go on. The message is for the person who ran it.
    """


def use_own_python() -> None:
    """
    Go on in this checkout's .venv, where it is there and this is another Python: packages are there.
    """
    own = ROOT / ".venv"
    program = own / "bin" / "python"
    if program.exists() and Path(sys.prefix).resolve() != own.resolve():
        os.execv(program, [str(program), *sys.argv])


def become(stack: str | None, *arguments: str, env: dict[str, str] | None = None) -> NoReturn:
    """
    Go on as the engine, with *env* added to the environment.
    """
    line, whole = command(stack, *arguments)
    os.chdir(ROOT)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execvpe(line[0], line, whole | (env or {}))


def ask(
    stack: str | None, *arguments: str, patience_seconds: float | None = None, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """
    Run the engine, with *env* added to its environment, and keep what it prints. One that takes longer than
    *patience_seconds* is ended, with all that it has started, and fails: only for commands that change nothing.
    """
    line, whole = command(stack, *arguments)
    whole |= env or {}
    pipe = subprocess.PIPE
    # A group of its own only where it may have to be ended: Ctrl-C on a terminal reaches this one's group.
    group = None if patience_seconds is None else 0
    with subprocess.Popen(
        line, cwd=ROOT, env=whole, stdout=pipe, stderr=pipe, text=True, process_group=group
    ) as process:
        try:
            out, err = process.communicate(timeout=patience_seconds)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = "", f"error: the engine gave no answer within {patience_seconds:g} s"
            process.communicate()
    return subprocess.CompletedProcess(line, process.returncode, out, err)


def ask_for_json(stack: str | None, *arguments: str) -> Any:
    """
    Run the engine and return the JSON that it prints.

    Raises:
        StackError: it failed; the message is the engine's own.
    """
    run = ask(stack, *arguments)
    if run.returncode:
        raise StackError(run.stderr.strip())
    return json.loads(run.stdout)


def command(stack: str | None, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """
    Return the engine's command line and environment. Programs come from this checkout's .venv where it is there, else
    from PATH.

    Raises:
        StackError: there is no engine.
    """
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
