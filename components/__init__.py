"""
The parts of the program: settings, the credential component, and the five resources that it is made of.
"""

from __future__ import annotations

from components.registry_credential import RegistryCredential, RegistryCredentialArgs
from components.settings import Settings, SettingsError, load

__all__ = ["RegistryCredential", "RegistryCredentialArgs", "Settings", "SettingsError", "load"]
