"""
What making a key needs, by what the settings name: the backend for 1Password, and somewhere to log in.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.dynamic.wanted import key
from tests.messages import assert_names
from tests.world import World
from zot_ci.http.errors import EnvironmentUnfitError
from zot_ci.zot.api_key import ApiKeyProvider
from zot_ci.zot.minting import no_login
from zot_ci.zot.order import candidates, refuse_what_takes_no_key, stored_key


@pytest.mark.embedded
def test_the_backend_that_the_settings_name_is_asked_for_the_key_before(
    signed_in: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the one that the environment would choose, here a Connect server."""
    monkeypatch.setenv("PATH", str(tmp_path))
    asked = ApiKeyProvider().asked
    wanted = asked(key(signed_in))
    named = asked(key(signed_in, onepassword_access="cli"))

    assert stored_key(wanted) is None
    refuse_what_takes_no_key(wanted)
    for ask in (stored_key, refuse_what_takes_no_key, lambda props: list(candidates(props))):
        with pytest.raises(EnvironmentUnfitError) as caught:
            ask(named)
        assert_names(caught.value, "`op` is not on PATH")


def test_where_nobody_can_log_in_the_line_says_so_and_nothing_of_a_key_that_is_not_there() -> None:
    """Word for word: what is said of a live key that does not fit is said only where there is one."""
    rest = (
        "; the settings name no authentik to log in at, so sign in by hand: generate a key in the registry's web page, "
        "paste it into the 1Password field, and run again"
    )

    assert no_login("zot-ci") == f"no live key can mint one for zot-ci{rest}"
    assert no_login("zot-ci", ": the live one cannot create") == (
        f"no live key can mint one for zot-ci: the live one cannot create{rest}"
    )
