"""
How faults in the stack's settings are told.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from components.settings import SettingsError, load


def _config(**account: Any) -> dict[str, str]:
    values = {
        "zot-ci:authentik": {"url": "https://authentik.example.test"},
        "zot-ci:zot": {"url": "https://registry.example.test"},
        "zot-ci:forgejo": {"url": "https://forge.example.test"},
        "zot-ci:accounts": [
            {
                "username": "zot-ci",
                "groups": ["artifact-workloads"],
                "onepassword": {"vault": "v", "item": "i", "field": "f"},
                "forgejo": [{"repository": "o/r", "secret": "S"}],
            }
            | account
        ],
    }
    return {key: json.dumps(value) for key, value in values.items()}


def test_a_fault_inside_a_list_of_texts_is_one_line() -> None:
    """The look for a similar key ran for every fault, and ended in a traceback where the place has no keys."""
    with pytest.raises(SettingsError) as raised:
        load(_config(groups=["artifact-workloads", 7]))

    assert str(raised.value).splitlines()[1:] == ["  zot-ci:accounts[0].groups[1] must be text"]
