"""
Who loads pydantic for the settings: the program, which checks them, and no provider, which is told what was checked.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROVIDERS = (
    "zot_ci.authentik.service_account",
    "zot_ci.forgejo.actions_secret",
    "zot_ci.onepassword.item_field",
    "zot_ci.zot.api_key",
    "zot_ci.zot.retired_keys",
)
# Those that a provider loads not at once, but when it first needs them.
LATER = {"zot_ci.settings.url"}
LOADED = "import importlib, sys; [importlib.import_module(name) for name in sys.argv[1:]]; print(*sys.modules)"


def loaded_by(*names: str) -> set[str]:
    """All that is loaded in a process of its own after these modules."""
    ran = subprocess.run([sys.executable, "-c", LOADED, *names], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_the_settings_of_the_providers_load_no_pydantic() -> None:
    """Each provider's process would spend time on its import and on the making of its models."""
    of_providers = {name for name in loaded_by(*PROVIDERS) if name.startswith("zot_ci.settings.")}
    assert {"zot_ci.settings.named", "zot_ci.settings.place", "zot_ci.settings.reference"} <= of_providers

    loaded = loaded_by(*of_providers, *LATER)

    assert of_providers | LATER <= loaded
    assert {"pydantic", "pydantic_core"} & loaded == set()


@pytest.mark.parametrize("name", ["zot_ci.settings.model", "zot_ci.credential_args", "zot_ci.checked_credential"])
def test_the_settings_of_the_program_load_it(name: str) -> None:
    """There a person's mistakes are explained, all of them at once."""
    assert {"pydantic", "zot_ci.settings.account"} <= loaded_by(name)
