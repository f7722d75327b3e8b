"""
The secrets that an `up` keeps as they are and writes again, since nobody can read them: by the program, beside their
resources, and only those.
"""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime import mocks
from starlette.responses import JSONResponse

from tests.dynamic.wanted import calls
from tests.http.between import Between
from tests.messages import assert_names
from tests.mocks import KEY, Monitor, Providers, run
from tests.settings.given import RIGHT, given
from tests.world import OWNER, REPOSITORY, SECRET, World
from zot_ci.dynamic.entries import KeySeen, SecretUnchanged
from zot_ci.dynamic.run import RUN
from zot_ci.settings.place import Place

pytestmark = pytest.mark.embedded

PLACE = Place.secret(SECRET, repository=f"{OWNER}/{REPOSITORY}")


def program(world: World, **options: Any) -> None:
    """Run the program; its providers have found everything in sync."""
    run(given(RIGHT | {"forgejo": {"url": world.env["FORGEJO_URL"]}}), **options)


def wrote(world: World) -> list[str]:
    """What was written to the forge."""
    return [call for call in calls(world, "forgejo") if not call.startswith("GET ")]


def test_a_secret_that_is_kept_is_written_again_with_the_current_key(signed_in: World) -> None:
    """Whatever somebody has put there."""
    signed_in.estate.forgejo.set_value(OWNER, REPOSITORY, SECRET, "overwritten")
    RUN.note(SecretUnchanged(PLACE.identity, True))

    program(signed_in)

    assert signed_in.secret() == KEY
    assert RUN.faults() == {}


@pytest.mark.parametrize("how", ["not asked about", "written by its resource", "preview"])
def test_no_other_secret_is_written_by_the_program(how: str, signed_in: World) -> None:
    """What a run leaves out stays as it is, and what its resource has just written needs no second request."""
    if how != "not asked about":
        RUN.note(SecretUnchanged(PLACE.identity, how == "preview"))

    program(signed_in, preview=how == "preview")

    assert wrote(signed_in) == []


class Holding(Providers):
    """The state's key has that uuid."""

    def __init__(self, uuid: str) -> None:
        super().__init__()
        self._uuid = uuid

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        id_, outputs = super().new_resource(args)
        return id_, outputs | ({"uuid": self._uuid} if args.typ.endswith("zot:ApiKey") else {})


def test_a_key_that_the_registry_says_nothing_of_is_not_written_again(signed_in: World) -> None:
    """Somebody may have put a newer one there; the next run that gets an answer writes it."""
    RUN.note(SecretUnchanged(PLACE.identity, True))

    program(signed_in, monitor=Monitor(Holding("unknown")))

    assert wrote(signed_in) == []
    assert RUN.faults() == {}


def test_a_variable_that_cannot_be_used_is_a_fault_and_no_traceback(
    signed_in: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a refresh the program is the first that asks the forge."""
    RUN.note(SecretUnchanged(PLACE.identity, True))
    monkeypatch.setenv("ZOT_CI_REQUESTS_PER_SECOND", "fast")

    program(signed_in)

    [(fault, what)] = RUN.faults().items()
    assert what == [PLACE.thing]
    assert_names(fault, "not published again", "ZOT_CI_REQUESTS_PER_SECOND")


def test_a_dead_key_is_not_written_again(signed_in: World) -> None:
    """After an older state was put back; the run ends with the line that says so."""
    RUN.note(SecretUnchanged(PLACE.identity, True))
    RUN.note(KeySeen("dead", False))

    program(signed_in, monitor=Monitor(Holding("dead")))

    assert wrote(signed_in) == []
    [(fault, _)] = RUN.faults().items()
    assert_names(fault, "not published again", "refuses key")


def test_a_secret_that_cannot_be_written_again_is_a_fault_of_the_run(signed_in: World) -> None:
    """And of no resource: others are written."""
    RUN.note(SecretUnchanged(PLACE.identity, True))
    refused = {
        "message": "token does not have at least one of required scope(s)",
        "url": "https://forge.test/api/swagger",
    }
    Between(signed_in.estate.forgejo).answer("PUT /", JSONResponse(refused, status_code=403))

    program(signed_in)

    [(fault, what)] = RUN.faults().items()
    assert what == [PLACE.thing]
    assert_names(fault, "not published again: Forgejo PUT ", "403", "write:repository")
