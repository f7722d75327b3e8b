"""
The servers, each started once in a process, and stacks on them.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backends.servers import S3, Backend, PostgreSQL, postgresql_or_skip, versitygw_or_skip
from tests.backends.vault import Vault
from tests.engine.prepared import IN_SYNC, Prepared
from tests.engine.stack import Stack, engine_is_there
from tests.world import real_servers


@pytest.fixture(autouse=True)
def _engine() -> None:
    if not engine_is_there():
        pytest.skip("no pulumi on PATH: `make tools` gets one")
    if real_servers():
        pytest.skip("needs a back door of the embedded systems")


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """An S3-compatible server."""
    with S3.start(versitygw_or_skip(), tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL."""
    with PostgreSQL.start(postgresql_or_skip()) as server:
        yield server


@pytest.fixture(scope="session")
def vault() -> Iterator[Vault]:
    """A stand-in for a Vault with its transit engine."""
    with Vault.start() as server:
        yield server


@pytest.fixture(params=[pytest.param(name, marks=pytest.mark.xdist_group(name)) for name in ("s3", "postgresql")])
def backend(request: pytest.FixtureRequest) -> Backend:
    """An empty place for states on one of the servers that a team has."""
    server: S3 | PostgreSQL = request.getfixturevalue(request.param)
    return server.backend()


@pytest.fixture
def ground(behind_proxies: Prepared) -> Prepared:
    """The systems behind proxies, as if they were fresh: what a test spoils or holds up goes by `ground.proxies`."""
    behind_proxies.reset()
    return behind_proxies


@pytest.fixture
def in_sync(prepared: Prepared, tmp_path: Path) -> Stack:
    """A stack after its first `up`, whose state is still in a file."""
    return prepared.stack(IN_SYNC, tmp_path)
