"""
What others may import from `components`, pinned.
"""

from __future__ import annotations

import components


def test_the_public_names_are_these() -> None:
    """A name that goes, or comes, is a decision."""
    assert components.__all__ == ["RegistryCredential", "RegistryCredentialArgs", "Settings", "SettingsError", "load"]
    assert all(hasattr(components, name) for name in components.__all__)
