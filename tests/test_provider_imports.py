"""
What the provider's process does not load: importing pydantic, and building models by it, would be most of its start.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

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
    loaded = sorted({"pydantic", "pydantic_core"} & set(sys.modules))
    if loaded:
        sys.exit(f"{name} loads {' and '.join(loaded)}")
"""


def importing(*names: str) -> subprocess.CompletedProcess[str]:
    """Import these modules in a fresh process."""
    command = [sys.executable, "-c", IMPORT_ALL, *names]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_no_module_of_the_provider_s_process_loads_pydantic() -> None:
    """Directly or by what it imports."""
    process = importing(*MODULES)

    assert (process.returncode, process.stderr) == (0, "")


def test_a_module_that_loads_pydantic_is_found() -> None:
    """The settings do, and the program's process with them."""
    process = importing("zot_ci.http.api", "zot_ci.settings.model")

    assert process.returncode == 1
    assert process.stderr == "zot_ci.settings.model loads pydantic and pydantic_core\n"
