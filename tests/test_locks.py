"""
The locks: what is installed into a stack's environment, which holds every token, and that it is what the tests use.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from importlib.metadata import requires
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
NEEDED: list[str] = PYPROJECT["project"]["dependencies"]
EXTRAS: dict[str, list[str]] = PYPROJECT["project"]["optional-dependencies"]
LOCKS = sorted(path.name for path in ROOT.glob("requirements*.lock"))
# What `make extras` adds: each for one feature. `sso` has an environment of its own.
FOR_ONE_FEATURE = ("metrics", "notify", "service-account")


def _locked(lock: str) -> dict[str, str]:
    """Versions by name, of what a lock installs here."""
    found: dict[str, str] = {}
    for line in re.findall(r"^[a-z0-9].*", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE):
        requirement = Requirement(line.rstrip(" \\"))
        if requirement.marker is None or requirement.marker.evaluate():
            found[canonicalize_name(requirement.name)] = str(requirement.specifier)
    return found


def _with_all_they_need(lines: Iterable[str]) -> set[str]:
    """The names of packages, and of what they need in turn, as the installed ones say."""
    found: set[str] = set()
    seen: set[tuple[str, str]] = set()
    open_ones = [Requirement(line) for line in lines]
    while open_ones:
        one = open_ones.pop()
        found.add(name := canonicalize_name(one.name))
        for extra in ("", *one.extras):
            if (name, extra) in seen:
                continue
            seen.add((name, extra))
            needs = [Requirement(line) for line in requires(name) or ()]
            open_ones += [need for need in needs if need.marker is None or need.marker.evaluate({"extra": extra})]
    return found


def test_a_stack_s_environment_has_what_a_stack_needs_and_nothing_else() -> None:
    """The dependencies that pyproject.toml names and theirs; no linter, test runner or notifier beside the tokens."""
    assert set(_locked("requirements.lock")) == _with_all_they_need(NEEDED)
    named = {"pulumi", "httpx", "socksio", "truststore", "pydantic", "msgspec", "stamina"}
    assert named <= set(_locked("requirements.lock"))


def test_the_features_packages_come_on_top_of_it() -> None:
    """Those of the three extras."""
    extra = [line for name in FOR_ONE_FEATURE for line in EXTRAS[name]]

    assert set(_locked("requirements-extras.lock")) == _with_all_they_need([*NEEDED, *extra])


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-extras.lock"])
def test_what_is_installed_is_what_was_tested(lock: str) -> None:
    """Version for version."""
    tested = _locked("requirements-dev.lock")

    assert {name: tested.get(name) for name in _locked(lock)} == _locked(lock)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_hashes_and_names_no_address(lock: str) -> None:
    """Whoever installs it asks the index of their own choice, and gets the files that were locked."""
    lines = (ROOT / lock).read_text(encoding="utf-8").splitlines()

    assert {line.strip().partition(":")[0] for line in lines if line.startswith(" ")} == {"--hash=sha256"}
    assert [line for line in lines if not line.startswith(" ") and not re.match(r"[a-z0-9._-]+==[^ ]+ ", line)] == []


def test_make_tools_installs_the_small_one_and_the_tests_the_other() -> None:
    """By the Makefile and what it calls."""
    makefile, build = ((ROOT / path).read_text(encoding="utf-8") for path in ("Makefile", "tools/build.sh"))

    assert re.search(r"^tools: venv ", makefile, re.MULTILINE)
    assert "get_venv() { packages .venv requirements.lock; }" in build
    assert "packages .venv-dev requirements-dev.lock" in build
    for target in ("check", "test-fast", "coverage", "demo", "test-tools"):
        assert re.search(rf"^{target}:.* dev\b", makefile, re.MULTILINE), target


def test_every_lock_has_a_line_in_make_lock() -> None:
    """One that is forgotten there grows old."""
    written = re.findall(r"\$\(LOCK\) (\S+\.lock)", (ROOT / "Makefile").read_text(encoding="utf-8"))

    assert sorted(written) == LOCKS
