"""
What a place says that is to hold a key which is missing or refused.
"""

from __future__ import annotations

import pytest

from zot_ci.dynamic.entries import KeySeen
from zot_ci.dynamic.errors import KeyRefusedError
from zot_ci.dynamic.held_key import holds, insist_on_a_key, refuse_a_dead_key
from zot_ci.dynamic.run import RUN
from zot_ci.http.errors import NotFoundError

PLACE = "1Password field a vault/an item/a field"


def test_a_place_without_a_key_says_what_the_run_left_out() -> None:
    with pytest.raises(NotFoundError) as caught:
        insist_on_a_key("", PLACE)

    assert str(caught.value) == (
        f"there is no key for {PLACE} yet; this run left its ApiKey out: run `pulumi up` without --target or --exclude"
    )


def test_a_refused_key_is_written_nowhere() -> None:
    RUN.note(KeySeen("a-uuid", False))

    with pytest.raises(KeyRefusedError) as caught:
        refuse_a_dead_key("a-uuid", PLACE)

    assert str(caught.value) == (
        f"{PLACE} is not written: the registry refuses key a-uuid, the last that the state knows; "
        "run `pulumi up` without --target, --exclude and --refresh=false"
    )


@pytest.mark.parametrize("accepted", [True, None])
def test_a_key_that_nobody_refused_is_written(accepted: bool | None) -> None:
    if accepted is not None:
        RUN.note(KeySeen("a-uuid", accepted))

    refuse_a_dead_key("a-uuid", PLACE)


def test_what_a_place_holds_names_the_key_and_how_long_it_works() -> None:
    assert holds("a-uuid") == "it holds key a-uuid, which works until it is revoked or expires"
