"""
A place that gets a new owner whose write fails: the old owner's deletion, later in the same run, leaves it alone.
"""

from __future__ import annotations

import pytest
from starlette.responses import Response

from tests.dynamic.wanted import NO_KEY, field, next_run, outs_of, secret
from tests.http.between import Between
from tests.world import OWNER, REPOSITORY, SECRET, World
from zot_ci.dynamic.run import RUN
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.http.errors import ReconcileError
from zot_ci.onepassword.item_field import ItemFieldProvider
from zot_ci.settings.place import Place

pytestmark = pytest.mark.embedded

ANOTHER_KEY = "zak_" + 32 * "1"


def break_(world: World, how: str) -> None:
    """From now on nothing can be written to a place that is there, or nobody hears that it was."""
    for system, call in ((world.estate.onepassword, "PATCH /v1/"), (world.estate.forgejo, "PUT /api/")):
        between = Between(system)
        if how == "refused":
            between.answer(call, Response(status_code=403))
        else:
            between.lost.append(call)


@pytest.mark.parametrize("how", ["refused", "answer lost"])
def test_a_field_whose_new_owner_could_not_write_it_is_not_removed(how: str, signed_in: World) -> None:
    """A replacement is created first; with its write failed, the field is still the only one that CI reads."""
    provider = ItemFieldProvider()
    olds = outs_of(provider.create(field()))
    next_run(signed_in)
    break_(signed_in, how)

    with pytest.raises(ReconcileError):
        provider.create(field(ANOTHER_KEY, "another"))
    provider.delete("id", olds)

    assert signed_in.field() in (NO_KEY, ANOTHER_KEY)


@pytest.mark.parametrize("how", ["refused", "answer lost"])
def test_a_secret_whose_new_owner_could_not_write_it_is_not_deleted(how: str, signed_in: World) -> None:
    """The same of the forge's."""
    provider = ActionsSecretProvider()
    olds = outs_of(provider.create(secret(signed_in)))
    next_run(signed_in)
    break_(signed_in, how)

    with pytest.raises(ReconcileError):
        provider.create(secret(signed_in, ANOTHER_KEY, "another"))
    provider.delete("id", olds)

    assert signed_in.secret() in (NO_KEY, ANOTHER_KEY)


@pytest.mark.parametrize("how", ["refused", "answer lost"])
def test_a_secret_that_could_not_be_written_is_not_published_once_more(how: str, signed_in: World) -> None:
    """Its resource says what is wrong; the program, which writes again what is kept, would only say it twice."""
    provider, place = ActionsSecretProvider(), Place.secret(SECRET, repository=f"{OWNER}/{REPOSITORY}")
    olds = outs_of(provider.create(secret(signed_in)))
    next_run(signed_in)
    provider.check(olds, secret(signed_in))
    assert RUN.is_unchanged(place.identity)
    break_(signed_in, how)

    with pytest.raises(ReconcileError):
        provider.update("id", olds, secret(signed_in))

    assert not RUN.is_unchanged(place.identity)
