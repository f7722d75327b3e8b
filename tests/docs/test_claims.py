"""
Sentences of the documents that were wrong once, each held to the code that it is about.
"""

from __future__ import annotations

import ast
import re
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from tests.docs.pages import DOCUMENTS, ROOT, headings, read
from tests.dynamic.wanted import outs_of, secret
from tests.http.told import URL
from tests.settings.given import RIGHT, given
from tests.versions import ENGINE, GITEA, ran_against
from tests.world import OWNER, REPOSITORY, SECRET, World
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.forgejo.api import Forgejo, forgejo_at
from zot_ci.forgejo.republication import publish_again
from zot_ci.http.api import Api
from zot_ci.http.pace import AT_ONCE
from zot_ci.settings.model import load
from zot_ci.settings.place import Place
from zot_ci.settings.server import ForgejoServer
from zot_ci.zot.api import KeyAuth, Zot

PROMISES = "docs/promises.md"


def _needs_the_engine(path: str) -> bool:
    """As tests/conftest.py marks it: by its place, or by a fixture that a test of it asks for."""
    found = ROOT / path
    files = [found] if found.is_file() else list(found.rglob("test_*.py"))
    assert files, path
    for file in files:
        functions = [node for node in ast.walk(ast.parse(file.read_bytes())) if isinstance(node, ast.FunctionDef)]
        for test in [function for function in functions if function.name.startswith("test_")]:
            fixtures = [argument.arg for argument in test.args.args]
            if {ENGINE, GITEA} & set(ran_against(file.relative_to(ROOT).as_posix(), fixtures)):
                return True
    return False


def test_the_page_of_promises_says_which_of_its_tests_do_without_the_engine() -> None:
    """Whoever doubts a promise wants to know what its test ran."""
    text = read(PROMISES)
    (opening,) = re.findall(r"\nNine promises.*?\n\n", text, re.DOTALL)
    rows = "\n".join(line for line in text.splitlines() if re.match(r"\| \d+ \|", line))
    paths = set(re.findall(r"\btests/[\w./]+\w", rows))

    assert {"tests/sequences", "tests/engine/test_secrets.py"} <= paths
    named = set(re.findall(r"\btests/[\w./]+\w", opening))
    assert {path for path in named if _needs_the_engine(path)} == set()
    without = {path for path in paths if not _needs_the_engine(path)}
    assert {path for path in without if not any(path.startswith(place) for place in named)} == set()
    assert {place for place in named if not any(path.startswith(place) for path in without)} == set()


def test_the_limits_name_each_system_that_is_warned_of_over_plain_http() -> None:
    """The Connect server hands out the key and every token."""
    (line,) = re.findall(r"- \*\*Plain http\*\*[^*]*", read("docs/limits.md"))
    over_http = {"authentik": "authentik", "zot": "zot", "forgejo": "Forgejo"}
    urls = {name: {"url": f"http://{name}.test"} for name in over_http}
    warned = load(given(RIGHT | urls)).plain_http("http://connect.test")

    assert warned == [f"{name}.test" for name in sorted([*over_http, "connect"])]
    assert [word for word in [*over_http.values(), "Connect"] if word not in line] == []


def test_a_section_that_is_named_outside_the_documents_exists() -> None:
    """As in `README.md, “Quick start”`; test_links.py holds the links of the documents themselves."""
    named = [
        (path, page, title)
        for path in _texts()
        for page, title in re.findall(r"((?:docs/)?[\w-]+)(?:\.md)?, “([^”\n]+)”", path.read_text(encoding="utf-8"))
    ]
    pages = {str(path.relative_to(ROOT).with_suffix("")): path for path in DOCUMENTS}

    assert [title for path, *_, title in named if path == ROOT / "tests/demo.py"] == ["Quick start"]
    gone = [(str(path), title) for path, page, title in named if page in pages and title not in headings(pages[page])]
    assert gone == []


