"""
A real Gitea for the tests, on a free loopback port, with everything it writes in one folder.

It tells whether the embedded forge and the client say the truth. It speaks to nobody but this machine, and is not
part of the program: nothing in `components` knows it.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import subprocess
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent

# Measured: ready after 1.6 s on two cores, first database included. The margin is for a machine that does more.
START_SECONDS = 60
STOP_SECONDS = 20

# What a quiet server for one test run needs; every other setting is Gitea's own.
SETTINGS = """\
APP_NAME = zot-ci tests
RUN_MODE = prod
WORK_PATH = {folder}
; Containers run tests as root, and Gitea refuses that unless told.
I_AM_BEING_UNSAFE_RUNNING_AS_ROOT = true

[server]
HTTP_ADDR = 127.0.0.1
HTTP_PORT = {port}
ROOT_URL = http://127.0.0.1:{port}/
LOCAL_ROOT_URL = http://127.0.0.1:{port}/
DISABLE_SSH = true
OFFLINE_MODE = true
LFS_START_SERVER = false
GRACEFUL_HAMMER_TIME = 5s
{static}

[database]
DB_TYPE = sqlite3
PATH = {folder}/gitea.db

[security]
INSTALL_LOCK = true
SECRET_KEY = {secret_key}
; Passwords here live for one test run: the costly default would be paid at each sign-in.
PASSWORD_HASH_ALGO = pbkdf2$1000$50
MIN_PASSWORD_LENGTH = 8

[service]
DISABLE_REGISTRATION = true

[actions]
ENABLED = true

[mailer]
ENABLED = false

[webhook]
ALLOWED_HOST_LIST = loopback

[indexer]
ISSUE_INDEXER_TYPE = db

[cron.update_checker]
ENABLED = false

