"""
A server that hears pings and notices, and a stand-in for the engine, so that the commands can be run in a moment.
"""

from __future__ import annotations

import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.watch.said import Said

ROOT = Path(__file__).resolve().parents[2]

# Answers `stack export`, `preview --json` and `stack history` from files. Anything else is a run: it says that it has
# begun, does what the file `does` says, and leaves another state where there is a file `after.json`.
_ENGINE = """\
#!{python}
import json, os, pathlib, signal, sys, time
folder = pathlib.Path({folder!r})
arguments = sys.argv[1:]
with (folder / "asked").open("a") as out:
    out.write(" ".join(arguments) + "\\n")
for words, name in (("stack export", "export"), ("preview --json", "preview"), ("stack history", "history")):
    if arguments[:2] == words.split():
        if not (folder / f"{{name}}.json").exists():
            print("error: no such stack", file=sys.stderr)
            sys.exit(255)
        print((folder / f"{{name}}.json").read_text())
        sys.exit(int((folder / "preview.code").read_text()) if name == "preview" else 0)
got = []
def noted(number, _):
    got.append(number)
    (folder / "got").write_text(" ".join(map(str, got)))
does = json.loads((folder / "does").read_text())
for number in does.get("catches", []):
    signal.signal(number, noted)
print("pid", os.getpid(), sorted(name for name in os.environ if name.startswith("ZOT_CI_")), flush=True)
while does.get("waits") and not got:
    time.sleep(0.01)
if (folder / "after.json").exists():
    (folder / "after.json").replace(folder / "export.json")
sys.exit(does.get("code", 0))
"""


@dataclass
class Heard:
    """
    What was sent to the server: each request's method and path, and its body.
    """

    url: str
    requests: list[tuple[str, str, str]] = field(default_factory=list)
    answer: int = 200
    longest: int | None = None
    """How long a notice's text may be; a longer one is refused."""

    @property
    def pings(self) -> list[str]:
        """
        The paths of the pings, without what tells runs apart.
        """
        return [path.partition("?")[0] for method, path, _ in self.requests if method == "GET"]

    @property
    def notices(self) -> list[dict[str, Any]]:
        """
        The notices.
        """
        return [json.loads(body) for method, _, body in self.requests if method == "POST"]

    @property
    def service(self) -> str:
        """
        The server as a URL of apprise's.
        """
        return self.url.replace("http", "json", 1)

    def answer_to(self, body: str) -> int:
        """
        The status of the answer.
        """
        text = json.loads(body).get("text", "") if self.longest and body else ""
        return 400 if self.longest and len(text) > self.longest else self.answer


@contextmanager
def listening(certificate: Path | None = None) -> Iterator[Heard]:
    """
    A server that takes everything, until the end of the block; over TLS if it has a *certificate*, with its key.
    """

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            length = int(self.headers.get("content-length") or 0)
            body = self.rfile.read(length).decode()
            heard.requests.append((self.command, self.path, body))
            self.send_response(heard.answer_to(body))
            self.send_header("content-length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None:
            """Nothing: tests look at what was heard."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    heard = Heard(f"http{'s' if certificate else ''}://127.0.0.1:{server.server_address[1]}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Script:
    """
    scripts/stack.py in a project of its own, over the stand-in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        for name in ("project", "bin"):
            (folder / name).mkdir()
        for name in ("scripts", "zot_ci"):
            (self.project / name).symlink_to(ROOT / name)
        program = folder / "bin" / "pulumi"
        program.write_text(_ENGINE.format(python=sys.executable, folder=str(folder)))
        program.chmod(0o755)
        path = os.pathsep.join([str(folder / "bin"), os.environ.get("PATH", os.defpath)])
        self.env = {"PATH": path, "HOME": str(folder), "PYTHONDONTWRITEBYTECODE": "1", "NO_PROXY": "127.0.0.1"}
        self.does()
        self.says(Said().account().up(days_ago=1))

    def says(self, said: Said) -> None:
        """
        What the engine says when it is asked.
        """
        self._write("export.json", said.state)
        self._write("preview.json", said.preview)
        self._write("history.json", said.history)
        self._write("preview.code", said.code)

    def then(self, said: Said) -> None:
        """
        What the state is after a run.
        """
        self._write("after.json", said.state)

    def does(self, **what: Any) -> None:
        """
        What a run does: ends with *code*; *waits* for a signal that it *catches*.
        """
        self._write("does", what)

    @property
    def asked(self) -> list[str]:
        """
        Every command line of the engine.
        """
        file = self.folder / "asked"
        return file.read_text().splitlines() if file.exists() else []

    def begin(self, *arguments: str, **env: str) -> subprocess.Popen[str]:
        """
        Start the script.
        """
        return subprocess.Popen(
            [sys.executable, str(self.project / "scripts" / "stack.py"), "--stack", "homelab", *arguments],
            env=self.env | env,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, **env: str) -> tuple[int, str, str]:
        """
        Run the script; return its exit code and what it printed on either stream.
        """
        process = self.begin(*arguments, **env)
        out, err = process.communicate(timeout=180)
        return process.returncode, out, err

    def _write(self, name: str, what: Any) -> None:
        (self.folder / name).write_text(json.dumps(what))


def wait_for_line(process: subprocess.Popen[str]) -> str:
    """
    Wait until the engine says that it has begun; return the line.
    """
    assert process.stdout is not None
    return process.stdout.readline()


def hidden(folder: Path, package: str) -> str:
    """
    Return a folder for PYTHONPATH with which *package* cannot be imported.
    """
    folder.mkdir()
    (folder / f"{package}.py").write_text("raise ImportError\n")
    return str(folder)
