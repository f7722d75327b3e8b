"""
What the embedded forge and the client believe of descriptions and of renamed owners, asked of a real Gitea.
"""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.estate import Estate
from tests.estate.forgejo import Forgejo
from tests.gitea import Gitea, gitea_or_skip
from zot_ci.forgejo.description import LONGEST
from zot_ci.forgejo.redirects import new_name
from zot_ci.settings.place import Place

pytestmark = pytest.mark.xdist_group("gitea")

SECRETS = "/repos/owner/names/actions/secrets"
BODY = {"data": "a value"}


@pytest.fixture(scope="module")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    """A running Gitea with *owner*'s repository `names`."""
    with Gitea.start(gitea_or_skip(), tmp_path_factory.mktemp("gitea")) as server:
        server.create_user("owner")
        server.create_repo("owner", "names")
        yield server


class Forge:
    """A forge, the real or the embedded one, and a token of *owner*, who has everything there."""

    def __init__(self, server: Gitea | Forgejo, token: str) -> None:
        self.server, self._headers = server, {"Authorization": f"token {token}"}

    def ask(self, method: str, path: str, **body: object) -> httpx.Response:
        """Returns the answer to one request."""
        url = f"{self.server.url}/api/v1{path}"
        return httpx.request(method, url, headers=self._headers, trust_env=False, json=body or None)

    def description(self) -> str:
        """Returns the description of the one secret."""
        [one] = self.ask("GET", SECRETS).json()
        return str(one["description"])

    def make_and_rename_org(self, name: str, new_name: str) -> None:
        """Makes an organization, which somebody renames."""
        if isinstance(self.server, Gitea):
            self.server.create_org(name, "owner")
            self.server.rename_org(name, new_name)
        else:
            self.server.add_org(name, owners=("owner",))
            self.server.rename_owner(name, new_name)


@pytest.fixture(params=["real", "embedded"])
def forge(request: pytest.FixtureRequest) -> Iterator[Forge]:
    """The real Gitea, then the embedded one: each fact is asked of both."""
    scopes = ("write:repository", "write:organization")
    if request.param == "real":
        gitea: Gitea = request.getfixturevalue("gitea")
        yield Forge(gitea, gitea.token("owner", scopes))
        return
    with Estate.start(only=("forgejo",)) as estate:
        estate.forgejo.flavour = "gitea"
        estate.forgejo.add_repo("owner", "names")
        yield Forge(estate.forgejo, estate.forgejo.add_token("owner", scopes))


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("  blanks \t\r\n", "  blanks \t\r\n"),
        ("x" * LONGEST, "x" * LONGEST),
        ("x" * (LONGEST + 1), "x" * LONGEST),
        ("\u00fc\U0001f600" * LONGEST, "\u00fc\U0001f600" * (LONGEST // 2)),
    ],
    ids=["blanks", "longest", "too long", "characters, not bytes"],
)
def test_a_description_is_kept_byte_for_byte_up_to_its_length(text: str, kept: str, forge: Forge) -> None:
    """What is longer is cut off with a 201 or 204."""
    assert forge.ask("PUT", f"{SECRETS}/KEY", **BODY, description=text).status_code in (201, 204)

    assert forge.description() == kept


def test_a_write_without_a_description_erases_it(forge: Forge) -> None:
    """As every program sends it that knows none."""
    forge.ask("PUT", f"{SECRETS}/KEY", **BODY, description="somebody's")

    assert forge.ask("PUT", f"{SECRETS}/KEY", **BODY).status_code == 204

    assert forge.description() == ""


@pytest.mark.parametrize("name", ["acme", "v1", "orgs", "a"])
def test_a_renamed_organization_leads_to_its_new_name(name: str, forge: Forge) -> None:
    """By 307 on every method; where the API's own path is spelled like the name, that is what is replaced."""
    forge.make_and_rename_org(name, f"new-{name}")
    secrets = f"/orgs/{name}/actions/secrets"

    answers = [
        forge.ask("GET", f"/orgs/{name}"),
        forge.ask("GET", f"{secrets}?page=1"),
        forge.ask("PUT", f"{secrets}/KEY", **BODY),
        forge.ask("DELETE", f"{secrets}/KEY"),
    ]

    assert [answer.status_code for answer in answers] == [307] * 4
    assert {new_name(answer, Place.secret("KEY", organization=name)) for answer in answers} == {f"new-{name}"}
    assert (f"/orgs/new-{name}" in answers[0].headers["location"]) is (name == "acme")
