"""
What the provider's process does not load: pydantic, whose import and models would be most of its start; and what is
needed only where something has failed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# What asks the systems, and the resources that the engine loads.
MODULES = [
    "zot_ci.http.api",
    "zot_ci.authentik.api",
    "zot_ci.authentik.session",
    "zot_ci.zot.api",
    "zot_ci.forgejo.api",
    "zot_ci.forgejo.workflows",
    "zot_ci.onepassword.cli",
    "zot_ci.onepassword.connect",
    "zot_ci.onepassword.sdk",
    "zot_ci.onepassword.reference",
    "zot_ci.authentik.service_account",
    "zot_ci.zot.api_key",
    "zot_ci.zot.retired_keys",
    "zot_ci.forgejo.actions_secret",
    "zot_ci.onepassword.item_field",
]
# One after the other, to the first one that loads something unwanted.
IMPORT_ALL = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
    loaded = sorted({"pydantic", "pydantic_core", "stamina", "socksio"} & set(sys.modules))
    if loaded:
        sys.exit(f"{name} loads {' and '.join(loaded)}")
"""


def importing(*names: str) -> subprocess.CompletedProcess[str]:
    """Import these modules in a fresh process."""
    command = [sys.executable, "-c", IMPORT_ALL, *names]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_no_module_of_the_provider_s_process_loads_what_it_does_not_need() -> None:
    """Directly or by what it imports."""
    process = importing(*MODULES)

    assert (process.returncode, process.stderr) == (0, "")


@pytest.mark.parametrize(
    ("module", "loaded"),
    [("zot_ci.settings.model", "pydantic and pydantic_core"), ("stamina", "stamina"), ("socksio", "socksio")],
)
def test_a_module_that_loads_it_is_found(module: str, loaded: str) -> None:
    """The settings load pydantic, and the program's process with them."""
    process = importing("zot_ci.http.api", module)

    assert process.returncode == 1
    assert process.stderr == f"{module} loads {loaded}\n"


ASK_ONCE = """
import sys, httpx
from zot_ci.http.api import Api
status = iter(map(int, sys.argv[1:]))
transport = httpx.MockTransport(lambda _: httpx.Response(next(status)))
Api("system", "https://system.test", transport=transport).call("GET", "/", whose="me")
print("stamina" in sys.modules)
"""


@pytest.mark.parametrize(("statuses", "loaded"), [(["200"], "False"), (["503", "200"], "True")])
def test_the_retry_library_is_loaded_when_something_is_tried_again(statuses: list[str], loaded: str) -> None:
    """A run in which nothing fails does without it."""
    command = [sys.executable, "-c", ASK_ONCE, *statuses]
    process = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)

    # Outside a process of our own the library tells of the repeat, on standard error.
    assert (process.returncode, process.stdout) == (0, f"{loaded}\n")
