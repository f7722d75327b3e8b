"""
The same program with the Actions secret on a real Gitea.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import count

import pytest

from tests.engine.stack import Run, Stack
from tests.gitea import Gitea, gitea_or_skip
from tests.world import SECRET, World

pytestmark = [pytest.mark.xdist_group("gitea"), pytest.mark.quickly]

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


def _config(world: World, gitea: Gitea, repository: str, **account: object) -> dict[str, object]:
    config = world.config(forgejo=[{"repository": repository, "secret": SECRET}], **account)
    return config | {"zot-ci:forgejo": {"url": gitea.url}}


def _refused(stack: Stack, *words: str) -> Run:
    run = stack.up()
    assert run.code != 0
    for word in words:
        assert word in run.text
    assert "Traceback" not in run.text
    return run


def test_the_secret_is_published_watched_reconciled_and_deleted(gitea: Gitea, repo: str, on_gitea: Stack) -> None:
    """The whole life of a secret, with the least scope that works."""
    assert on_gitea.up().code == 0
    assert gitea.secrets("owner", repo) == [SECRET]
    assert on_gitea.preview().code == 0

    gitea.delete_secret("owner", repo, SECRET)
    gone = on_gitea.preview()
    assert gone.code == 7
    assert "not found: the repository has no such secret any more" in gone.text
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

    _refused(on_gitea, "Forgejo GET /api/v1/repos/owner/nowhere answered 404", "no such repository")


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


def test_somebody_s_description_stays_and_its_mark_tells_of_a_program(
    gitea: Gitea, repo: str, world: World, on_gitea: Stack
) -> None:
    """At the takeover, at each `up`, at a rotation; a program's overwriting shows, and one `up` ends it."""
    gitea.put_secret("owner", repo, SECRET, "theirs", description="pushes images \U0001f600")

    def described() -> str:
        text = gitea.description("owner", repo, SECRET)
        mine, _, mark = text.rpartition("\n")
        assert mine == "pushes images \U0001f600"
        return mark

    def ours() -> str:
        (uuid,) = world.ours(world.field() or "")
        return f"zot-ci key={uuid[:8]}"

    for rotation in ("first", "first", "again"):
        on_gitea.configure(_config(world, gitea, f"owner/{repo}", rotation=rotation))
        run = on_gitea.up()
        assert run.code == 0, run.text
        assert described() == ours()
        assert on_gitea.preview().code == 0

    gitea.put_secret("owner", repo, SECRET, "a program's")
    seen = on_gitea.preview()
    assert seen.code == 7
    assert "overwritten elsewhere, it seems: its description names key " in seen.text
    assert on_gitea.up().code == 0
    assert gitea.description("owner", repo, SECRET) == ours()
    assert on_gitea.preview().code == 0


def test_a_renamed_owner_is_told_by_its_new_name_and_let_go_of(gitea: Gitea, world: World, on_gitea: Stack) -> None:
    """A user's repository and an organization; the last name is one that Gitea's own redirect mistakes."""
    gitea.create_user("before")
    gitea.create_repo("before", "blumeops")
    gitea.create_org("v1", "before")
    places = [{"repository": "before/blumeops", "secret": SECRET}, {"organization": "v1", "secret": SECRET}]
    on_gitea.configure(world.config(forgejo=places) | {"zot-ci:forgejo": {"url": gitea.url}})
    on_gitea.env["FORGEJO_TOKEN"] = gitea.token("before", (*_LEAST, "write:organization"))
    assert on_gitea.up().code == 0
    gitea.rename_user("before", "after")
    gitea.rename_org("v1", "helpers")

    seen = on_gitea.preview()

    assert seen.code == 7
    for name in ("after/blumeops", "helpers"):
        assert f"moved to {name}: set that name in the settings" in seen.text
    gone = on_gitea.destroy()
    assert gone.code == 0, gone.text
    assert gitea.secrets("after", "blumeops") == [SECRET]
    assert "was left, since it moved to after/blumeops; delete it by hand" in gone.text


WORKFLOW = """
on: workflow_dispatch
jobs:
  use-the-key:
    runs-on: nowhere
    steps: [{run: "true"}]
"""


@contextmanager
def runner(gitea: Gitea, status: int) -> Iterator[None]:
    """
    Stand in for a runner: whatever waits to be run has ended with *status* (1 success, 2 failure: Gitea 1.26).
    """
    done = threading.Event()

    def work() -> None:
        while not done.wait(0.2):
            with closing(sqlite3.connect(gitea.folder / "gitea.db", timeout=10)) as database, database:
                database.execute("UPDATE action_run SET status = ? WHERE status NOT IN (1, 2)", (status,))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def _with_canary(world: World, gitea: Gitea, repo: str, rotation: str = "first", **canary: object) -> dict[str, object]:
    target = {"repository": f"owner/{repo}", "secret": SECRET, "canary": {"workflow": "canary.yaml", **canary}}
    return world.config(forgejo=[target], rotation=rotation) | {"zot-ci:forgejo": {"url": gitea.url}}


def test_a_canary_tells_whether_ci_can_use_the_secret(gitea: Gitea, repo: str, world: World, on_gitea: Stack) -> None:
    """A failed one is the secret's condition until one succeeds, and meanwhile no older key ends."""
    gitea.write_file("owner", repo, ".gitea/workflows/canary.yaml", WORKFLOW)
    on_gitea.configure(_with_canary(world, gitea, repo))
    with runner(gitea, status=1):
        good = on_gitea.up()
    assert good.code == 0, good.text
    assert f"Forgejo: canary canary.yaml of owner/{repo}: success" in good.text
    assert on_gitea.preview().code == 0

    on_gitea.configure(_with_canary(world, gitea, repo, "again"))
    with runner(gitea, status=2):
        bad = on_gitea.up()
    assert bad.code == 0, bad.text
    assert len(world.ours(world.field() or "")) == 2
    preview = on_gitea.preview()
    assert preview.code == 7
    assert '"canary canary.yaml ended with failure" => "current"' in preview.text

    with runner(gitea, status=1):
        assert on_gitea.up().code == 0
    assert on_gitea.preview().code == 0
    assert len(world.ours(world.field() or "")) == 1


def test_a_canary_that_does_not_end_is_said_to_be_unfinished(
    gitea: Gitea, repo: str, world: World, on_gitea: Stack
) -> None:
    """No runner takes it: the secret is published all the same."""
    gitea.write_file("owner", repo, ".gitea/workflows/canary.yaml", WORKFLOW)
    on_gitea.configure(_with_canary(world, gitea, repo, timeoutSeconds=1))

    run = on_gitea.up()

    assert run.code == 0, run.text
    assert gitea.secrets("owner", repo) == [SECRET]
    assert "canary canary.yaml ended with unfinished" in on_gitea.preview().text


def test_a_canary_that_is_not_there_is_named(gitea: Gitea, repo: str, world: World, on_gitea: Stack) -> None:
    """One line; the secret is published, older keys live."""
    gitea.write_file("owner", repo, "README.md", "nothing")
    on_gitea.configure(_with_canary(world, gitea, repo))

    _refused(on_gitea, "/actions/workflows/canary.yaml/dispatches answered 404", "no such workflow on that branch")
