"""
The front door, `import zot_ci`: which names it has, and that neither it nor a client loads Pulumi.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import zot_ci

ROOT = Path(__file__).resolve().parents[1]
# What the engine drives: the resources, the base of their providers, and the components that are made of them.
DRIVEN = {
    "authentik/service_account.py",
    "checked_credential.py",
    "credential_args.py",
    "dynamic/border.py",
    "dynamic/program_run.py",
    "dynamic/failures.py",
    "dynamic/managed.py",
    "dynamic/own_process.py",
    "dynamic/positions.py",
    "dynamic/waiting.py",
    "dynamic/program_claims.py",
    "dynamic/provider.py",
    "dynamic/settled.py",
    "forgejo/actions_secret.py",
    "forgejo/republication.py",
    "zot/known_alive.py",
    "onepassword/item_field.py",
    "registry_credential.py",
    "registry_sso.py",
    "zot/api_key.py",
    "zot/retired_keys.py",
}
# Import one module after the other, and end with the name of the first one after which the unwanted one is loaded.
IMPORT_ALL = """
import importlib, sys
unwanted, *names = sys.argv[1:]
for name in names:
    importlib.import_module(name)
    if sys.modules.get(unwanted):
        sys.exit(f"{name} loads {unwanted}")
"""


def files() -> set[str]:
    """Every file of components/, by its path in it."""
    folder = ROOT / "components"
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*.py")}


def module(file: str) -> str:
    """The name that a file of components/ is imported by."""
    return ".".join(["zot_ci", *file.removesuffix(".py").split("/")]).removesuffix(".__init__")


def loading(*names: str) -> subprocess.CompletedProcess[str]:
    """Import these modules in a fresh process, which is to stay without Pulumi."""
    return subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, "pulumi", *names], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_the_public_names_are_these() -> None:
    """A name that goes, or comes, is a decision."""
    assert zot_ci.__all__ == [
        "CanaryArgs",
        "FieldArgs",
        "RegistryCredential",
        "RegistryCredentialArgs",
        "SecretArgs",
        "Settings",
        "SettingsError",
        "fail_on_faults",
        "load",
    ]


@pytest.mark.parametrize("name", zot_ci.__all__)
def test_a_public_name_is_the_thing_of_that_name(name: str) -> None:
    """It is loaded when it is first asked for."""
    assert getattr(zot_ci, name).__name__ == name


def test_an_unknown_name_is_an_attribute_error_that_says_which() -> None:
    """As of any module: `hasattr` and `from … import` rely on it."""
    with pytest.raises(AttributeError, match=r"'zot_ci'.*'Credential'"):
        _ = zot_ci.Credential
    with pytest.raises(ImportError):
        from zot_ci import Credential  # noqa: F401


def test_the_front_door_loads_no_pulumi() -> None:
    """The clients are used without it, and whoever imports one of them comes through here."""
    ran = loading("zot_ci")

    assert (ran.returncode, ran.stderr) == (0, "")


def test_nothing_but_what_the_engine_drives_loads_pulumi() -> None:
    """HTTP and everything pure can be used, and tested, without it."""
    assert files() >= DRIVEN

    ran = loading(*sorted(module(file) for file in files() - DRIVEN))

    assert (ran.returncode, ran.stderr) == (0, "")


def test_a_file_that_loads_pulumi_is_named() -> None:
    """The two tests above can fail, and say where to look."""
    ran = loading("zot_ci.rotation", "zot_ci.zot.api_key", "zot_ci.zot.api")

    assert (ran.returncode, ran.stderr.strip()) == (1, "zot_ci.zot.api_key loads pulumi")
