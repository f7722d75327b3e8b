"""
Odd values of settings: other types, odd URLs, too long, not ASCII, two of one account.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.messages import assert_names
from tests.settings.given import RIGHT, given
from tests.settings.spoiled import MISSING, A, F, faults, with_, wrong
from zot_ci.settings.model import SettingsError, load

# What the rules are about.
URL = ("https://", "http://")
NAME = ("letters", "digits", "_")
KEPT = ("CI", "GITHUB_", "GITEA_", "FORGEJO_")
USER = ("100", "letters", "digits", ". _ @ + -")
IMAGE = ("image repository", "small letters")
SCOPE = ("exactly one", "repository", "organization", "user")
LATER = ("expireAfterDays", "rotateAfterDays")

# With a list of fields, so that there is a path to each.
LISTED = (f"{A}.onepassword", [RIGHT["accounts"][0]["onepassword"]])


def test_the_settings_that_are_spoiled_here_are_right() -> None:
    """Each case below has one fault, its own."""
    assert load(given(with_(LISTED))).accounts[0].username == "zot-ci"


SECRET, REPOSITORY = f"{A}.forgejo[0].secret", f"{A}.forgejo[0].repository"
STORE, CANARY = f"{A}.onepassword[0]", f"{F}.canary"
AT_MOST = f"{A}.retireAtMostDays"
ROTATE, EXPIRE, GROUPS, USERNAME = f"{A}.rotateAfterDays", f"{A}.expireAfterDays", f"{A}.groups", f"{A}.username"

WRONG = {
    "username_missing": wrong(USERNAME, MISSING, "missing"),
    "onepassword_missing": wrong(f"{A}.onepassword", MISSING, "missing"),
    "secret_missing": wrong(SECRET, MISSING, "missing"),
    "url_without_host": wrong("zot.url", "https://", *URL),
    "url_with_a_blank": wrong("authentik.url", "https://authentik example", *URL),
    "url_with_a_port_too_high": wrong("forgejo.url", "https://forge.example.test:99999", *URL),
    "url_with_one_slash": wrong("forgejo.url", "https:/forge.example.test", *URL),
    "url_without_slashes": wrong("forgejo.url", "https:forge.example.test", *URL),
    "url_after_a_blank": wrong("forgejo.url", " https://forge.example.test", *URL),
    "url_with_a_line_end": wrong("forgejo.url", "https://forge.example.test\n", *URL),
    "url_with_a_backslash": wrong("forgejo.url", "https://forge.example.test\\x", *URL),
    "url_with_an_empty_label": wrong("forgejo.url", "https://forge..example.test", *URL),
    "url_with_a_label_too_long": wrong("forgejo.url", f"https://{'a' * 64}.example.test", *URL),
    "url_with_a_user_name": wrong("zot.url", "https://s3cret@registry.test", "user name", "password"),
    "url_with_an_empty_query": wrong("zot.url", "https://registry.test?", "? or #"),
    "url_with_an_empty_fragment": wrong("zot.url", "https://registry.test#", "? or #"),
    "url_null": wrong("zot.url", None, "no value"),
    "url_a_list": wrong("zot.url", ["https://registry.test"], "text"),
    "zot_yaml_in_a_text": wrong("zot", "url: https://registry.test", "mapping"),
    "zot_a_list": wrong("zot", [{"url": "https://registry.test"}], "mapping"),
    "zot_null": wrong("zot", None, "no value"),
    "accounts_null": wrong("accounts", None, "no value"),
    "accounts_yaml_in_a_text": wrong("accounts", "- username: zot-ci", "list"),
    "account_a_text": wrong(A, "zot-ci", "mapping"),
    "account_null": wrong(A, None, "mapping"),
    "provider_empty": wrong("zot.oidcProvider", "", "empty"),
    "provider_too_long": wrong("zot.oidcProvider", "x" * 201, "200"),
    "image_not_ascii": wrong("zot.probeRepository", "prüfung", *IMAGE),
    "image_too_long": wrong("zot.probeRepository", "a" * 5000, *IMAGE),
    "username_empty": wrong(USERNAME, "", *USER),
    "username_not_ascii": wrong(USERNAME, "zöt-ci", *USER),
    "username_too_long": wrong(USERNAME, "a" * 101, *USER),
    "username_with_a_line_end": wrong(USERNAME, "zot-ci\n", *USER),
    "username_with_a_colon": wrong(USERNAME, "zot:ci", *USER),
    "username_a_number": wrong(USERNAME, 42, "text"),
    "groups_null": wrong(GROUPS, None, "no value"),
    "username_null": wrong(USERNAME, None, "no value"),
    "name_too_long": wrong(f"{A}.displayName", "x" * 201, "200"),
    "group_a_number": wrong(f"{GROUPS}[0]", 7, "text"),
    "group_null": wrong(f"{GROUPS}[0]", None, "text"),
    "group_too_long": wrong(f"{GROUPS}[0]", "x" * 201, "200"),
    "retire_negative": wrong(f"{A}.retireAfterDays", -1, "0"),
    "retire_a_text": wrong(f"{A}.retireAfterDays", "7 days", "number"),
    "retire_no_plain_number": wrong(f"{A}.retireAfterDays", "1e1", "number"),
    "retire_endless_text": wrong(f"{A}.retireAfterDays", "inf", "number"),
    "retire_negative_text": wrong(f"{A}.retireAfterDays", "-1", "0"),
    "retire_empty_text": wrong(f"{A}.retireAfterDays", "", "number"),
    "rotation_a_number": wrong(f"{A}.rotation", 2, "text", "a number", "quotes"),
    "rotation_a_date": wrong(f"{A}.rotation", "2026-11-25 00:00:00 +0000 UTC", "text", "a date", "quotes"),
    "item_a_date_with_a_zone": wrong(f"{STORE}.item", "2026-01-01 12:30:00.5 +0100 +0100", "a date", "quotes"),
    "username_a_date": wrong(USERNAME, "2026-01-01 00:00:00 +0000 UTC", "a date", "quotes"),
    "secret_a_truth_value": wrong(SECRET, True, "text", "true or false", "quotes"),
    "group_a_fraction": wrong(f"{GROUPS}[0]", 0.5, "text", "a number", "quotes"),
    "tag_a_number": wrong("zot.probeTag", 1, "text", "a number", "quotes"),
    "rotation_blank": wrong(f"{A}.rotation", " ", "empty"),
    "rotate_a_truth_value": wrong(ROTATE, True, "number"),
    "rotate_null": wrong(ROTATE, None, "no value"),
    "rotate_no_number": wrong(ROTATE, float("nan"), "finite"),
    "rotate_endless": wrong(ROTATE, float("inf"), "finite"),
    "rotate_in_ten_years": wrong(ROTATE, 3651, "3650"),
    "expire_negative": wrong(EXPIRE, -120, "0"),
    "expire_a_list": wrong(EXPIRE, [120], "number"),
    "expire_before_the_rotation": wrong(EXPIRE, 89.9, *LATER, place=A),
    "rotate_after_the_default_expiry": wrong(ROTATE, 121, *LATER, place=A),
    "expire_with_the_grace": wrong(f"{A}.retireAfterDays", 120, "expireAfterDays", "retireAfterDays", place=A),
    "expire_within_the_grace": wrong(f"{A}.retireAfterDays", 120.5, "expireAfterDays", "retireAfterDays", place=A),
    "unused_a_text": wrong(f"{A}.retireWhenUnused", "daily", "true or false"),
    "unused_a_number": wrong(f"{A}.retireWhenUnused", 30, "true or false"),
    "at_most_a_text": wrong(AT_MOST, "a week", "number"),
    "at_most_zero": wrong(AT_MOST, 0, "0"),
    "at_most_null": wrong(AT_MOST, None, "no value"),
    "at_most_of_nothing": wrong(AT_MOST, 30, "retireAtMostDays", "retireWhenUnused: true", place=A),
    "up_every_no_days": wrong("upEveryDays", 0, "0"),
    "up_every_a_text": wrong("upEveryDays", "weekly", "number"),
    "up_every_null": wrong("upEveryDays", None, "no value"),
    # Default days, 90 and 120: a run each 30 days can meet a key that ends in that hour.
    "up_every_margin": wrong("upEveryDays", 30, *LATER, "upEveryDays", "zot-ci", "120 days", place=""),
    "vault_empty": wrong(f"{STORE}.vault", "", "empty"),
    "vault_a_number": wrong(f"{STORE}.vault", 12, "text"),
    "item_blank": wrong(f"{STORE}.item", "   ", "empty"),
    "field_null": wrong(f"{STORE}.field", None, "no value"),
    "onepassword_an_address": wrong(f"{A}.onepassword", "op://blumeops/item/field", "list"),
    "onepassword_null": wrong(f"{A}.onepassword", None, "no value"),
    "target_of_the_user_too": wrong(f"{A}.forgejo[0].user", True, *SCOPE, place=F),
    "target_of_a_user_s_name": wrong(f"{A}.forgejo[0].user", "eblume", "true or false"),
    "canary_a_text": wrong(CANARY, "canary.yaml", "mapping"),
    "canary_without_workflow": wrong(CANARY, {"ref": "main"}, "missing", place=f"{CANARY}.workflow"),
    "canary_unknown_key": wrong(
        CANARY,
        {"workflow": "canary.yaml", "branch": "main"},
        "not a setting",
        "workflow",
        "ref",
        "timeoutSeconds",
        place=f"{CANARY}.branch",
    ),
    "canary_for_ever": wrong(
        CANARY,
        {"workflow": "canary.yaml", "timeoutSeconds": 3601},
        "3600",
        place=f"{CANARY}.timeoutSeconds",
    ),
    "forgejo_a_mapping": wrong(f"{A}.forgejo", {"repository": "a/b", "secret": "C"}, "list"),
    "forgejo_a_text": wrong(f"{A}.forgejo[0]", "a/b", "mapping"),
    "repository_of_three_parts": wrong(REPOSITORY, "a/b/c", "owner/name"),
    "repository_upwards": wrong(REPOSITORY, "eblume/..", "owner/name"),
    "repository_not_ascii": wrong(REPOSITORY, "eblume/blümeops", "owner/name"),
    "repository_too_long": wrong(REPOSITORY, "a" * 5000 + "/b", "owner/name"),
    "secret_empty": wrong(SECRET, "", *NAME),
    "secret_not_ascii": wrong(SECRET, "SCHLÜSSEL", *NAME),
    "secret_too_long": wrong(SECRET, "A" * 256, *NAME),
    "secret_of_github": wrong(SECRET, "GITHUB_TOKEN", *KEPT),
    "secret_of_forgejo": wrong(SECRET, "FORGEJO_TOKEN", *KEPT),
    "secret_a_number": wrong(SECRET, 123, "text"),
    "unknown_token": wrong("zot.token", "s3cret", "not a setting", "url", "oidcProvider", "probeRepository"),
    "unknown_in_a_list": wrong(f"{A}.forgejo[0].secrets", "X", "not a setting", "mean secret"),
    "unknown_section": wrong(
        f"{STORE}.section",
        "CI",
        "not a setting",
        "vault",
        "item",
        "field",
    ),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_value_is_told_in_one_line(fault: str) -> None:
    """Its path and the rule, and nothing beside it."""
    one = WRONG[fault]

    one.check(with_(LISTED, (one.path, one.value)))


TWICE = {
    "username": (
        {"onepassword": {"vault": "v", "item": "i", "field": "f"}, "forgejo": [{"repository": "a/b", "secret": "C"}]},
        ["username zot-ci"],
    ),
    "field": (
        {"username": "other", "forgejo": [{"repository": "a/b", "secret": "C"}]},
        ["blumeops/Forgejo Secrets/zot-ci-api"],
    ),
    "secret": (
        {
            "username": "other",
            "onepassword": {"vault": "v", "item": "i", "field": "f"},
            "forgejo": [{"repository": "Eblume/Blumeops", "secret": "zot_ci_api_key"}],
        },
        ["eblume/blumeops/ZOT_CI_API_KEY"],
    ),
    "all": (
        {},
        ["username zot-ci", "blumeops/Forgejo Secrets/zot-ci-api", "eblume/blumeops/ZOT_CI_API_KEY"],
    ),
}


@pytest.mark.parametrize(("second", "shared"), TWICE.values(), ids=TWICE.keys())
def test_what_two_accounts_share_is_named(second: dict[str, Any], shared: list[str]) -> None:
    """Two accounts over one field or one secret would overwrite each other's key at every run."""
    first = RIGHT["accounts"][0]

    [line] = faults({**RIGHT, "accounts": [first, first | second]})

    assert_names(line, *shared)
    assert line.count("2 times") == len(shared)


def test_a_target_twice_in_one_account_is_named() -> None:
    """However it is spelled: the server takes names without case."""
    targets = [{"repository": "a/b", "secret": "C"}, {"repository": "A/B", "secret": "c"}]

    [line] = faults(with_((f"{A}.forgejo", targets)))

    assert_names(line, "a/b/C", "2 times")


@pytest.mark.parametrize("config", [{}, {"pulumi:tags": "x"}, {"other:zot": "{}"}], ids=["none", "pulumi", "others"])
def test_a_stack_file_without_our_namespace_says_what_is_missing(config: dict[str, str]) -> None:
    """Other namespaces are other programs'."""
    with pytest.raises(SettingsError) as caught:
        load(config)

    assert str(caught.value).count(" is missing") == 2
