"""
What all tests share: an environment without anybody's credentials, and the systems to run against.
"""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from components.dynamic.run_memory import MEMORY
from components.http import connections, logs
from tests.world import World, credentials, real_servers

# Tests look at the log of each call, without the set-up that a provider process makes for itself.
logs.quieten_libraries()

_FOREIGN = ("AUTHENTIK_", "FORGEJO_", "OP_", "PULUMI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


@pytest.fixture(autouse=True)
def _no_credentials_of_ours(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """
    Whoever runs the tests may have real tokens in the environment: no test sees them.
    """
    for name in list(os.environ):
        if name.upper().startswith(_FOREIGN):
            monkeypatch.delenv(name)
    _another_process()
    yield
    _another_process()


def _another_process() -> None:
    """
    What follows is another provider process: it has no connection and remembers nothing.
    """
    connections.forget_all()
    MEMORY.forget()


@pytest.fixture
def world() -> Iterator[World]:
    """
    Four systems with the reference deployment's content, fresh for each test.
    """
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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """
    Skip, against real servers, what needs a back door.
    """
    if real_servers():
        for item in items:
            if item.get_closest_marker("embedded"):
                item.add_marker(pytest.mark.skip(reason="needs a back door of the embedded systems"))
