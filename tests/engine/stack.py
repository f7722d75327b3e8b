"""
The program under the real engine, in a folder and with a state of its own.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.engine.leaks import command_lines

# How often the process table is looked at: no Python process, as the stand-in `op` is one, is over within that time.
LOOK_SECONDS = 0.03
ROOT = Path(__file__).resolve().parents[2]
PASSPHRASE = "a passphrase of the tests"

# A script that starts us in the background has SIGINT ignored, by us and by all that we start. The engine ends its
# plugins by SIGINT, and waits five seconds for one that ignores it (3.250, measured: 7 s for a preview of 2 s).
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@dataclass(frozen=True)
class Run:
    """
    What one command of the engine gave: its exit code, and both streams as a person sees them.
    """

    code: int
    text: str


class Stack:
    """
    A stack of the program.

    Args:
        folder: an empty one; it gets the project, the state and the engine's home.
        env: the systems' credentials, as the product reads them.
        config: the stack file's `config`.
        source, parts: another program than this repository's: its folder, and what the project is made of.
        backend: the URL of another state backend than a folder of its own; its credentials are in *env*.
        secrets_provider: what encrypts the state's secrets, if not the passphrase.
    """

    def __init__(
        self,
        folder: Path,
        env: Mapping[str, str],
        config: Mapping[str, Any],
        name: str = "test",
        *,
        source: Path = ROOT,
        parts: Sequence[str] = ("Pulumi.yaml", "__main__.py", "components", "zot_ci"),
        backend: str | None = None,
        secrets_provider: str | None = None,
    ) -> None:
        self._settle(folder, name, dict(env) | ({"PULUMI_BACKEND_URL": backend} if backend else {}))
        (self.project / "stacks").mkdir(parents=True)
        self.state.mkdir()
        for part in parts:
            (self.project / part).symlink_to(source / part)
        self.configure(config)
        self.init(*(["--secrets-provider", secrets_provider] if secrets_provider else []))

    def init(self, *arguments: str) -> None:
        """
        Make the stack, which holds nothing yet, at the backend that the environment names.
        """
        created = self.pulumi("stack", "init", self.name, *arguments)
        assert created.code == 0, created.text

    def by_passphrase(self) -> Stack:
        """
        Let the passphrase encrypt the state's secrets, which *Prepared* leaves to a stand-in for Vault.
        """
        changed = self.pulumi("stack", "change-secrets-provider", "passphrase")
        assert changed.code == 0, changed.text
        return self

    def _settle(self, folder: Path, name: str, env: Mapping[str, str]) -> None:
        self.name = name
        self.command_lines: set[str] = set()
        self.folder = folder
        self.project = folder / "project"
        self.state = folder / "state"
        self.env = engine_environment(folder) | dict(env)

    def copy(self, folder: Path) -> Stack:
        """
        The same stack in another folder, as it is now: settings, state and environment.
        """
        own = engine_environment(self.folder)
        assert self.env["PULUMI_BACKEND_URL"] == own["PULUMI_BACKEND_URL"], "the state is on a server: use checkout"
        other = self._elsewhere(folder, own)
        shutil.copytree(self.state, other.state, symlinks=True)
        return other

    def checkout(self, folder: Path) -> Stack:
        """
        The same stack as another machine has it: settings and environment in another folder, and this one's state.
        """
        other = self._elsewhere(folder, engine_environment(self.folder))
        other.env["PULUMI_BACKEND_URL"] = self.env["PULUMI_BACKEND_URL"]
        return other

    def _elsewhere(self, folder: Path, own: Mapping[str, str]) -> Stack:
        other = Stack.__new__(Stack)
        other._settle(folder, self.name, {name: value for name, value in self.env.items() if own.get(name) != value})
        shutil.copytree(self.project, other.project, symlinks=True)
        return other

    def configure(self, config: Mapping[str, Any]) -> None:
        """
        Write the stack file, keeping the engine's own lines in it. JSON is YAML.
        """
        ours = ("encryptionsalt:", "encryptedkey:", "secretsprovider:")
        kept = [line for line in self._file_lines() if line.startswith(ours)]
        # As letters: the engine's YAML does not take JSON's two escapes for one letter beyond the first plane.
        lines = [*kept, f"config: {json.dumps(dict(config), ensure_ascii=False)}"]
        self._file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    @property
    def _file(self) -> Path:
        return self.project / "stacks" / f"Pulumi.{self.name}.yaml"

    def _file_lines(self) -> list[str]:
        return self._file.read_text(encoding="utf-8").splitlines() if self._file.exists() else []

    def up(self, *arguments: str) -> Run:
        """
        `pulumi up`, without asking.
        """
        return self.pulumi("up", "--yes", "--skip-preview", *arguments)

    def preview(self, *arguments: str) -> Run:
        """
        `pulumi preview` as the nightly check runs it: exit code 7 is drift.
        """
        return self.pulumi("preview", "--diff", "--expect-no-changes", *arguments)

    def destroy(self) -> Run:
        """
        `pulumi destroy`, without asking.
        """
        return self.pulumi("destroy", "--yes", "--skip-preview")

    def cancel(self) -> Run:
        """
        `pulumi cancel`, after a run was killed.
        """
        return self.pulumi("cancel", "--yes")

    def outputs(self) -> dict[str, Any]:
        """
        The stack's output `accounts`.
        """
        run = self.pulumi("stack", "output", "--json", streams="out")
        accounts: dict[str, Any] = json.loads(run.text)["accounts"]
        return accounts

    def urns(self) -> dict[str, str]:
        """
        The stack's resources: URN by resource name.
        """
        exported = json.loads(self.pulumi("stack", "export", streams="out").text)
        return {
            resource["urn"].rpartition("::")[2]: resource["urn"] for resource in exported["deployment"]["resources"]
        }

    def pulumi(self, *arguments: str, streams: str = "both") -> Run:
        """
        One command of the engine on this stack.
        """
        return self.finish(self.begin(*arguments, streams=streams))

    def finish(self, process: subprocess.Popen[str]) -> Run:
        """
        Wait for a command that was begun, and look at the process table meanwhile: *command_lines* gathers what it
        shows of the engine and of all that it starts.
        """
        deadline = time.monotonic() + 300
        while True:
            self.command_lines |= command_lines(process.pid)
            try:
                text, _ = process.communicate(timeout=LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                in_time = time.monotonic() < deadline
                assert in_time, f"the engine has not ended within 300 s; running: {command_lines(process.pid)}"
            else:
                return Run(process.returncode, text)

    def begin(self, *arguments: str, streams: str = "both") -> subprocess.Popen[str]:
        """
        Start one command, in a session of its own so that it can be killed with everything that it starts.
        """
        stack = [] if arguments[:2] == ("stack", "init") else ["--stack", self.name]
        return subprocess.Popen(
            ["pulumi", *arguments, *stack, "--non-interactive"],
            cwd=self.project,
            env=self.env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT if streams == "both" else subprocess.PIPE,
            encoding="utf-8",
            start_new_session=True,
        )


def engine_environment(folder: Path) -> dict[str, str]:
    """
    The environment in which the engine finds this Python, keeps everything below *folder*, temporary files too, and
    asks nobody outside.
    """
    (folder / "tmp").mkdir(parents=True, exist_ok=True)
    keep = {name: os.environ[name] for name in ("LANG", "LC_ALL", "HOME") if name in os.environ}
    return keep | {
        "PATH": _path(),
        "TMPDIR": str(folder / "tmp"),
        "PULUMI_HOME": str(folder / "home"),
        "PULUMI_BACKEND_URL": f"{(folder / 'state').as_uri()}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE": PASSPHRASE,
        "PULUMI_SKIP_UPDATE_CHECK": "1",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "PULUMI_AUTOMATION_API_SKIP_VERSION_CHECK": "1",
        # The engine asks pip for the packages on every command; pip then gets ready to ask for its own newest version.
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "NO_COLOR": "1",
        "NO_PROXY": "127.0.0.1,localhost",
    }


def engine_is_there() -> bool:
    """
    Whether a `pulumi` can be started.
    """
    return shutil.which("pulumi", path=_path()) is not None


def _path() -> str:
    """
    Where programs are looked for: another engine's folder first, where `make … ENGINE=oldest` names one.
    """
    engine = [folder] if (folder := os.environ.get("ZOT_CI_TEST_ENGINE")) else []
    return os.pathsep.join([*engine, str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
