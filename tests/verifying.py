"""
A canary on the embedded systems: the shipped workflow, one round of asking, and that nothing else changed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.world import GROUP, OWNER, REPOSITORY, SECRET, World
from zot_ci.settings.model import Settings, load
from zot_ci.verification import Asked, Verification

ROOT = Path(__file__).resolve().parents[1]
EXAMPLE = (ROOT / "examples/workflows/canary.yaml").read_text(encoding="utf-8")
LIMIT = 20.0


def canary_of(world: World, change: Callable[[str], str] = lambda text: text) -> str:
    """The shipped canary, with this registry in it."""
    return change(EXAMPLE.replace("https://registry.example.test", world.zot_url))


@pytest.fixture(autouse=True)
def short_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runner of these tests takes a tenth of a second for a job."""
    monkeypatch.setattr("zot_ci.verification._FIRST_WAIT", 0.05)


@pytest.fixture
def published(signed_in: World) -> World:
    """An estate whose field and secret hold one live key, with the canary in the repository; skips without `curl`."""
    if not shutil.which("curl"):
        pytest.skip("no curl: the canary asks the registry by it")
    signed_in.make_account(GROUP)
    key = signed_in.key_made_by_hand()
    signed_in.set_field(key)
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, key)
    signed_in.estate.forgejo.add_workflow(OWNER, REPOSITORY, "canary.yaml", canary_of(signed_in))
    return signed_in


def settings_of(world: World, **canary: Any) -> Settings:
    """The reference settings with a canary."""
    place: dict[str, Any] = {"repository": f"{OWNER}/{REPOSITORY}", "secret": SECRET}
    place |= {"canary": {"workflow": "canary.yaml", "timeoutSeconds": LIMIT} | canary}
    return load({key: json.dumps(value) for key, value in world.config(forgejo=[place]).items()})


class Round:
    """One round, with what it said; *passes* lets its clock run without anybody waiting."""

    def __init__(self, settings: Settings, *, passes: bool = False) -> None:
        self.lines: list[str] = []
        self.now = 0.0
        waits: dict[str, Any] = {"wait": self._pass, "clock": lambda: self.now} if passes else {}
        self.verification = Verification(settings, self.lines.append, **waits)
        self.accounts = settings.accounts

    def _pass(self, seconds: float) -> bool:
        self.now += seconds
        return False

    def asked(self) -> list[Asked]:
        """What became of each place."""
        return self.verification.run(self.accounts)

    def only(self) -> Asked:
        """Of the one place."""
        (one,) = self.asked()
        return one


@contextmanager
def unchanged(world: World) -> Iterator[None]:
    """Nothing of any system changes inside, but that runs are started."""

    def found() -> object:
        estate = world.estate
        keys = {uuid: key.secret for uuid, key in estate.zot.keys.items()}
        return keys, world.account(), world.field(), world.secret()

    before = found()
    world.estate.log.clear()
    yield
    assert found() == before
    writes = [call for call in world.estate.log if call.method not in ("GET", "HEAD") and call.actor != "akadmin"]
    assert {call.path.rpartition("/")[2] for call in writes} <= {"dispatches"}
