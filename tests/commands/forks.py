"""
The engine's Python processes, forked from one that has imported the SDK already.

The engine starts five of them for each command, and they spend most of their time on the same imports. Here they have
the arguments, folder, environment and streams that the engine gives them, and run the same scripts and modules; what
they share is the third-party modules in memory, and nothing of this program, which each of them imports anew.

What the engine starts is a client in *folder*, first on its PATH. It hands its streams over, passes signals on, and
ends with its fork; a fork whose client was killed ends by itself.
"""

from __future__ import annotations

import atexit
import contextlib
import gc
import importlib
import io
import marshal
import os
import runpy
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
# `pydantic` alone is next to nothing: it imports its parts when they are first asked for.
IMPORTED = (
    *("pulumi", "pulumi.dynamic", "pulumi.runtime", "dill", "grpc", "httpx", "socksio", "stamina", "truststore"),
    *("msgspec.inspect", "msgspec.json", "pydantic.main", "pydantic.type_adapter", "importlib.metadata"),
)
_PASSED_ON = (signal.SIGINT, signal.SIGTERM)

# Without the `site` module and the standard library's wrappers: it starts in some 10 ms.
_CLIENT = """#!{python} -IS
import _signal, _socket, marshal, os, sys
way = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
way.connect({address!r})
told = marshal.dumps((sys.argv[1:], os.getcwd(), dict(os.environ)))
streams = b"".join(fd.to_bytes(4, sys.byteorder) for fd in range(3))
way.sendmsg([len(told).to_bytes(4, "big")], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, streams)])
view = memoryview(told)
while view:
    view = view[way.send(view):]
pid = int.from_bytes(way.recv(4), "big")
def pass_on(number, _):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        # The fork has just ended; its code is on the way.
        pass
for number in {signals}:
    _signal.signal(number, pass_on)
code = way.recv(1)
os._exit(code[0] if code else 1)
"""


class Forks:
    """
    The process that forks, and what the engine finds in its place. *folder* goes first on PATH.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.folder = folder
        address = folder / "forks"
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.commands.forks", str(address)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith("PYTHON")},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdout is not None
        assert self._process.stdout.readline() == b"ready\n"
        for name in ("python", "python3"):
            client = folder / name
            text = _CLIENT.format(python=sys.executable, address=str(address), signals=tuple(map(int, _PASSED_ON)))
            client.write_text(text)
            client.chmod(0o755)

    def kill(self) -> None:
        """
        `kill -9` all forks.
        """
        for pid in self.running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def running(self) -> list[int]:
        """
        Return the processes that were forked and have not ended.
        """
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def stop(self) -> None:
        """
        End the process that forks, and its forks with it.
        """
        self.kill()
        self._process.kill()
        self._process.communicate()


class _Server:
    def __init__(self, address: str) -> None:
        self._path = sys.path[1:]
        self._clients: dict[int, socket.socket] = {}
        self._ended, self._wake = socket.socketpair()
        self._wake.setblocking(False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake.fileno())
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._listener.bind(address)
        self._listener.listen()

    def serve(self) -> NoReturn:
        """
        Fork for each client, and tell each how its fork ended, as long as the process lives that has started this one.
        """
        selector = selectors.DefaultSelector()
        selector.register(self._listener, selectors.EVENT_READ, self._begin)
        selector.register(self._ended, selectors.EVENT_READ, self._end)
        # Nothing ever comes there but its end, with the process that has started this one.
        selector.register(sys.stdin, selectors.EVENT_READ, sys.exit)
        while True:
            for key, _ in selector.select():
                key.data()

    def _begin(self) -> None:
        client, _ = self._listener.accept()
        size, streams, _, _ = socket.recv_fds(client, 4, 3)
        told = b""
        while len(told) < int.from_bytes(size, "big"):
            more = client.recv(65536)
            if not more:
                # Killed amid its words. Whoever waits for the end of its output would wait for every later fork, too.
                for received in streams:
                    os.close(received)
                client.close()
                return
            told += more
        pid = os.fork()
        if pid == 0:
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._listener.close()
            for other in self._clients.values():
                other.close()
            _become(client, streams, self._path, *marshal.loads(told))  # noqa: S302  # from a client of ours
        for received in streams:
            os.close(received)
        self._clients[pid] = client
        with contextlib.suppress(BrokenPipeError):
            client.sendall(pid.to_bytes(4, "big"))

    def _end(self) -> None:
        self._ended.recv(4096)
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                code = os.waitstatus_to_exitcode(status)
                client = self._clients.pop(pid)
                with contextlib.suppress(BrokenPipeError):
                    client.sendall(bytes([code if code >= 0 else 128 - code]))
                client.close()


def _become(
    client: socket.socket, streams: list[int], path: list[str], arguments: list[str], folder: str, env: dict[str, str]
) -> NoReturn:
    """
    Be the process that the engine has started.
    """
    for number, received in enumerate(streams):
        os.dup2(received, number)
        os.close(received)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    # What the process that forks has found for itself: the fork looks at its own TMPDIR.
    tempfile.tempdir = None
    unbuffered = arguments[0] == "-u"
    rest = arguments[1:] if unbuffered else arguments
    if rest[0] != "-m" and rest[0].startswith("-"):
        # As `--version`: nothing is imported for it.
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606
    threading.Thread(target=_end_with, args=(client,), daemon=True).start()
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        stream = _stream(number, unbuffered)
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)
    sys.orig_argv = ["python3", *arguments]
    sys.dont_write_bytecode = bool(env.get("PYTHONDONTWRITEBYTECODE"))
    given = [entry for entry in env.get("PYTHONPATH", "").split(os.pathsep) if entry]
    importlib.invalidate_caches()
    code = 0
    try:
        if rest[0] == "-m":
            sys.argv = rest[1:]
            sys.path[:] = [folder, *given, *path]
            runpy.run_module(rest[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = rest
            sys.path[:] = [os.path.dirname(os.path.realpath(rest[0])), *given, *path]
            runpy.run_path(rest[0], run_name="__main__")
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        # Whatever ends a program, the interpreter shows it so.
        sys.excepthook(*sys.exc_info())
        code = 1
    finally:
        # What an interpreter does at its end: wait for threads, then for what is registered.
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
        for text in (sys.stdout, sys.stderr):
            with contextlib.suppress(Exception):
                text.flush()
        os._exit(code)


def _stream(fd: int, unbuffered: bool) -> io.TextIOWrapper:
    if fd == 0:
        return io.TextIOWrapper(io.BufferedReader(io.FileIO(fd, closefd=False)), encoding="utf-8")
    raw = io.FileIO(fd, "w", closefd=False)
    errors = "backslashreplace" if fd == 2 else "strict"
    if unbuffered:
        return io.TextIOWrapper(raw, encoding="utf-8", errors=errors, write_through=True)
    return io.TextIOWrapper(io.BufferedWriter(raw), encoding="utf-8", errors=errors, line_buffering=fd == 2)


def _end_with(client: socket.socket) -> None:
    # A client says nothing more. One that dies before it has read its fork's number leaves a reset, and no end.
    with contextlib.suppress(ConnectionResetError):
        client.recv(1)
    os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    for name in IMPORTED:
        importlib.import_module(name)
    assert "zot_ci" not in sys.modules
    server = _Server(sys.argv[1])
    gc.collect()
    gc.freeze()
    print("ready", flush=True)
    server.serve()
