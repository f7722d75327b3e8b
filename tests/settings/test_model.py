"""
The stack's settings: for each wrong one a line with its path and its rule, all of them at once, and never the value.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.messages import assert_names
from tests.settings.given import RIGHT
from tests.settings.spoiled import MISSING, TOKEN, A, F, faults, with_, wrong

# What the rules are about.
URL = ("https://", "http://")
OWNERS = ("exactly one", "repository", "organization", "user")
SECRETS = ("CI", "GITHUB_", "GITEA_", "FORGEJO_")
NAME = ("letters", "digits", "_")
REFERENCE = ("1Password reference", "op://vault/item/[section/]field")

WRONG = {
    "a token itself": wrong("authentik.token", TOKEN, *REFERENCE),
    "half a reference": wrong("forgejo.token", "op://vault/item", *REFERENCE),
    "no backend": wrong(
        "onepassword", {"access": TOKEN}, "'connect'", "'serviceAccount'", "'cli'", place="onepassword.access"
    ),
    "zot missing": wrong("zot", MISSING, "missing"),
    "forgejo missing": wrong("forgejo", MISSING, "forgejo is missing", "zot-ci", "forgejoServers", place=""),
    "no such server": wrong(f"{F}.server", "codeberg", "zot-ci", "codeberg", "forgejoServers has none", place=""),
    "no server": wrong("forgejoServers", {}, "empty"),
    "server's name": wrong(
        "forgejoServers", {"A_B": {"url": "https://a.test"}}, "small letters", "-", place="forgejoServers.A_B"
    ),
    "server's key": wrong(
        "forgejoServers",
        {"codeberg": {"url": "https://a.test", "tokn": "x"}},
        "not a setting",
        "mean token",
        place="forgejoServers.codeberg.tokn",
    ),
    "server twice": wrong(
        "forgejoServers",
        {"codeberg": {"url": "https://FORGE.example.test:443"}},
        "one URL",
        "forgejo, codeberg",
        place="",
    ),
    "accounts missing": wrong("accounts", MISSING, "missing"),
    "url missing": wrong("zot.url", MISSING, "missing"),
    "no scheme": wrong("zot.url", "registry.example.test", *URL),
    "another scheme": wrong("zot.url", "ftp://registry.example.test", *URL),
    "no text": wrong("zot.url", 5000, "text"),
    "password": wrong("zot.url", "https://me:pw@registry.example.test", "user name", "password"),
    "query": wrong("zot.url", "https://registry.example.test?x=y", "? or #"),
    "fragment": wrong("zot.url", "https://registry.example.test#x", "? or #"),
    "slash": wrong("zot.url", "https://registry.example.test/", "slash"),
    "a text for a mapping": wrong("zot", "https://registry.example.test", "mapping"),
    "no accounts": wrong("accounts", [], "empty"),
    # The look for a similar key ran for every fault, and ended in a traceback where the place has no keys.
    "a number among texts": wrong(f"{A}.groups", ["artifact-workloads", 7], "text", place=f"{A}.groups[1]"),
    "a mapping for accounts": wrong("accounts", {"username": "x"}, "list"),
    "unknown at the top": wrong(
        "registry", {}, "not a setting", "authentik", "zot", "forgejo", "onepassword", "accounts", "sso"
    ),
    "misspelled at the top": wrong("acounts", [], "not a setting", "accounts"),
    "misspelled inside": wrong("zot.oidcprovider", "x", "not a setting", "oidcProvider"),
    "snake case": wrong(f"{A}.rotate_after_days", 90, "not a setting", "rotateAfterDays"),
    "deep inside": wrong(f"{F}.repo", "x", "not a setting", "known"),
    "user name": wrong(f"{A}.username", "zot ci", "100", "letters", "digits", ". _ @ + -"),
    "no groups": wrong(f"{A}.groups", [], "empty"),
    "an empty group": wrong(f"{A}.groups", [""], "empty", place=f"{A}.groups[0]"),
    "a group twice": wrong(f"{A}.groups", ["a", "a"], "once"),
    "groups as text": wrong(f"{A}.groups", "a", "list"),
    "days as text": wrong(f"{A}.rotateAfterDays", "ninety", "number"),
    "negative days": wrong(f"{A}.rotateAfterDays", -1, "0"),
    "no expiry": wrong(f"{A}.expireAfterDays", 0, "0"),
    "too many days": wrong(f"{A}.expireAfterDays", 3651, "3650"),
    "expiry too early": wrong(f"{A}.expireAfterDays", 90, "expireAfterDays", "rotateAfterDays", place=A),
    "no field": wrong(f"{A}.onepassword", [], "empty"),
    "field part missing": wrong(
        f"{A}.onepassword", {"vault": "v", "item": "i"}, "missing", place=f"{A}.onepassword[0].field"
    ),
    "no secrets": wrong(f"{A}.forgejo", [], "empty"),
    "repository": wrong(f"{F}.repository", "blumeops", "owner/name"),
    "a URL for a repository": wrong(f"{F}.repository", "https://forge.example.test/a/b", "owner/name"),
    "nowhere": wrong(f"{F}.repository", MISSING, *OWNERS, place=F),
    "two places": wrong(f"{F}.organization", "o", *OWNERS, place=F),
    "secret name": wrong(f"{F}.secret", "zot-key", *NAME),
    "secret's first letter": wrong(f"{F}.secret", "1KEY", *NAME),
    "reserved": wrong(f"{F}.secret", "CI", *SECRETS),
    "reserved prefix": wrong(f"{F}.secret", "gitea_key", *SECRETS),
    "probe repository": wrong("zot.probeRepository", "Upper/Case", "image repository", "small letters"),
    "a right that is implied": wrong(
        f"{A}.rights", ["read"], "'create'", "'update'", "'delete'", place=f"{A}.rights[0]"
    ),
    "a right twice": wrong(f"{A}.rights", ["create", "create"], "each right once"),
    "rights as text": wrong(f"{A}.rights", "create", "list"),
    "account's probe repository": wrong(f"{A}.probeRepository", "Upper/Case", "image repository"),
    "probe tag": wrong("zot.probeTag", "a tag", "image's tag", "letters"),
    "account's probe tag": wrong(f"{A}.probeTag", "a/b", "image's tag"),
    "no authentik": wrong("authentik", MISSING, "authentik", "missing", "groups", place=""),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_setting_is_told_in_its_own_line(fault: str) -> None:
    """The key's path and the rule."""
    one = WRONG[fault]

    one.check(with_((one.path, one.value)))


def test_several_faults_are_told_at_once() -> None:
    """One run is enough to see them all."""
    values = with_(
        ("zot.url", "registry"), ("onepassword", []), (f"{A}.groups", []), (f"{F}.secret", "CI"), ("acounts", [])
    )

    assert sorted(line.split()[0] for line in faults(values)) == [
        f"{F}.secret",
        f"{A}.groups",
        "acounts",
        "onepassword",
        "zot.url",
    ]


def test_two_accounts_must_not_share_anything() -> None:
    """Else they would overwrite each other's key, in every run."""
    twin = RIGHT["accounts"][0]
    other_spelling = {"repository": "Eblume/BlumeOps", "secret": "zot_ci_api_key"}
    [line] = faults(RIGHT | {"accounts": [twin, twin | {"forgejo": [other_spelling]}]})

    assert_names(line, "username zot-ci", "blumeops/Forgejo Secrets/zot-ci-api", "eblume/blumeops/ZOT_CI_API_KEY")
    assert line.count("2 times") == 3


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
