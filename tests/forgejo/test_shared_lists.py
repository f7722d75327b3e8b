"""
One read of a list of secrets for all who look at it.
"""

from __future__ import annotations

import pytest
from starlette.responses import Response

from tests.forgejo.test_api import at
from tests.http.between import Between
from tests.http.clock import SetClock
from tests.world import OWNER, REPOSITORY, World
from zot_ci.forgejo.api import forgejo_at
from zot_ci.http import once
from zot_ci.http.errors import ReconcileError
from zot_ci.settings.place import Place
from zot_ci.settings.server import ForgejoServer


@pytest.mark.embedded
def test_a_list_is_read_once_for_all_of_its_secrets(signed_in: World) -> None:
    """Fifty by one request, and the repository by one; another repository has its own."""
    held = signed_in.estate.forgejo
    names = [f"KEY_{number:03}" for number in range(120)]
    for name in names:
        held.set_value(OWNER, REPOSITORY, name, "a-value")
    held.add_repo(OWNER, "another")
    forgejo = forgejo_at(ForgejoServer(signed_in.env["FORGEJO_URL"], "", None))
    signed_in.estate.log.clear()

    found = [forgejo.secret(at(name)) for name in names]
    assert [secret.name if secret else None for secret in found] == names
    assert {forgejo.owner(at(name)).id for name in names} == {held.repos[OWNER, REPOSITORY].id}
    assert len(signed_in.estate.log) == 3 + 1

    assert forgejo.secret(Place.secret("KEY_000", repository=f"{OWNER}/another")) is None


@pytest.mark.embedded
def test_a_value_that_is_overwritten_changes_no_list_and_a_new_secret_does(signed_in: World) -> None:
    """A list shows no values; when a secret was made, it does show."""
    held = signed_in.estate.forgejo
    held.set_value(OWNER, REPOSITORY, "OLD", "a-value")
    forgejo = forgejo_at(ForgejoServer(signed_in.env["FORGEJO_URL"], "", None))
    old = forgejo.secret(at("OLD"))
    signed_in.estate.log.clear()

    forgejo.publish(at("OLD"), "another")
    assert forgejo.published(at("OLD")) == old
    assert [call.method for call in signed_in.estate.log] == ["PUT"]

    forgejo.publish(at("NEW"), "a-value")
    assert forgejo.secret(at("NEW")) is not None
    forgejo.delete(at("NEW"))
    assert forgejo.secret(at("NEW")) is None


@pytest.mark.embedded
def test_a_secret_that_others_made_meanwhile_is_found_after_it_was_written(signed_in: World) -> None:
    """The server then says that it overwrote one, which the list of before does not have."""
    forgejo = forgejo_at(ForgejoServer(signed_in.env["FORGEJO_URL"], "", None))
    assert forgejo.secret(at("KEY")) is None
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, "KEY", "a-value")

    forgejo.publish(at("KEY"), "another")

    assert forgejo.published(at("KEY")) is not None


@pytest.mark.embedded
def test_a_list_is_read_again_after_a_minute(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run can wait an hour for a canary, and somebody may delete a secret meanwhile."""
    clock = SetClock(monkeypatch, once)
    forgejo = forgejo_at(ForgejoServer(signed_in.env["FORGEJO_URL"], "", None))
    assert forgejo.secret(at("KEY")) is None
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, "KEY", "a-value")

    clock.now += 59
    assert forgejo.secret(at("KEY")) is None
    clock.now += 1
    assert forgejo.secret(at("KEY")) is not None


@pytest.mark.embedded
def test_a_list_is_read_again_after_a_deletion_whose_answer_was_lost(signed_in: World) -> None:
    """Nobody knows whether the secret is gone."""
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, "KEY", "a-value")
    forgejo = forgejo_at(ForgejoServer(signed_in.env["FORGEJO_URL"], "", None))
    assert forgejo.secret(at("KEY")) is not None
    Between(signed_in.estate.forgejo).answer("DELETE /", Response(status_code=500), times=4)

    with pytest.raises(ReconcileError):
        forgejo.delete(at("KEY"))
    signed_in.estate.forgejo.delete_value(OWNER, REPOSITORY, "KEY")

    assert forgejo.secret(at("KEY")) is None
