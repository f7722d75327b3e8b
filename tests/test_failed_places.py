"""
What the sweep of older keys is told of a place that could not be served, by each SDK that is supported.

`make test-sso` runs this file too, with the SDK that the extra needs.
"""

from __future__ import annotations

from typing import Any

import pytest
from pulumi.runtime import mocks
from pulumi.runtime.rpc import UNKNOWN

from tests.mocks import DYNAMIC, FOUND, Monitor, Providers, Ran, run
from tests.settings.given import RIGHT, config

FIELD = "zot-ci-item-field"
SECRET = "zot-ci-actions-secret-eblume/blumeops/zot_ci_api_key"
COPY = {"vault": "v", "item": "i", "field": "copy"}


def held(ran: Ran) -> dict[str, Any]:
    """By place, the key that the sweep takes it to hold."""
    [sweep] = ran.of("RetiredKeys")
    return dict(sweep.inputs["held"])


def two_fields() -> dict[str, str]:
    """The configuration of an account with a store of record, a copy, and a secret."""
    return config(onepassword=[RIGHT["accounts"][0]["onepassword"], COPY])


@pytest.mark.parametrize("kind", ["ItemField", "ActionsSecret"])
def test_a_place_that_could_not_be_made_lags_behind(kind: str) -> None:
    """Its outputs are unknown. Dropped from the inputs, it would seem to be served, and the key that it holds end."""
    names = [one.name for one in run(two_fields()).of(kind)]
    [failing] = [name for name in names if kind == "ActionsSecret" or name != FIELD]

    found = held(run(two_fields(), monitor=Monitor(failing={failing})))

    assert len(found) == 3
    assert sorted(found.values()) == ["", FOUND["uuid"], FOUND["uuid"]]


def test_the_sweep_is_registered_although_a_place_failed() -> None:
    """It depends on the key alone, so the engine asks it, and does not delete what its state needs."""
    ran = run(two_fields(), monitor=Monitor(failing={SECRET}))
    [sweep], [key] = ran.of("RetiredKeys"), ran.of("ApiKey")
    urns = {one.urn: one.name for one in ran.registered}

    assert {urns[urn] for urn in sweep.request.dependencies} == {key.name, "zot-ci-service-account"}
    assert not sweep.request.propertyDependencies["held"].urns


class _LeftOut(Providers):
    """
    A secret that the run leaves out, and of which the engine gives what a preview would: the new key, and no mark.
    """

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict[str, Any]]:
        """
        Return id and outputs.
        """
        id_, outs = super().new_resource(args)
        if args.typ == f"{DYNAMIC}forgejo:ActionsSecret":
            del outs["mark"]
        return id_, outs


def test_a_key_without_its_mark_is_not_believed() -> None:
    """Nobody has published it there."""
    found = held(run(two_fields(), monitor=Monitor(_LeftOut())))

    assert [place for place, uuid in found.items() if not uuid] == ["Forgejo eblume/blumeops/ZOT_CI_API_KEY"]


def test_in_a_preview_an_unknown_key_stays_unknown() -> None:
    """A saved plan has to fit the `up` that follows."""
    found = held(run(two_fields(), monitor=Monitor(failing={SECRET}), preview=True))

    assert found["Forgejo eblume/blumeops/ZOT_CI_API_KEY"] == UNKNOWN
