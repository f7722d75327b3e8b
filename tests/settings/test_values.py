"""
What `test_settings.py` leaves out of wrong settings: other types, odd URLs, too long, not ASCII, two of one account.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from typing import Any

import pytest

from components.settings.model import SettingsError, load
from tests.settings import given as settings

MISSING = object()
URL_RULE = "must be a URL that begins with https:// or http://"
NAME_RULE = "must be letters, digits and _, and begin with no digit"
KEPT_RULE = "must not be CI or begin with GITHUB_, GITEA_ or FORGEJO_, which the server keeps for itself"
USER_RULE = "must be 1 to 100 letters, digits and any of . _ @ + -"
IMAGE_RULE = "must be an image repository's name: small letters, digits, . _ - and /"
SCOPE_RULE = "must name exactly one of repository, organization, and user: true"
LATER_RULE = "expireAfterDays must be more than rotateAfterDays: a key has to outlive its rotation"

_ACCOUNT = settings.RIGHT["accounts"][0]
# With a list of fields, so that there is a path to each.
RIGHT: Mapping[str, Any] = settings.RIGHT | {"accounts": [_ACCOUNT | {"onepassword": [_ACCOUNT["onepassword"]]}]}


def told(values: Mapping[str, Any]) -> list[str]:
    """
    Return the lines that are printed of these settings, without the first.
    """
    with pytest.raises(SettingsError) as caught:
        load(settings.given(values))
    first, *lines = str(caught.value).splitlines()
    assert first == "the stack's settings cannot be used:"
    assert caught.value.__cause__ is None
    return [line.removeprefix("  ") for line in lines]


def spoiled(path: str, value: Any) -> dict[str, Any]:
    """
    Return the right settings with another *value* at *path* (`accounts[0].forgejo[0].secret`).
    """
    values = copy.deepcopy(dict(RIGHT))
    *way, last = [int(part) if part.isdigit() else part for part in re.findall(r"[^.\[\]]+", path)]
    place: Any = values
    for part in way:
        place = place[part]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value
    return values


def test_the_settings_that_are_spoiled_here_are_right() -> None:
    """Each case below has one fault, its own."""
    assert load(settings.given(RIGHT)).accounts[0].username == "zot-ci"


A = "accounts[0]"
SECRET, REPOSITORY = f"{A}.forgejo[0].secret", f"{A}.forgejo[0].repository"
STORE, CANARY, TARGET = f"{A}.onepassword[0]", f"{A}.forgejo[0].canary", f"zot-ci:{A}.forgejo[0]"
ROTATE, EXPIRE, GROUPS, USERNAME = f"{A}.rotateAfterDays", f"{A}.expireAfterDays", f"{A}.groups", f"{A}.username"

# id: path, value, and the line after "zot-ci:<path>", or the whole line.
WRONG: dict[str, tuple[str, Any, str]] = {
    "username_missing": (USERNAME, MISSING, "is missing"),
    "onepassword_missing": (f"{A}.onepassword", MISSING, "is missing"),
    "secret_missing": (SECRET, MISSING, "is missing"),
    "url_without_host": ("zot.url", "https://", URL_RULE),
    "url_with_a_blank": ("authentik.url", "https://authentik example", URL_RULE),
    "url_with_a_port_too_high": ("forgejo.url", "https://forge.example.test:99999", URL_RULE),
    "url_with_one_slash": ("forgejo.url", "https:/forge.example.test", URL_RULE),
    "url_without_slashes": ("forgejo.url", "https:forge.example.test", URL_RULE),
    "url_after_a_blank": ("forgejo.url", " https://forge.example.test", URL_RULE),
    "url_with_a_line_end": ("forgejo.url", "https://forge.example.test\n", URL_RULE),
    "url_with_a_backslash": ("forgejo.url", "https://forge.example.test\\x", URL_RULE),
    "url_with_an_empty_label": ("forgejo.url", "https://forge..example.test", URL_RULE),
    "url_with_a_label_too_long": ("forgejo.url", f"https://{'a' * 64}.example.test", URL_RULE),
    "url_with_a_user_name": ("zot.url", "https://s3cret@registry.test", "must hold no user name or password"),
    "url_with_an_empty_query": ("zot.url", "https://registry.test?", "must end before any ? or #"),
    "url_with_an_empty_fragment": ("zot.url", "https://registry.test#", "must end before any ? or #"),
    "url_null": ("zot.url", None, "must be text"),
    "url_a_list": ("zot.url", ["https://registry.test"], "must be text"),
    "zot_yaml_in_a_text": ("zot", "url: https://registry.test", "must be a mapping"),
    "zot_a_list": ("zot", [{"url": "https://registry.test"}], "must be a mapping"),
    "zot_null": ("zot", None, "must be a mapping"),
    "accounts_null": ("accounts", None, "must be a list"),
    "accounts_yaml_in_a_text": ("accounts", "- username: zot-ci", "must be a list"),
    "account_a_text": (A, "zot-ci", "must be a mapping"),
    "account_null": (A, None, "must be a mapping"),
    "provider_empty": ("zot.oidcProvider", "", "must not be empty"),
    "provider_too_long": ("zot.oidcProvider", "x" * 201, "string should have at most 200 characters"),
    "image_not_ascii": ("zot.probeRepository", "prüfung", IMAGE_RULE),
    "image_too_long": ("zot.probeRepository", "a" * 5000, IMAGE_RULE),
    "username_empty": (USERNAME, "", USER_RULE),
    "username_not_ascii": (USERNAME, "zöt-ci", USER_RULE),
    "username_too_long": (USERNAME, "a" * 101, USER_RULE),
    "username_with_a_line_end": (USERNAME, "zot-ci\n", USER_RULE),
    "username_with_a_colon": (USERNAME, "zot:ci", USER_RULE),
    "username_a_number": (USERNAME, 42, "must be text"),
    "username_null": (USERNAME, None, "must be text"),
    "name_too_long": (f"{A}.displayName", "x" * 201, "string should have at most 200 characters"),
    "group_a_number": (f"{GROUPS}[0]", 7, "must be text"),
    "group_null": (f"{GROUPS}[0]", None, "must be text"),
    "group_too_long": (f"{GROUPS}[0]", "x" * 201, "string should have at most 200 characters"),
    "retire_negative": (f"{A}.retireAfterDays", -1, "input should be greater than or equal to 0"),
    "retire_a_text": (f"{A}.retireAfterDays", "7", "must be a number"),
    "rotation_a_number": (f"{A}.rotation", 2, "must be text"),
    "rotation_blank": (f"{A}.rotation", " ", "must not be empty"),
    "rotate_a_truth_value": (ROTATE, True, "must be a number"),
    "rotate_null": (ROTATE, None, "must be a number"),
    "rotate_no_number": (ROTATE, float("nan"), "input should be a finite number"),
    "rotate_endless": (ROTATE, float("inf"), "input should be a finite number"),
    "rotate_in_ten_years": (ROTATE, 3651, "input should be less than or equal to 3650"),
    "expire_negative": (EXPIRE, -120, "input should be greater than 0"),
    "expire_a_list": (EXPIRE, [120], "must be a number"),
    "expire_before_the_rotation": (EXPIRE, 89.9, f"zot-ci:{A} {LATER_RULE}"),
    "rotate_after_the_default_expiry": (ROTATE, 121, f"zot-ci:{A} {LATER_RULE}"),
    "vault_empty": (f"{STORE}.vault", "", "must not be empty"),
    "vault_a_number": (f"{STORE}.vault", 12, "must be text"),
    "item_blank": (f"{STORE}.item", "   ", "must not be empty"),
    "field_null": (f"{STORE}.field", None, "must be text"),
    "onepassword_an_address": (f"{A}.onepassword", "op://blumeops/item/field", "must be a list"),
    "onepassword_null": (f"{A}.onepassword", None, "must be a list"),
    "target_of_the_user_too": (f"{A}.forgejo[0].user", True, f"{TARGET} {SCOPE_RULE}"),
    "target_of_a_user_s_name": (f"{A}.forgejo[0].user", "eblume", "input should be a valid boolean"),
    "canary_a_text": (CANARY, "canary.yaml", "must be a mapping"),
    "canary_without_workflow": (CANARY, {"ref": "main"}, "zot-ci:accounts[0].forgejo[0].canary.workflow is missing"),
    "canary_unknown_key": (
        CANARY,
        {"workflow": "canary.yaml", "branch": "main"},
        "zot-ci:accounts[0].forgejo[0].canary.branch is not a setting; known here: workflow, ref, timeoutSeconds",
    ),
    "canary_for_ever": (
        CANARY,
        {"workflow": "canary.yaml", "timeoutSeconds": 3601},
        "zot-ci:accounts[0].forgejo[0].canary.timeoutSeconds input should be less than or equal to 3600",
    ),
    "forgejo_a_mapping": (f"{A}.forgejo", {"repository": "a/b", "secret": "C"}, "must be a list"),
    "forgejo_a_text": (f"{A}.forgejo[0]", "a/b", "must be a mapping"),
    "repository_of_three_parts": (REPOSITORY, "a/b/c", "must be owner/name"),
    "repository_upwards": (REPOSITORY, "eblume/..", "must be owner/name"),
    "repository_not_ascii": (REPOSITORY, "eblume/blümeops", "must be owner/name"),
    "repository_too_long": (REPOSITORY, "a" * 5000 + "/b", "must be owner/name"),
    "secret_empty": (SECRET, "", NAME_RULE),
    "secret_not_ascii": (SECRET, "SCHLÜSSEL", NAME_RULE),
    "secret_too_long": (SECRET, "A" * 256, NAME_RULE),
    "secret_of_github": (SECRET, "GITHUB_TOKEN", KEPT_RULE),
    "secret_of_forgejo": (SECRET, "FORGEJO_TOKEN", KEPT_RULE),
    "secret_a_number": (SECRET, 123, "must be text"),
    "unknown_token": ("zot.token", "s3cret", "is not a setting; known here: url, oidcProvider, probeRepository"),
    "unknown_in_a_list": (f"{A}.forgejo[0].secrets", "X", "is not a setting; did you mean secret?"),
    "unknown_section": (
        f"{STORE}.section",
        "CI",
        "is not a setting; known here: vault, item, field",
    ),
}


@pytest.mark.parametrize(("path", "value", "line"), WRONG.values(), ids=WRONG.keys())
def test_a_wrong_setting_is_told_in_one_line(path: str, value: Any, line: str) -> None:
    """The whole line, nothing beside it, and no value in it."""
    whole = line if line.startswith("zot-ci:") else f"zot-ci:{path} {line}"

    lines = told(spoiled(path, value))

    assert lines == [whole]
    assert "s3cret" not in whole


TWICE = {
    "username": (
        {"onepassword": {"vault": "v", "item": "i", "field": "f"}, "forgejo": [{"repository": "a/b", "secret": "C"}]},
        "username zot-ci is there 2 times",
    ),
    "field": (
        {"username": "other", "forgejo": [{"repository": "a/b", "secret": "C"}]},
        "1Password field blumeops/Forgejo Secrets/zot-ci-api is there 2 times",
    ),
    "secret": (
        {
            "username": "other",
            "onepassword": {"vault": "v", "item": "i", "field": "f"},
            "forgejo": [{"repository": "Eblume/Blumeops", "secret": "zot_ci_api_key"}],
        },
        "Forgejo secret eblume/blumeops/ZOT_CI_API_KEY is there 2 times",
    ),
    "all": (
        {},
        "username zot-ci is there 2 times; 1Password field blumeops/Forgejo Secrets/zot-ci-api is there 2 times; "
        "Forgejo secret eblume/blumeops/ZOT_CI_API_KEY is there 2 times",
    ),
}


@pytest.mark.parametrize(("second", "line"), TWICE.values(), ids=TWICE.keys())
def test_what_two_accounts_share_is_named(second: dict[str, Any], line: str) -> None:
    """Two accounts over one field or one secret would overwrite each other's key at every run."""
    first = RIGHT["accounts"][0]

    (only,) = told({**RIGHT, "accounts": [first, first | second]})

    assert only.rstrip().endswith(line)
    assert only.startswith("zot-ci:")


def test_a_target_twice_in_one_account_is_named() -> None:
    """However it is spelled: the server takes names without case."""
    targets = [{"repository": "a/b", "secret": "C"}, {"repository": "A/B", "secret": "c"}]

    (only,) = told(spoiled(f"{A}.forgejo", targets))

    assert only.endswith("Forgejo secret a/b/C is there 2 times")


@pytest.mark.parametrize("config", [{}, {"pulumi:tags": "x"}, {"other:zot": "{}"}], ids=["none", "pulumi", "others"])
def test_a_stack_file_without_our_namespace_says_what_is_missing(config: dict[str, str]) -> None:
    """Other namespaces are other programs'."""
    with pytest.raises(SettingsError) as caught:
        load(config)

    assert str(caught.value).count(" is missing") == 3