def _texts() -> list[Path]:
    folders = ["components", "scripts", "stacks", "tests", "examples", "tools", "monitoring"]
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.*")]
    return [path for path in found if path.suffix in (".py", ".yaml", ".yml", ".sh") and path != Path(__file__)]


@pytest.mark.embedded
def test_a_canary_runs_when_its_resource_is_made_or_updated_and_not_for_a_kept_secret(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As docs/ci.md has it: it proves that the secret works, which an `up` that keeps it has not changed."""
    runs: list[str] = []

    def run(_: Forgejo, repository: str, workflow: str, ref: str, seconds: float) -> str:
        runs.append(workflow)
        return "success"

    monkeypatch.setattr(Forgejo, "run_workflow", run)
    canary = {"workflow": "canary.yaml", "ref": "main", "timeout_seconds": 300}
    wanted = {**secret(signed_in), "canary": canary}
    provider = ActionsSecretProvider()

    outs = outs_of(provider.create(wanted))
    assert runs == ["canary.yaml"]
    provider.update("id", outs, wanted)
    assert runs == ["canary.yaml"] * 2
    forgejo = forgejo_at(ForgejoServer(wanted["forgejo_url"]))
    place = Place.secret(SECRET, repository=f"{OWNER}/{REPOSITORY}")
    publish_again(forgejo, place, wanted["value"], outs["owner_id"])
    assert runs == ["canary.yaml"] * 2

    page = " ".join(read("docs/ci.md").split())
    assert "creates or updates the secret's resource" in page
    assert "keeps the resource writes the secret again without running it" in page


def test_a_key_s_rights_are_not_asked_anew_after_a_mint() -> None:
    """As docs/architecture.md has it; its list is."""
    key = {
        "uuid": "one",
        "label": "x",
        "createdAt": "2026-11-24T02:09:53Z",
        "expirationDate": "2027-03-24T04:09:53Z",
        "isExpired": False,
        "lastUsed": "2026-11-24T02:09:53Z",
    }

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/zot/auth/apikey":
            made = request.method == "POST"
            body = {**key, "apiKey": "zak_new"} if made else {"apiKeys": [key]}
            return httpx.Response(201 if made else 200, json=body, headers={"Date": "Tue, 24 Nov 2026 02:09:53 GMT"})
        return httpx.Response(400 if request.method == "PUT" else 403, json={"errors": [{"code": "DENIED"}]})

    asked: list[str] = []

    def noted(request: httpx.Request) -> httpx.Response:
        asked.append(f"{request.method} {request.url.path.rpartition('/')[0]}")
        return answer(request)

    zot = Zot(URL, httpx.MockTransport(noted))
    for _ in range(2):
        listing = zot.seen_listing("ci", "zak_a")
        assert zot.seen_access("ci", "zak_a", "probe") is not None
        zot.mint(KeyAuth("ci", "zak_a"), "ci", "x", listing.time + timedelta(days=120))

    assert asked.count("DELETE /v2/probe/manifests") == 1
    assert asked.count("GET /zot/auth") == 2
    assert "and not again after that" in read("docs/architecture.md")


def test_four_requests_at_once_are_of_one_client() -> None:
    """Two clients of one system have eight under way; two processes have two clients at least."""
    together = threading.Barrier(2 * AT_ONCE)

    def answer(_: httpx.Request) -> httpx.Response:
        # Raises if not all of them come at once.
        together.wait(timeout=10)
        return httpx.Response(200)

    clients = [Api("zot", URL, transport=httpx.MockTransport(answer)) for _ in range(2)]
    with ThreadPoolExecutor(2 * AT_ONCE) as threads:
        asked = [threads.submit(client.call, "GET", "/", whose="nobody") for client in clients for _ in range(AT_ONCE)]
        assert [call.result().status_code for call in asked] == [200] * 2 * AT_ONCE

    assert "Each client asks its system by at most four requests at once" in read("docs/architecture.md")
