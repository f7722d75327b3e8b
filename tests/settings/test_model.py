"""
The stack's settings: for each wrong one the exact line, all of them at once, and never the value.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

import pytest

from components.settings.model import SettingsError, load
from tests.settings.given import RIGHT, given

TOKEN = "zak_5ec7e75ec7e75ec7e75ec7e75ec7e75e"

GONE: Any = object()
URL = "must be a URL that begins with https:// or http://"
OWNERS = "must name exactly one of repository, organization, and user: true"
SECRETS = "must not be CI or begin with GITHUB_, GITEA_ or FORGEJO_, which the server keeps for itself"
NAME = "must be letters, digits and _, and begin with no digit"


def with_(*changes: tuple[str, Any]) -> dict[str, Any]:
    """The right settings with other values at these paths, `accounts.0.username`."""
    values = copy.deepcopy(RIGHT)
    for path, value in changes:
        *way, last = path.split(".")
        place: Any = values
        for part in way:
            place = place[int(part) if isinstance(place, list) else part]
        if value is GONE:
            del place[last]
        elif isinstance(place, list):
            place[int(last)] = value
        else:
            place[last] = value
    return values


A = "accounts.0"
F = f"{A}.forgejo.0"
REFERENCE = "must be a 1Password reference, op://vault/item/[section/]field; a token itself does not belong here"
WRONG: dict[str, tuple[str, Any, str]] = {
    "a token itself": ("authentik.token", TOKEN, f"authentik.token {REFERENCE}"),
    "half a reference": ("forgejo.token", "op://vault/item", f"forgejo.token {REFERENCE}"),
    "no way": (
        "onepassword",
        {"access": TOKEN},
        "onepassword.access must be 'connect', 'serviceAccount' or 'cli'",
    ),
    "zot missing": ("zot", GONE, "zot is missing"),
    "forgejo missing": ("forgejo", GONE, "forgejo is missing"),
    "accounts missing": ("accounts", GONE, "accounts is missing"),
    "url missing": ("zot.url", GONE, "zot.url is missing"),
    "no scheme": ("zot.url", "registry.example.test", f"zot.url {URL}"),
    "another scheme": ("zot.url", "ftp://registry.example.test", f"zot.url {URL}"),
    "no text": ("zot.url", 5000, "zot.url must be text"),
    "password": ("zot.url", "https://me:pw@registry.example.test", "zot.url must hold no user name or password"),
    "query": ("zot.url", "https://registry.example.test?x=y", "zot.url must end before any ? or #"),
    "fragment": ("zot.url", "https://registry.example.test#x", "zot.url must end before any ? or #"),
    "slash": ("zot.url", "https://registry.example.test/", "zot.url must not end with a slash"),
    "a text for a mapping": ("zot", "https://registry.example.test", "zot must be a mapping"),
    "no accounts": ("accounts", [], "accounts must not be empty"),
    # The look for a similar key ran for every fault, and ended in a traceback where the place has no keys.
    "a number among texts": (f"{A}.groups", ["artifact-workloads", 7], "accounts[0].groups[1] must be text"),
    "a mapping for accounts": ("accounts", {"username": "x"}, "accounts must be a list"),
    "unknown at the top": (
        "registry",
        {},
        "registry is not a setting; known here: authentik, zot, forgejo, onepassword, accounts, sso",
    ),
    "misspelled at the top": ("acounts", [], "acounts is not a setting; did you mean accounts?"),
    "misspelled inside": ("zot.oidcprovider", "x", "zot.oidcprovider is not a setting; did you mean oidcProvider?"),
    "snake case": (
        f"{A}.rotate_after_days",
        90,
        "accounts[0].rotate_after_days is not a setting; did you mean rotateAfterDays?",
    ),
    "deep inside": (f"{F}.repo", "x", "accounts[0].forgejo[0].repo is not a setting; known here: "),
    "user name": (
        f"{A}.username",
        "zot ci",
        "accounts[0].username must be 1 to 100 letters, digits and any of . _ @ + -",
    ),
    "no groups": (f"{A}.groups", [], "accounts[0].groups must not be empty"),
    "an empty group": (f"{A}.groups", [""], "accounts[0].groups[0] must not be empty"),
    "a group twice": (f"{A}.groups", ["a", "a"], "accounts[0].groups must name each group once"),
    "groups as text": (f"{A}.groups", "a", "accounts[0].groups must be a list"),
    "days as text": (f"{A}.rotateAfterDays", "90", "accounts[0].rotateAfterDays must be a number"),
    "negative days": (
        f"{A}.rotateAfterDays",
        -1,
        "accounts[0].rotateAfterDays input should be greater than or equal to 0",
    ),
    "no expiry": (f"{A}.expireAfterDays", 0, "accounts[0].expireAfterDays input should be greater than 0"),
    "too many days": (
        f"{A}.expireAfterDays",
        3651,
        "accounts[0].expireAfterDays input should be less than or equal to 3650",
    ),
    "expiry too early": (
        f"{A}.expireAfterDays",
        90,
        "accounts[0] expireAfterDays must be more than rotateAfterDays: a key has to outlive its rotation",
    ),
    "no field": (f"{A}.onepassword", [], "accounts[0].onepassword must not be empty"),
    "field part missing": (
        f"{A}.onepassword",
        {"vault": "v", "item": "i"},
        "accounts[0].onepassword[0].field is missing",
    ),
    "no secrets": (f"{A}.forgejo", [], "accounts[0].forgejo must not be empty"),
    "repository": (f"{F}.repository", "blumeops", "accounts[0].forgejo[0].repository must be owner/name"),
    "a URL for a repository": (
        f"{F}.repository",
        "https://forge.example.test/a/b",
        "accounts[0].forgejo[0].repository must be owner/name",
    ),
    "nowhere": (f"{F}.repository", GONE, f"accounts[0].forgejo[0] {OWNERS}"),
    "two places": (f"{F}.organization", "o", f"accounts[0].forgejo[0] {OWNERS}"),
    "secret name": (f"{F}.secret", "zot-key", f"accounts[0].forgejo[0].secret {NAME}"),
    "secret's first letter": (f"{F}.secret", "1KEY", f"accounts[0].forgejo[0].secret {NAME}"),
    "reserved": (f"{F}.secret", "CI", f"accounts[0].forgejo[0].secret {SECRETS}"),
    "reserved prefix": (f"{F}.secret", "gitea_key", f"accounts[0].forgejo[0].secret {SECRETS}"),
    "probe repository": (
        "zot.probeRepository",
        "Upper/Case",
        "zot.probeRepository must be an image repository's name: small letters, digits, . _ - and /",
    ),
    "no authentik": (
        "authentik",
        GONE,
        " authentik is missing, and an account has groups: give its URL, or take the groups out",
    ),
}


def faults(values: Mapping[str, Any]) -> list[str]:
    """The lines under the first, which is always the same."""
    with pytest.raises(SettingsError) as caught:
        load(given(values))
    first, *rest = str(caught.value).split("\n")
    assert first == "the stack's settings cannot be used:"
    assert all(line.startswith("  zot-ci:") for line in rest)
    assert caught.value.__suppress_context__
    return [line.removeprefix("  zot-ci:") for line in rest]


# The suggestion is looked for whatever the fault, also where there is no key to suggest one for.


@pytest.mark.parametrize(
    "fault",
    WRONG,
)
def test_a_wrong_setting_is_told_in_its_own_line(fault: str) -> None:
    """The key's path and the rule."""
    path, value, line = WRONG[fault]

    [said] = faults(with_((path, value)))
    assert said == line or (line.endswith(": ") and said.startswith(line))