[log]
MODE = file
LEVEL = warn
ROOT_PATH = {folder}/log
"""


def find_gitea() -> Path | None:
    """Returns the Gitea to test with: `GITEA_BIN`, else the one `make test-tools` built, else the one on `PATH`."""
    if named := os.environ.get("GITEA_BIN"):
        return Path(named)
    built = ROOT / ".tools" / "bin" / "gitea"
    if built.exists():
        return built
    found = shutil.which("gitea")
    return Path(found) if found else None


def gitea_or_skip() -> Path:
    """Returns the Gitea to test with, or skips the test with the way to get one."""
    if (binary := find_gitea()) is None:
        pytest.skip("no gitea to test with: run 'make test-tools', or name one in GITEA_BIN")
    if shutil.which("git") is None:
        pytest.skip("gitea needs git, which is not on PATH")
    return binary


@dataclass
class Gitea:
    """
    A running Gitea, and what a test needs an administrator for.

    Made by `Gitea.start`. Repositories, organizations and users are made on the spot; names are the test's business.
    """

    url: str
    folder: Path
    binary: Path
    _client: httpx.Client = field(repr=False)
    admin: str = "root-admin"
    _passwords: dict[str, str] = field(default_factory=dict, repr=False)

    @classmethod
    @contextmanager
    def start(cls, binary: Path, folder: Path) -> Iterator[Gitea]:
        """
        Runs *binary* until the block ends, keeping all its files in *folder*.

        Raises:
            RuntimeError: it ended, or did not answer in time; the message has the end of its log.
        """
        binary, folder = binary.absolute(), folder.absolute()
        folder.mkdir(parents=True, exist_ok=True)
        port = free_port()
        # A plain `go build` has no templates inside; tools/build.sh keeps a copy of them. Vendors' binaries hold them.
        static = binary.resolve().parent.parent / "gitea-static"
        (folder / "app.ini").write_text(
            SETTINGS.format(
                folder=folder,
                port=port,
                secret_key=secrets.token_hex(32),
                static=f"STATIC_ROOT_PATH = {static}" if static.is_dir() else "",
            )
        )
        url = f"http://127.0.0.1:{port}"
        with (
            httpx.Client(base_url=f"{url}/api/v1", timeout=30, trust_env=False) as client,
            (folder / "output.log").open("wb") as output,
        ):
            gitea = cls(url, folder, binary, client)
            process = subprocess.Popen(
                gitea._command("web"), env=gitea._environment(), stdout=output, stderr=subprocess.STDOUT
            )
            try:
                gitea._wait_until_ready(process)
                gitea.create_user(gitea.admin, admin=True)
                gitea._client.headers["Authorization"] = f"token {gitea.token(gitea.admin, ['all'])}"
                yield gitea
            finally:
                process.terminate()
                try:
                    process.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def create_user(self, name: str, *, admin: bool = False) -> None:
        """Creates the account *name* with Gitea's own command line."""
        password = secrets.token_urlsafe(16)
        arguments = ["--username", name, "--email", f"{name}@example.test", "--password", password]
        arguments += ["--must-change-password=false", *(["--admin"] if admin else [])]
        done = subprocess.run(
            self._command("admin", "user", "create", *arguments),
            env=self._environment(),
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"gitea admin user create {name}: {done.stdout}{done.stderr}")
        self._passwords[name] = password

    def token(self, user: str, scopes: Collection[str]) -> str:
        """Returns a new token of *user* with exactly these *scopes*, such as `write:repository`."""
        if user not in self._passwords:
            self.create_user(user)
        # Only a password can make a token: the administrator's own token is left out of this call.
        answer = self._client.post(
            f"/users/{user}/tokens",
            json={"name": secrets.token_hex(8), "scopes": list(scopes)},
            auth=(user, self._passwords[user]),
        )
        return str(self._json(answer)["sha1"])

    def create_repo(self, owner: str, name: str) -> None:
        """Creates an empty private repository of the user or organization *owner*."""
        self._json(self._client.post(f"/admin/users/{owner}/repos", json={"name": name, "private": True}))

    def write_file(self, owner: str, repo: str, path: str, text: str) -> None:
        """Commits a new file to the repository's default branch, which the first one makes."""
        body = {"content": base64.b64encode(text.encode()).decode(), "branch": "main"}
        self._json(self._client.post(f"/repos/{owner}/{repo}/contents/{path}", json=body))

    def runner_token(self) -> str:
        """Returns what a runner for all repositories registers with."""
        return str(self._json(self._client.post("/admin/actions/runners/registration-token"))["token"])

    def switch_actions(self, owner: str, repo: str, *, on: bool) -> None:
        """Switches a repository's Actions on or off, as its owner would in its settings."""
        self._json(self._client.patch(f"/repos/{owner}/{repo}", json={"has_actions": on}))

    def delete_repo(self, owner: str, name: str) -> None:
        """Deletes a repository and all its secrets."""
        self._client.delete(f"/repos/{owner}/{name}").raise_for_status()

    def create_org(self, name: str, owner: str) -> None:
        """Creates an organization that belongs to the user *owner*."""
        self._json(self._client.post(f"/admin/users/{owner}/orgs", json={"username": name, "visibility": "private"}))

    def add_collaborator(self, repo: str, user: str, permission: str) -> None:
        """Lets *user* into *repo* (`owner/name`) with *permission*: `read`, `write` or `admin`."""
        answer = self._client.put(f"/repos/{repo}/collaborators/{user}", json={"permission": permission})
        answer.raise_for_status()

    def secrets(self, owner: str, repo: str) -> list[str]:
        """Returns the names of a repository's Actions secrets, as an administrator sees them."""
        names: list[str] = []
        while True:
            page = {"page": len(names) // 50 + 1, "limit": 50}
            found = self._json(self._client.get(f"/repos/{owner}/{repo}/actions/secrets", params=page))
            names += [secret["name"] for secret in found]
            if len(found) < 50:
                return names

    def description(self, owner: str, repo: str, name: str) -> str:
        """Returns what a person sees beside a secret's name."""
        found = self._json(self._client.get(f"/repos/{owner}/{repo}/actions/secrets"))
        return next(str(secret["description"]) for secret in found if secret["name"] == name)

    def rename_org(self, name: str, new_name: str) -> None:
        """Renames an organization."""
        self._client.post(f"/orgs/{name}/rename", json={"new_name": new_name}).raise_for_status()

    def rename_user(self, name: str, new_name: str) -> None:
        """Renames an account, with all its repositories."""
        answer = self._client.post(f"/admin/users/{name}/rename", json={"new_username": new_name})
        answer.raise_for_status()
        self._passwords[new_name] = self._passwords.pop(name)

    def put_secret(self, owner: str, repo: str, name: str, value: str, **more: str) -> None:
        """Writes a secret as another program would; without a `description` the one before is erased."""
        answer = self._client.put(f"/repos/{owner}/{repo}/actions/secrets/{name}", json={"data": value, **more})
        answer.raise_for_status()

    def delete_secret(self, owner: str, repo: str, name: str) -> None:
        """Deletes a secret as an administrator would by hand."""
        self._client.delete(f"/repos/{owner}/{repo}/actions/secrets/{name}").raise_for_status()

    def _json(self, answer: httpx.Response) -> Any:
        answer.raise_for_status()
        return answer.json()

    def _command(self, *arguments: str) -> list[str]:
        return [str(self.binary), *arguments, "--config", str(self.folder / "app.ini")]

    def _environment(self) -> dict[str, str]:
        # Not this machine's git settings, proxies or GITEA_*: the same server for everybody.
        return {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"}

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                raise RuntimeError(f"gitea ended with {process.returncode}: {self._last_words()}")
            try:
                if httpx.get(f"{self.url}/api/healthz", timeout=5, trust_env=False).is_success:
                    return
            except httpx.TransportError:
                pass
            # Another program's start: there is nothing to wait on but its answer.
            time.sleep(0.05)
        raise RuntimeError(f"gitea not ready after {START_SECONDS} s: {self._last_words()}")

    def _last_words(self) -> str:
        logs = [self.folder / "output.log", *sorted((self.folder / "log").glob("*.log"))]
        return " | ".join(line for log in logs for line in log.read_text(errors="replace").splitlines()[-5:])
