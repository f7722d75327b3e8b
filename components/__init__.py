"""
The public names: the credential component and the stack's settings.

Each name is imported when it is first used (PEP 562). The engine imports each dynamic provider by its path and so runs
this file in every provider process, and the clients below `http/` are used without Pulumi; neither needs these names.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .credential_args import CanaryArgs, FieldArgs, RegistryCredentialArgs, SecretArgs
    from .dynamic.program_run import fail_on_faults
    from .registry_credential import RegistryCredential
    from .settings.model import Settings, SettingsError, load

if __name__ != "zot_ci":
    import_module("zot_ci.former_name").alias(__name__)

__all__ = [
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

_MODULES = {
    "CanaryArgs": ".credential_args",
    "FieldArgs": ".credential_args",
    "RegistryCredential": ".registry_credential",
    "RegistryCredentialArgs": ".credential_args",
    "SecretArgs": ".credential_args",
    "Settings": ".settings.model",
    "SettingsError": ".settings.model",
    "fail_on_faults": ".dynamic.program_run",
    "load": ".settings.model",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(_MODULES[name], __name__), name)
