"""
An organization, or the owner of a repository, that somebody renamed: told by the new name, and always let go of.
"""

from __future__ import annotations

import pytest
from starlette.responses import Response

from tests.dynamic.wanted import NO_KEY, accepted, next_run, outs_of, program_has, secret, writes
from tests.http.between import Between
from tests.messages import assert_names
from tests.world import OWNER, REPOSITORY, SECRET, World
from zot_ci.dynamic.errors import CollisionError
from zot_ci.dynamic.provider import Props
from zot_ci.forgejo.actions_secret import ActionsSecretProvider
from zot_ci.http.errors import InterceptedError, MovedError, SystemMovedError
from zot_ci.settings.place import Place

pytestmark = pytest.mark.embedded

PROVIDER = ActionsSecretProvider()
# The last two are spelled in the API's own paths, which Gitea's redirect does not tell apart.
NAMES = ["workers", "v1", "orgs"]


@pytest.fixture
def as_owner(signed_in: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """A token that may write to all three kinds of places."""
    scopes = ("write:repository", "write:organization", "write:user")
    monkeypatch.setenv("FORGEJO_TOKEN", signed_in.estate.forgejo.add_token(OWNER, scopes))
    return signed_in


def of(world: World, organization: str, **inputs: object) -> Props:
    """What the program asks of the organization's secret."""
    props = {name: value for name, value in secret(world).items() if name != "repository"}
    return props | {"organization": organization} | inputs


def published(world: World, organization: str) -> Props:
    """The secret as the last run recorded it."""
    world.estate.forgejo.add_org(organization, owners=(OWNER,))
    olds = outs_of(PROVIDER.create(of(world, organization)))
    next_run(world)
    return olds


@pytest.mark.parametrize("name", NAMES)
def test_a_renamed_organization_is_told_by_its_new_name(name: str, as_owner: World) -> None:
    """Nothing is written, and no redirect is followed."""
    olds = published(as_owner, name)
    as_owner.estate.forgejo.rename_owner(name, "Helpers")

    seen = outs_of(PROVIDER.read("id", olds))

    assert seen == olds | {"condition": "moved to Helpers: set that name in the settings"}
    with pytest.raises(MovedError, match=f"307 for {name}: it moved to Helpers; set that name in"):
        PROVIDER.update("id", seen, of(as_owner, name))
    assert writes(as_owner) == []


@pytest.mark.parametrize("name", NAMES)
def test_a_place_of_a_renamed_organization_is_let_go_of(
    name: str, as_owner: World, caplog: pytest.LogCaptureFixture
) -> None:
    """One warning says what stays where."""
    olds = published(as_owner, name)
    as_owner.estate.forgejo.rename_owner(name, "helpers")

    PROVIDER.delete("id", olds)

    [said] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert_names(said, f"Forgejo secret {name}/{SECRET} was left", "moved to helpers", "by hand", "key a-uuid")
    assert as_owner.estate.forgejo.org_value("helpers", SECRET) == NO_KEY


def test_with_the_new_name_the_old_instance_leaves_the_new_secret(as_owner: World) -> None:
    """The same organization and the same name are the same secret."""
    olds = published(as_owner, "workers")
    as_owner.estate.forgejo.rename_owner("workers", "helpers")
    old = outs_of(PROVIDER.read("id", olds))
    news = of(as_owner, "helpers")
    PROVIDER.check({}, news)

    PROVIDER.create(news)
    PROVIDER.delete("id", old)

    assert as_owner.estate.forgejo.org_value("helpers", SECRET) == NO_KEY


def test_old_and_new_name_in_one_stack_file_are_the_same_secret(as_owner: World) -> None:
    """Before anything is published twice."""
    olds = published(as_owner, "workers")
    as_owner.estate.forgejo.rename_owner("workers", "helpers")
    program_has(Place.secret(SECRET, organization="helpers").identity)

    with pytest.raises(CollisionError, match="the organization moved; name it once"):
        PROVIDER.update("id", olds, of(as_owner, "workers"))


@pytest.mark.parametrize("new", ["somebody", "repos"])
def test_a_repository_whose_owner_was_renamed_is_told_by_its_new_name(new: str, signed_in: World) -> None:
    """By the same redirect as its owner."""
    olds = outs_of(PROVIDER.create(secret(signed_in)))
    next_run(signed_in)
    signed_in.estate.forgejo.rename_owner(OWNER, new)

    seen = outs_of(PROVIDER.read("id", olds))

    assert seen["condition"] == f"moved to {new}/{REPOSITORY}: set that name in the settings"
    PROVIDER.delete("id", olds)
    assert signed_in.estate.forgejo.value(new, REPOSITORY, SECRET) == NO_KEY


def test_a_renamed_user_keeps_its_own_secrets(as_owner: World) -> None:
    """They are asked for without a name."""
    news = {name: value for name, value in secret(as_owner).items() if name != "repository"}
    olds = outs_of(PROVIDER.create(news))
    next_run(as_owner)
    as_owner.estate.forgejo.rename_owner(OWNER, "somebody")

    assert outs_of(PROVIDER.read("id", olds)) == olds
    accepted("a-uuid")
    PROVIDER.update("id", olds, news)
    PROVIDER.delete("id", olds)
    assert as_owner.estate.forgejo.user_value("somebody", SECRET) is None


@pytest.mark.parametrize("location", ["/login", "", "/api/v1/orgs/%2e%2e/actions/secrets", "https://sso.test/x?code=1"])
def test_a_place_behind_any_other_redirect_is_let_go_of_too(
    location: str, as_owner: World, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody can tell what has moved where: the line says what may be left, and the secret is not called deleted."""
    olds = published(as_owner, "workers")
    Between(as_owner.estate.forgejo).answer("DELETE /", Response(status_code=307, headers={"location": location}))

    PROVIDER.delete("id", olds)

    [said] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert_names(said, "was left", "307", "redirect", "by hand", "key a-uuid")
    assert "code=1" not in said
    assert as_owner.estate.forgejo.org_value("workers", SECRET) == NO_KEY


def test_such_a_redirect_is_an_error_of_its_own_where_it_stands_in_the_way(as_owner: World) -> None:
    """And never a new name."""
    olds = published(as_owner, "workers")
    Between(as_owner.estate.forgejo).answer("PUT /", Response(status_code=307, headers={"location": "/login"}))

    with pytest.raises(InterceptedError, match="307"):
        PROVIDER.update("id", olds, of(as_owner, "workers"))


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
def test_a_server_that_moved_as_a_whole_is_no_repository_of_another_name(
    method: str, signed_in: World, caplog: pytest.LogCaptureFixture
) -> None:
    """The same path at another host: the URL is told, without the path, and what is there stays."""
    olds = outs_of(PROVIDER.create(secret(signed_in)))
    next_run(signed_in)
    where = {"location": f"https://new.example.test/api/v1/repos/{OWNER}/{REPOSITORY}/actions/secrets/{SECRET}"}
    Between(signed_in.estate.forgejo).answer(f"{method} /actions/secrets/", Response(status_code=308, headers=where))
    if method == "GET":
        where["location"] = f"https://new.example.test/api/v1/repos/{OWNER}/{REPOSITORY}"
        Between(signed_in.estate.forgejo).answer("GET /repos/", Response(status_code=301, headers=where))
        seen = outs_of(PROVIDER.read("id", olds))
        wanted = "moved to https://new.example.test: if you know that address, set it as this system's URL"
        assert seen == olds | {"condition": wanted}
    elif method == "PUT":
        with pytest.raises(SystemMovedError, match=r"308 for .*: it moved to https://new\.example\.test;"):
            PROVIDER.update("id", olds, secret(signed_in))
    else:
        PROVIDER.delete("id", olds)
        [said] = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
        assert_names(said, "was left", "https://new.example.test;", "by hand")
    assert signed_in.secret() == NO_KEY
