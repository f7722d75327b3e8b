"""
What all tests share: an environment without anybody's credentials, and the systems to run against.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Iterator
from functools import cache
from typing import Any

import certifi
import pytest
from hypothesis import settings

from tests import choice, versions
from tests.engine.prepared import Prepared
from tests.processes import another_process
from tests.wheel import Installed, built, installed
from tests.world import World, credentials, real_servers
from zot_ci.http import logs

# Tests look at the log of each call, without the set-up that a provider process makes for itself.
logs.keep_urls_out()
logs.quieten_libraries()

# The same examples on each day and machine; `HYPOTHESIS_PROFILE=deep` draws more, by `--hypothesis-seed` where given.
# No database, which would bring back what an earlier run has found, and no deadline: a machine may be busy.
settings.register_profile("gate", derandomize=True, database=None, deadline=None)
settings.register_profile("deep", max_examples=1000, database=None, deadline=None, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "gate"))

_FOREIGN = ("AUTHENTIK_", "FORGEJO_", "OP_", "PULUMI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(scope="session", autouse=True)
def _authorities_read_once() -> Iterator[None]:
    """
    A client that a test makes of httpx asks this machine by plain http. Each one would first read the certificates of
    all authorities that this machine or `certifi` knows, for 50 ms of the processor's time. What the program trusts is
    not touched: it hands httpx a context of its own.
    """
    read = ssl.create_default_context
    once = cache(read)
    known = ({"cafile": certifi.where()}, {"cafile": os.environ.get("SSL_CERT_FILE")})

    def create_default_context(*arguments: Any, **named: Any) -> ssl.SSLContext:
        return once(**named) if not arguments and named in known else read(*arguments, **named)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl, "create_default_context", create_default_context)
        yield


@pytest.fixture(autouse=True)
def _no_credentials_of_ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """
    Whoever runs the tests may have real tokens in the environment: no test sees them.
    """
    for name in list(os.environ):
        if name.upper().startswith(_FOREIGN):
            monkeypatch.delenv(name)
    another_process()
    yield
    another_process()


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared | None]:
    """
    The one estate of this process, and the states that tests begin at. Real servers cannot be put back: None.
    """
    if real_servers():
        yield None
        return
    with Prepared(tmp_path_factory.mktemp("prepared")) as prepared:
        yield prepared


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """
    The wheel, installed into an environment of its own; built once in this process.
    """
    folder = tmp_path_factory.mktemp("package")
    return installed(folder / "environment", built(folder))


@pytest.fixture(scope="session")
def behind_proxies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prepared]:
    """
    The same states with a proxy in front of each system, for tests that look between two requests or spoil one.
    """
    with Prepared(tmp_path_factory.mktemp("behind-proxies"), behind_proxies=True) as prepared:
        yield prepared


@pytest.fixture
def world(prepared: Prepared | None) -> Iterator[World]:
    """
    Four systems with the reference deployment's content, for each test as if they were fresh.
    """
    if prepared is not None:
        yield prepared.reset()
        prepared.world.estate.check()
        return
    world = World.start()
    yield world
    world.stop()


@pytest.fixture
def signed_in(world: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """
    The same, with the product's credentials in this process's environment: for clients and providers called directly.
    """
    for name, value in credentials(world).items():
        monkeypatch.setenv(name, value)
    return world


def pytest_addoption(parser: pytest.Parser) -> None:
    """
    What a release is asked: which versions the tests ran against.
    """
    parser.addoption(
        "--record-versions", action="store_true", help="write docs/limits.md's table of what the tests ran against"
    )


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """
    Say how to repeat a run that drew its cases.
    """
    if choice.seed() != choice.GATE:
        terminalreporter.write_line(f"choice: `make nightly SEED={choice.seed()}` tries these cases again")
    if terminalreporter.config.getoption("--record-versions"):
        spoiled = terminalreporter.getreports("failed") or terminalreporter.getreports("error")
        passed = terminalreporter.getreports("passed")
        terminalreporter.write_line("versions: not recorded, a test failed" if spoiled else versions.record(passed))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Mark what needs the engine or a real Gitea. Skip, against real servers, what needs a back door.
    """
    real = real_servers()
    for item in items:
        against = versions.ran_against(item.nodeid, getattr(item, "fixturenames", ()))
        item.user_properties += [(versions.PROPERTY, system) for system in against]
        if {versions.ENGINE, versions.GITEA} & set(against):
            item.add_marker("engine")
        if real and item.get_closest_marker("embedded"):
            item.add_marker(pytest.mark.skip(reason="needs a back door of the embedded systems"))
