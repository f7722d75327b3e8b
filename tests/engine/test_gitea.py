"""
The same program with the Actions secret on a real Gitea.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import pytest

from tests.engine.stack import Run, Stack
from tests.gitea import Gitea, gitea_or_skip
from tests.world import SECRET, World

pytestmark = pytest.mark.xdist_group("gitea")

_numbers = count(1)
_LEAST = ("write:repository",)


@pytest.fixture(scope="module")
def gitea(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gitea]:
    """A running Gitea with the users *owner* and *other*."""
    with Gitea.start(gitea_or_skip(), tmp_path_factory.mktemp("gitea")) as server:
        server.create_user("owner")
        server.create_user("other")
        yield server


@pytest.fixture
def repo(gitea: Gitea) -> str:
    """A repository of *owner* for one test."""
    name = f"blumeops-{next(_numbers)}"
    gitea.create_repo("owner", name)
    return name


@pytest.fixture
def on_gitea(gitea: Gitea, repo: str, world: World, stack: Stack) -> Stack:
    """A stack whose secret is on that server, with the owner's token of least scope."""
    stack.configure(_config(world, gitea, f"owner/{repo}"))
    stack.env["FORGEJO_TOKEN"] = gitea.token("owner", _LEAST)
    return stack


def _config(world: World, gitea: Gitea, repository: str) -> dict[str, object]:
    config = world.config(forgejo=[{"repository": repository, "secret": SECRET}])
    return config | {"zot-ci:forgejo": {"url": gitea.url}}


def _refused(stack: Stack, *words: str) -> Run:
    run = stack.up()
    assert run.code != 0
    for word in words:
        assert word in run.text
    assert "Traceback" not in run.text
    return run


def test_the_secret_is_published_watched_healed_and_deleted(gitea: Gitea, repo: str, on_gitea: Stack) -> None:
    """The whole life of a secret, with the least scope that works."""
    assert on_gitea.up().code == 0
    assert gitea.secrets("owner", repo) == [SECRET]
    assert on_gitea.preview().code == 0

    gitea.delete_secret("owner", repo, SECRET)
    gone = on_gitea.preview()
    assert gone.code == 7
    assert "gone: the repository has no such secret any more" in gone.text
    assert on_gitea.up().code == 0
    assert gitea.secrets("owner", repo) == [SECRET]
    assert on_gitea.preview().code == 0

    assert on_gitea.destroy().code == 0
    assert gitea.secrets("owner", repo) == []


def test_a_preview_needs_to_read_only(gitea: Gitea, repo: str, on_gitea: Stack) -> None:
    """A nightly check can do with less than an `up`, which then names what is missing."""
    assert on_gitea.up().code == 0
    on_gitea.env["FORGEJO_TOKEN"] = gitea.token("owner", ("read:repository",))

    assert on_gitea.preview().code == 0
    _refused(
        on_gitea, f"Forgejo PUT /api/v1/repos/owner/{repo}/actions/secrets/{SECRET} answered 403", "write:repository"
    )


def test_a_token_of_another_scope_is_refused_by_name(gitea: Gitea, on_gitea: Stack) -> None:
    """The line names call, answer and scope."""
    on_gitea.env["FORGEJO_TOKEN"] = gitea.token("owner", ("write:issue",))

    _refused(on_gitea, "answered 403", "needs the scope write:repository")


def test_a_collaborator_s_token_is_refused_by_name(gitea: Gitea, repo: str, on_gitea: Stack) -> None:
    """An admin of the repository who is not its owner may not write secrets there."""
    gitea.add_collaborator(f"owner/{repo}", "other", "admin")
    on_gitea.env["FORGEJO_TOKEN"] = gitea.token("other", _LEAST)

    _refused(on_gitea, "answered 403", "must be its owner's")


def test_a_missing_repository_is_named(gitea: Gitea, world: World, on_gitea: Stack) -> None:
    """Repositories belong to others; none is made."""
    on_gitea.configure(_config(world, gitea, "owner/nowhere"))

    _refused(on_gitea, "Forgejo PUT /api/v1/repos/owner/nowhere/actions/secrets", "answered 404", "no such repository")


def test_another_repository_gets_the_key_before_the_old_one_loses_it(
    gitea: Gitea, repo: str, world: World, on_gitea: Stack
) -> None:
    """Moving: the old place is cleared away in the same run."""
    assert on_gitea.up().code == 0
    gitea.create_repo("owner", f"{repo}-next")
    on_gitea.configure(_config(world, gitea, f"owner/{repo}-next"))

    assert on_gitea.up().code == 0

    assert gitea.secrets("owner", f"{repo}-next") == [SECRET]
    assert gitea.secrets("owner", repo) == []
    assert on_gitea.preview().code == 0


def test_another_spelling_of_the_repository_does_not_delete_the_secret(
    gitea: Gitea, repo: str, world: World, on_gitea: Stack
) -> None:
    """The server takes names without case; what was deleted as the old place was the new one."""
    assert on_gitea.up().code == 0
    on_gitea.configure(_config(world, gitea, f"Owner/{repo.upper()}"))

    assert on_gitea.up().code == 0

    assert gitea.secrets("owner", repo) == [SECRET]
    assert on_gitea.preview().code == 0
