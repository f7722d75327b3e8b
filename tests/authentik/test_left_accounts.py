"""
What a destroy says of an account that it leaves, word for word: a person has to go on from that line.
"""

from __future__ import annotations

import pytest

from tests.dynamic.wanted import account, made_by, next_run, outs_of
from tests.world import World
from zot_ci.authentik.service_account import ServiceAccountProvider
from zot_ci.zot.api_key import ApiKeyProvider

pytestmark = pytest.mark.embedded

ACCOUNT, KEY = ServiceAccountProvider(), ApiKeyProvider()


def test_an_account_of_which_no_key_was_seen_is_left(signed_in: World, caplog: pytest.LogCaptureFixture) -> None:
    """Keys hang on the name: the next account of that name would have them."""
    made = outs_of(ACCOUNT.create(account(signed_in)))
    next_run(signed_in)

    ACCOUNT.delete(signed_in.username, made)

    assert caplog.messages[-1] == (
        "authentik: left account zot-ci: this run has not seen that no live key has its name; delete it by hand if the "
        "registry lists none"
    )


def test_an_account_that_authentik_gave_no_answer_about_is_left(
    signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Its key has ended in the same run, so that nothing speaks against deleting it by hand."""
    made = outs_of(ACCOUNT.create(account(signed_in)))
    minted = made_by(signed_in)
    KEY.delete(minted["uuid"], minted)
    signed_in.estate.authentik.down = True

    ACCOUNT.delete(signed_in.username, made)

    assert caplog.messages[-1].startswith("authentik account zot-ci was left: authentik ")
    assert caplog.messages[-1].endswith("; delete it by hand: it was made here, and no live key has its name")
