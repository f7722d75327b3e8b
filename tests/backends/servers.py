"""
Servers that keep a team's state: real ones, on loopback ports, each with everything it writes in one folder.

They tell whether a stack lives on them. Nothing in `components` knows them.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx
import pytest

from tests.ports import free_port

ROOT = Path(__file__).resolve().parents[2]

# Measured: each is ready within a second on two cores. The margin is for a machine that does more.
START_SECONDS = 60
STOP_SECONDS = 20
# Where Debian keeps PostgreSQL's programs, which are not on PATH there.
_DEBIAN_POSTGRESQL = "usr/lib/postgresql/*/bin"
# Debian's package makes it.
DEBIAN_USER = "postgres"
PG_USER = "pulumi"


@dataclass(frozen=True)
class Backend:
    """
    An empty place for states.

    Args:
        url: what `PULUMI_BACKEND_URL` says.
        env: the credentials for it.
        content: returns all that is kept there now, as a backup of it would have it.
    """

    url: str
    env: dict[str, str] = field(repr=False)
    content: Callable[[], bytes] = field(repr=False)


def versitygw_or_skip() -> Path:
    """
    Return the versitygw that `make test-backends` built, or the one on PATH; skip the test if there is none.
    """
    built = ROOT / ".tools" / "bin" / "versitygw"
    found = built if built.exists() else shutil.which("versitygw")
    if not found:
        pytest.skip("no versitygw: `make test-backends` builds one")
    return Path(found)


def postgresql_or_skip() -> Path:
    """
    Return the folder of PostgreSQL's programs; skip the test if there is none.
    """
    # A link on PATH leads to the folder that has them all.
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    found = on_path or sorted(Path("/").glob(_DEBIAN_POSTGRESQL), reverse=True)
    if not found:
        pytest.skip("no PostgreSQL: install it (Debian: apt-get install postgresql)")
    if os.getuid() == 0 and DEBIAN_USER not in {entry.pw_name for entry in pwd.getpwall()}:
        pytest.skip(f"PostgreSQL refuses to run as root, and there is no user {DEBIAN_USER}")
    return found[0]


class S3:
    """
    A versitygw over a folder, whose folders are its buckets.
    """

    def __init__(self, url: str, folder: Path, env: dict[str, str]) -> None:
        self._url, self._folder, self._env = url, folder, env

    @classmethod
    @contextmanager
    def start(cls, program: Path, folder: Path) -> Iterator[S3]:
        """
        Run *program* until the block ends.
        """
        buckets, beside = folder / "buckets", folder / "beside"
        for one in (buckets, beside):
            one.mkdir(parents=True)
        env = {"AWS_ACCESS_KEY_ID": "zot-ci-tests", "AWS_SECRET_ACCESS_KEY": secrets.token_urlsafe(24)}
        own = {"ROOT_ACCESS_KEY": env["AWS_ACCESS_KEY_ID"], "ROOT_SECRET_KEY": env["AWS_SECRET_ACCESS_KEY"]}
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        # What it knows of a file would stand in attributes that not every file system has.
        command = [str(program), "--port", f"127.0.0.1:{port}", "posix", "--sidecar", str(beside), str(buckets)]
        with running(command, folder / "output.log", lambda: answers(url), own):
            yield cls(url, buckets, env)

    def backend(self) -> Backend:
        """
        Make a bucket.
        """
        bucket = f"state-{secrets.token_hex(4)}"
        (self._folder / bucket).mkdir()
        # The protocol in the address is the engine's way to say "without TLS".
        url = f"s3://{bucket}?endpoint={self._url}&s3ForcePathStyle=true&region=us-east-1"
        return Backend(url, self._env, lambda: _all_files(self._folder / bucket))


class PostgreSQL:
    """
    A cluster of its own, which asks for a password.
    """

    def __init__(self, programs: Path, port: int, password: str) -> None:
        self._programs, self._port, self._env = programs, port, {"PGPASSWORD": password}

    @classmethod
    @contextmanager
    def start(cls, programs: Path) -> Iterator[PostgreSQL]:
        """
        Make a cluster in a folder of its own and run it until the block ends.
        """
        # Beside pytest's folders, which are for one user: PostgreSQL refuses to run as root.
        with TemporaryDirectory(prefix="zot-ci-postgresql-") as name:
            folder, port, password = Path(name), free_port(), secrets.token_urlsafe(24)
            user = DEBIAN_USER if os.getuid() == 0 else None
            (folder / "password").write_text(password)
            if user:
                shutil.chown(folder, user)
                shutil.chown(folder / "password", user)
            made = subprocess.run(
                [
                    *(str(programs / "initdb"), "--pgdata=data", f"--username={PG_USER}", "--no-sync"),
                    *("--auth=scram-sha-256", "--pwfile=password", "--encoding=UTF8", "--locale=C"),
                ],
                user=user,
                env={"PATH": os.defpath},
                cwd=folder,
                capture_output=True,
                text=True,
            )
            assert made.returncode == 0, made.stderr
            # No socket in a folder that others share, and no wait for the disk: what is kept is for one test run.
            settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=", "-c", "fsync=off"]
            command = [str(programs / "postgres"), "-D", "data", "-p", str(port), *settings]
            one = cls(programs, port, password)
            with running(command, folder / "output.log", one._is_ready, {"PATH": os.defpath}, user):
                yield one

    def backend(self) -> Backend:
        """
        Make a database.
        """
        name = f"state_{secrets.token_hex(4)}"
        self._run("createdb", name)
        url = f"postgres://{PG_USER}@127.0.0.1:{self._port}/{name}?sslmode=disable"
        return Backend(url, self._env, lambda: self._content(name))

    def _content(self, database: str) -> bytes:
        # The engine packs each of its files into base64, in which no search finds anything.
        unpacked = "SELECT key, data, convert_from(decode(data->>'data', 'base64'), 'UTF8') FROM pulumi_state"
        return self._run("psql", "--no-psqlrc", "--tuples-only", "--command", unpacked, "--dbname", database)

    def _is_ready(self) -> bool:
        command = [str(self._programs / "pg_isready"), *self._where()]
        return subprocess.run(command, capture_output=True).returncode == 0

    def _where(self) -> list[str]:
        return ["--host=127.0.0.1", f"--port={self._port}", f"--username={PG_USER}"]

    def _run(self, program: str, *arguments: str) -> bytes:
        command = [str(self._programs / program), *self._where(), *arguments]
        env = {"PATH": os.defpath} | self._env
        return subprocess.run(command, env=env, capture_output=True, check=True).stdout


@contextmanager
def running(
    command: Sequence[str],
    log: Path,
    is_ready: Callable[[], bool],
    env: Mapping[str, str],
    user: str | None = None,
) -> Iterator[None]:
    """
    Run a server until the block ends; it has begun to answer when the block begins.

    Args:
        command, env: what is run, and all of its environment.
        log: gets what it says.
        is_ready: whether it answers.
        user: runs it, if not this one.
    """
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=log.parent, user=user
        )
    try:
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            said = f"{command[0]}: {log.read_text(errors='replace')[-500:]}"
            assert process.poll() is None, f"ended with {process.returncode}: {said}"
            assert time.monotonic() < deadline, f"not ready after {START_SECONDS} s: {said}"
            # Another program's start: there is nothing to wait on but its answer.
            time.sleep(0.05)
        yield
    finally:
        # PostgreSQL's "fast" end: SIGTERM would wait for whoever is connected. The others end by it as well.
        process.send_signal(signal.SIGINT)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def answers(url: str) -> bool:
    """
    Whether an HTTP server answers, whatever it says.
    """
    try:
        httpx.get(url, timeout=5, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def _all_files(folder: Path) -> bytes:
    return b"\n".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
