"""
Accounts in a file of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.settings.given import RIGHT, given
from zot_ci.settings.model import SettingsError, load
from zot_ci.settings.named import named_fields


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], dict[str, str]]:
    """
    Give a function that writes the file, and returns the settings that name it.
    """
    monkeypatch.chdir(tmp_path)

    def written(text: str) -> dict[str, str]:
        (tmp_path / "stacks").mkdir(exist_ok=True)
        (tmp_path / "stacks" / "accounts.yaml").write_text(text)
        return given(RIGHT) | {"zot-ci:accounts": "stacks/accounts.yaml"}

    return written


def of(count: int) -> list[Mapping[str, Any]]:
    """
    Return so many accounts, each with a field and a secret of its own.
    """
    found = []
    for number in range(count):
        place = {"vault": "Homelab", "item": "CI", "field": f"key-{number}"}
        secret = {"repository": "eblume/blumeops", "secret": f"KEY_{number}"}
        found.append(RIGHT["accounts"][0] | {"username": f"ci-{number}", "onepassword": place, "forgejo": [secret]})
    return found


def test_a_thousand_accounts_are_those_of_the_file(file: Callable[[str], dict[str, str]]) -> None:
    """For the program, and for the providers, which ask for the named fields alone."""
    config = file(yaml.safe_dump(of(1000)))

    assert [account.username for account in load(config).accounts] == [f"ci-{number}" for number in range(1000)]
    assert [place.path[-1] for _, place in named_fields(config.get)] == [f"key-{number}" for number in range(1000)]


def test_what_is_merged_may_be_said_again(file: Callable[[str], dict[str, str]]) -> None:
    """YAML's own way to write a thing once; the mapping's own value counts."""
    account = "{username: a, onepassword: {vault: v, item: i, field: f}, rotateAfterDays: 30}"
    more = "{expireAfterDays: 40, rights: [update]}"
    other = "{<<: *one, <<: *more, username: b, onepassword: {vault: v, item: i, field: g}}"
    config = file(f"- &one {account}\n- {other}\n".replace("{username: a,", f"{{username: a, <<: &more {more},"))

    assert [(one.username, one.rotate_after_days) for one in load(config).accounts] == [("a", 30), ("b", 30)]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("- username: [", "zot-ci:accounts: stacks/accounts.yaml is no YAML, line 2; correct it"),
        ("- username: '5ecret\n", "zot-ci:accounts: stacks/accounts.yaml is no YAML, line 2; correct it"),
        (
            "- username: zot-ci\n  forgejo: []\n  rights: [5ecret]\n  forgejo: []\n",
            "zot-ci:accounts: stacks/accounts.yaml has a key twice, line 4; take one of them out",
        ),
        ("5ecret", "zot-ci:accounts"),
        ("accounts: []", "zot-ci:accounts"),
        ("", "zot-ci:accounts"),
        ("- username: ci 5ecret", "zot-ci:accounts[0].username"),
    ],
)
def test_what_is_wrong_in_it_is_told_by_place_and_never_by_value(
    text: str, fault: str, file: Callable[[str], dict[str, str]]
) -> None:
    """As in the stack file itself."""
    config = file(text)

    with pytest.raises(SettingsError) as caught:
        load(config)

    assert fault in str(caught.value)
    assert "5ecret" not in str(caught.value)
    assert named_fields(config.get) == []


def test_a_file_that_is_not_there_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the folder from which it was looked for."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(SettingsError) as caught:
        load(given(RIGHT) | {"zot-ci:accounts": "stacks/none.yaml"})

    words = (
        "stacks/none.yaml cannot be read (no such file or directory); the path is one from the folder of Pulumi.yaml"
    )
    assert words in str(caught.value)