def test_several_faults_are_told_at_once() -> None:
    """One run is enough to mend them all."""
    values = with_(
        ("zot.url", "registry"), ("forgejo", GONE), (f"{A}.groups", []), (f"{F}.secret", "CI"), ("acounts", [])
    )

    assert sorted(faults(values)) == sorted(
        [
            f"zot.url {URL}",
            "forgejo is missing",
            "accounts[0].groups must not be empty",
            f"accounts[0].forgejo[0].secret {SECRETS}",
            "acounts is not a setting; did you mean accounts?",
        ]
    )


def test_two_accounts_must_not_share_anything() -> None:
    """Else they would overwrite each other's key, in every run."""
    twin = RIGHT["accounts"][0]
    other_spelling = {"repository": "Eblume/BlumeOps", "secret": "zot_ci_api_key"}
    [line] = faults(RIGHT | {"accounts": [twin, twin | {"forgejo": [other_spelling]}]})

    assert line == (
        " username zot-ci is there 2 times; "
        "1Password field blumeops/Forgejo Secrets/zot-ci-api is there 2 times; "
        "Forgejo secret eblume/blumeops/ZOT_CI_API_KEY is there 2 times"
    )


MISPLACED = [
    ("zot.url", f"https://{TOKEN}@registry.example.test"),
    ("zot.url", TOKEN),
    ("zot.url", f"https://registry.example.test/?token={TOKEN}"),
    ("zot", TOKEN),
    ("zot.token", TOKEN),
    ("accounts", TOKEN),
    (f"{A}.username", f"{TOKEN} {TOKEN}"),
    (f"{A}.displayName", [TOKEN]),
    (f"{A}.groups", {TOKEN: TOKEN}),
    (f"{A}.groups", [TOKEN, TOKEN]),
    (f"{A}.rotateAfterDays", TOKEN),
    (f"{A}.apiKey", TOKEN),
    (f"{A}.onepassword", TOKEN),
    (f"{A}.onepassword.field", [TOKEN]),
    (f"{F}.repository", TOKEN),
    (f"{F}.secret", f"{TOKEN}-"),
    (f"{F}.secret", f"GITHUB_{TOKEN}"),
    ("zot.probeRepository", f"{TOKEN}:"),
    ("zot.oidcProvider", TOKEN * 10),
]


@pytest.mark.parametrize(
    ("path", "value"), MISPLACED, ids=[f"{number} {path}" for number, (path, _) in enumerate(MISPLACED)]
)
def test_no_value_is_ever_echoed(path: str, value: Any) -> None:
    """It could be a secret in the wrong place."""
    assert all(TOKEN not in line and TOKEN.upper() not in line for line in faults(with_((path, value))))


def test_all_of_them_at_once_are_not_echoed_either() -> None:
    """As many faults as there are places."""
    apart = {path: value for path, value in MISPLACED if path not in ("zot", "accounts", f"{A}.onepassword")}
    lines = faults(with_(*apart.items()))

    assert len(lines) >= 8
    assert TOKEN not in "\n".join(lines)
