"""
Finds and runs the engine. Python's standard library only.
"""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

# The path as it was called, without following links: in a checkout the project is the folder above `scripts`.
_ABOVE = Path(__file__).absolute().parents[2]
IS_CHECKOUT = (_ABOVE / "scripts" / "stack.py").exists()
# The command that a person types.
CALLED = "scripts/stack.py" if IS_CHECKOUT else "zot-ci"
PROJECT_FILES = ("Pulumi.yaml", "Pulumi.yml", "Pulumi.json")


def _project(here: Path) -> Path:
    """
    Return the nearest folder from *here* up that has a project, as the engine looks for it; *here* if there is none.
    """
    return next((one for one in (here, *here.parents) if any((one / name).exists() for name in PROJECT_FILES)), here)


# The project's folder: the checkout, or for the installed command the nearest project from the working directory up.
ROOT = _ABOVE if IS_CHECKOUT else _project(Path.cwd())
# With the first variable, Python does not import from the program's folder, in which the engine starts the providers.
# The second would change their input and output from UTF-8.
_NOT_FOR_PYTHON = ("PYTHONSAFEPATH", "PYTHONIOENCODING")

# The engine reads each flag of each command from a variable, more than a thousand in all (`pulumi about env`), and many
# change what a command prints. If this program reads that output, it passes on a variable with this prefix only if it
# is about the place of the state, access to it, the selected stack, or installed plugins.
_PREFIX = "PULUMI_"
HANDED_ON = frozenset(
    _PREFIX + name
    for name in (
        "ACCESS_TOKEN",
        "API",
        "BACKEND_URL",
        "CLOUD_SECRET_OVERRIDE",
        "CONFIG_PASSPHRASE",
        "CONFIG_PASSPHRASE_FILE",
        "CREDENTIALS_PATH",
        "CREDENTIAL_HELPER",
        "CREDENTIAL_HELPER_ARGS",
        "CREDENTIAL_STORE",
        "DEFAULT_ORGANIZATION",
        "DISABLE_AUTOMATIC_PLUGIN_ACQUISITION",
        "DISABLE_VALIDATION",
        "DIY_BACKEND_GZIP",
        "DIY_BACKEND_LEGACY_LAYOUT",
        "DIY_BACKEND_PARALLEL",
        "DIY_BACKEND_ZSTD",
        "FALLBACK_TO_STATE_SECRETS_MANAGER",
        "HOME",
        "IGNORE_AMBIENT_PLUGINS",
        "LOG_ROTATION_MAX_AGE_DAYS",
        "LOG_ROTATION_MAX_TOTAL_MB",
        "OPTION_CONFIG_FILE",
        "OPTION_STACK",
        "PARALLEL",
        "PLUGIN_DOWNLOAD_URL_OVERRIDES",
        "PYTHON_CMD",
        "SELF_MANAGED_STATE_GZIP",
        "SELF_MANAGED_STATE_LEGACY_LAYOUT",
        "SELF_MANAGED_STATE_ZSTD",
        "SKIP_UPDATE_CHECK",
        "STACK",
    )
)


def how_to_get(package: str) -> str:
    """
    Return the command that installs a package which only one feature needs.

    Args:
        package: with the versions that pyproject.toml allows.
    """
    return "`make extras`" if IS_CHECKOUT else f"`{sys.executable} -m pip install '{package}'`"


class StackError(Exception):
    """
    A command cannot go on. The message is for the person who ran it.
    """


def use_own_python() -> None:
    """
    Restart in this checkout's .venv, which has the packages, if it exists and this is another Python.
    """
    if not IS_CHECKOUT:
        return
    own = ROOT / ".venv"
    program = own / "bin" / "python"
    if program.exists() and Path(sys.prefix).resolve() != own.resolve():
        os.execv(program, [str(program), *sys.argv])


def write_utf8() -> None:
    """
    Write UTF-8 to both streams in any locale, since names can have letters of every language.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8")


def become(stack: str | None, *arguments: str, env: dict[str, str] | None = None) -> NoReturn:
    """
    Replace this process by the engine, with *env* added to the environment.
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
    Run the engine with *env* added to its environment, and return what it prints, unchanged by the engine's own
    variables. After *patience_seconds* it is killed with all its child processes, and has failed; use that only for
    commands that change nothing.
    """
    line, whole = command(stack, *arguments)
    whole = to_be_read(whole) | (env or {})
    pipe = subprocess.PIPE
    # Its own process group only if it may be killed: otherwise it gets a terminal's Ctrl-C with this process's group.
    group = None if patience_seconds is None else 0
    with subprocess.Popen(
        line, cwd=ROOT, env=whole, stdout=pipe, stderr=pipe, encoding="utf-8", errors="replace", process_group=group
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
        StackError: it failed, and the message is the engine's own; or it printed something else.
    """
    run = ask(stack, *arguments)
    if run.returncode:
        raise StackError(run.stderr.strip())
    return json_of(run.stdout, *arguments)


def json_of(text: str, *arguments: str) -> Any:
    """
    Return the JSON in what the engine has printed for the command with these *arguments*.

    Raises:
        StackError: it is none.
    """
    try:
        return json.loads(text)
    except ValueError:
        msg = f"`pulumi {' '.join(arguments)}` answers with something else than JSON; look which `pulumi` is on PATH"
        raise StackError(msg) from None


def to_be_read(environment: Mapping[str, str]) -> dict[str, str]:
    """
    Return the *environment* for a run of the engine whose output this program reads.
    """
    return {name: value for name, value in environment.items() if not name.startswith(_PREFIX) or name in HANDED_ON}


def command(stack: str | None, *arguments: str) -> tuple[list[str], dict[str, str]]:
    """
    Return the engine's command line and environment. Programs come from this checkout's .venv if it exists, or from the
    environment that the package is installed in; else from PATH.

    Raises:
        StackError: there is no engine.
    """
    own = ROOT / ".venv" / "bin" if IS_CHECKOUT else Path(sys.executable).parent
    folders = [str(own)] if own.is_dir() else []
    path = os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])
    program = shutil.which("pulumi", path=path)
    if program is None:
        get = "`make tools` gets one" if IS_CHECKOUT else "install Pulumi's CLI (pulumi.com)"
        msg = f"no pulumi in {'.venv' if IS_CHECKOUT else own} or on PATH: {get}"
        raise StackError(msg)
    chosen = ["--stack", stack] if stack else []
    env = {name: value for name, value in os.environ.items() if name not in _NOT_FOR_PYTHON}
    # Engine and program talk over loopback, which must not go through a proxy. With the second variable a failure stops
    # only what depends on it.
    ours = {"no_grpc_proxy": "127.0.0.1", "PULUMI_CONTINUE_ON_ERROR": "true"}
    # The engine always writes UTF-8; with PYTHONUTF8 the program reads it so in any locale.
    return [program, *arguments, *chosen, "--non-interactive"], {**ours, **env, "PATH": path, "PYTHONUTF8": "1"}
