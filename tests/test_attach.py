"""
tools/attach.py, which a release's workflow runs: what was built comes to a draft, and nothing that is released changes.
"""

from __future__ import annotations

import importlib.util
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

ROOT = Path(__file__).resolve().parents[1]
VERSION = "3.4.5"


def _tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tools_{name}", ROOT / f"tools/{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Forge(BaseHTTPRequestHandler):
    """
    Releases as Forgejo and Gitea have them, in memory.
    """

    releases: list[dict[str, Any]]
    refuses: int

    def do_GET(self) -> None:
        """The list, drafts too; with `draft=true` or `false`, only those."""
        asked = parse_qs(urlsplit(self.path).query).get("draft")
        self._answer(200, [one for one in self.releases if not asked or str(one["draft"]).lower() == asked[0]])

    def do_POST(self) -> None:
        """A release, or a file at one."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        assert self.headers["Authorization"] == "token of-the-job"
        if self.refuses:
            self._answer(self.refuses, {})
        elif "/assets?name=" in self.path:
            name = self.path.partition("?name=")[2]
            self.releases[0]["assets"].append({"name": name, "size": len(body)})
            self._answer(201, {})
        else:
            self.releases.append({**json.loads(body), "id": 7, "assets": []})
            self._answer(201, self.releases[-1])

    def _answer(self, status: int, body: Any) -> None:
        text = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


@pytest.fixture
def forge(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Forge]]:
    """The forge whose workflow this is."""
    Forge.releases, Forge.refuses = [], 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Forge)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.setenv("GITHUB_API_URL", f"http://127.0.0.1:{server.server_port}/api/v1")
    monkeypatch.setenv("GITHUB_REPOSITORY", "eblume/zot-ci")
    monkeypatch.setenv("GITHUB_REF_NAME", f"v{VERSION}")
    monkeypatch.setenv("TOKEN", "of-the-job")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    yield Forge
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    """What was built."""
    folder = tmp_path / "dist"
    folder.mkdir()
    for name in (f"zot_ci-{VERSION}-py3-none-any.whl", "SHA256SUMS", "zot-ci.cdx.json"):
        (folder / name).write_text(name)
    return folder


def test_what_was_built_is_attached_to_a_draft(forge: type[Forge], dist: Path) -> None:
    """A person publishes it; a second try adds what the first one has not."""
    attach = _tool("attach").main

    assert attach([str(dist)]) == 0
    forge.releases[0]["assets"].pop()
    assert attach([str(dist)]) == 0

    (release,) = forge.releases
    assert (release["tag_name"], release["draft"]) == (f"v{VERSION}", True)
    assert sorted(asset["name"] for asset in release["assets"]) == sorted(path.name for path in dist.iterdir())


def test_what_is_released_is_not_changed(
    forge: type[Forge], dist: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is another version attached to a tag, or a refusal taken for success."""
    attach = _tool("attach").main
    forge.releases.append({"tag_name": f"v{VERSION}", "draft": False, "id": 1, "assets": []})
    assert attach([str(dist)]) == 1
    forge.releases.clear()
    forge.refuses = 403
    assert attach([str(dist)]) == 1
    monkeypatch.setenv("GITHUB_REF_NAME", "v9.9.9")
    assert attach([str(dist)]) == 1

    released, refused, other = capsys.readouterr().err.splitlines()
    assert "is released already" in released
    assert "the forge answers 403 to POST repos/eblume/zot-ci/releases" in refused
    assert "has no wheel of v9.9.9" in other
    assert forge.releases == []
