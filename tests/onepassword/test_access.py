"""
Which 1Password backend is taken, and tokens that are kept there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest

from tests.estate import Estate
from tests.messages import assert_names
from tests.onepassword.backends import BACKENDS, CLI, CONNECT, SERVICE_ACCOUNT, Backend, enter
from zot_ci.authentik.api import authentik_at
from zot_ci.forgejo.api import forgejo_at
from zot_ci.http.errors import (
    CredentialMissingError,
    EnvironmentUnfitError,
    PermissionMissingError,
    SignInRefusedError,
)
from zot_ci.onepassword.access import onepassword
from zot_ci.settings.place import Place
from zot_ci.settings.reference import Reference, StoredToken
from zot_ci.settings.server import ForgejoServer

SECRET_PLACE = Place.secret("NAME", repository="eblume/blumeops")
AUTHENTIK, FORGEJO = "op://blumeops/Authentik (blumeops)/api-token", "op://blumeops/Forgejo Secrets/api-token"


@pytest.fixture
def estate() -> Iterator[Estate]:
    with Estate.start() as estate:
        vaults = estate.onepassword
        vaults.add_item("blumeops", "Authentik (blumeops)", [("api-token", estate.env["AUTHENTIK_TOKEN"])])
        vaults.set_field("blumeops", "Forgejo Secrets", "api-token", estate.env["FORGEJO_TOKEN"])
        yield estate


def everything(monkeypatch: pytest.MonkeyPatch, estate: Estate, folder: Path) -> None:
    """What all three backends need."""
    for backend in BACKENDS:
        enter(monkeypatch, backend, estate, folder)


def test_of_all_three_connect_comes_first_then_the_service_account_then_op(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vendor's own order of its variables."""
    everything(monkeypatch, estate, tmp_path)

    assert onepassword().name == CONNECT.via
    monkeypatch.delenv("OP_CONNECT_HOST")
    assert onepassword().name == SERVICE_ACCOUNT.via
    monkeypatch.delenv("OP_SERVICE_ACCOUNT_TOKEN")
    monkeypatch.delenv("OP_CONNECT_TOKEN")
    assert onepassword().name == CLI.via


@pytest.mark.parametrize("backend", BACKENDS, ids=[backend.access for backend in BACKENDS])
def test_a_setting_names_another_backend(
    backend: Backend, estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever else the environment offers; and it is one client for all who ask."""
    everything(monkeypatch, estate, tmp_path)

    assert onepassword(backend.access).name == backend.via
    assert onepassword(backend.access) is onepassword(backend.access)


def test_without_any_backend_the_line_names_the_three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that the reader can pick one."""
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(CredentialMissingError) as caught:
        onepassword()

    assert_names(caught.value, "OP_CONNECT_HOST", "OP_SERVICE_ACCOUNT_TOKEN", "`op`")


def test_half_a_connect_server_is_not_passed_over_for_somebody_s_own_op(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line names the half that is missing."""
    enter(monkeypatch, CLI, estate, tmp_path)
    monkeypatch.setenv("OP_CONNECT_TOKEN", "a-token")

    with pytest.raises(CredentialMissingError, match=r"^OP_CONNECT_HOST "):
        onepassword()


def test_a_backend_that_is_named_and_not_installed_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`op` and the SDK are no dependencies of this program."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("OP_SERVICE_ACCOUNT_TOKEN", "ops_token-of-nobody")
    monkeypatch.setitem(sys.modules, "onepassword", None)

    with pytest.raises(EnvironmentUnfitError, match=r"`op` .*PATH"):
        onepassword("cli")
    with pytest.raises(EnvironmentUnfitError, match="onepassword-sdk") as caught:
        onepassword("serviceAccount")
    assert "ops_token" not in str(caught.value)


def test_an_op_that_is_not_signed_in_names_the_three_backends(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody may have chosen it: it was only on PATH."""
    enter(monkeypatch, CLI, estate, tmp_path)
    monkeypatch.delenv("OP_STANDIN_TOKEN")

    with pytest.raises(SignInRefusedError, match=r"op signin.*OP_SERVICE_ACCOUNT_TOKEN.*OP_CONNECT_HOST"):
        onepassword().locate("blumeops", "Forgejo Secrets")


@pytest.mark.parametrize(
    "said",
    [
        "connecting to desktop app: read: connection reset, make sure 1Password CLI is installed correctly",
        "connecting to desktop app: 1Password CLI couldn't connect to the 1Password desktop app.",
        "connecting to desktop app timed out, make sure it is installed and running",
        "authorization prompt dismissed, please try again",
    ],
)
def test_an_op_that_cannot_reach_the_app_on_the_desktop_says_so(
    said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its words speak of a connection and of time; the network is in order all the same."""
    _say(said, tmp_path, monkeypatch)

    with pytest.raises(SignInRefusedError, match=r"from the 1Password app; open and unlock the app.*OP_CONNECT_HOST"):
        onepassword("cli").locate("blumeops", "Forgejo Secrets")


def test_an_op_without_any_account_is_not_signed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It speaks of the app, too."""
    said = "No accounts configured for use with 1Password CLI.\n\n - Turn on the 1Password desktop app integration"
    _say(said, tmp_path, monkeypatch)

    with pytest.raises(SignInRefusedError, match="it is not signed in; sign in with `op signin`"):
        onepassword("cli").locate("blumeops", "Forgejo Secrets")


def _say(said: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Put an `op` on PATH that can say nothing else."""
    (folder / "op").write_text(f"#!/bin/sh\ncat >&2 <<'END'\n[ERROR] 2026/11/25 10:43:32 {said}\nEND\nexit 1\n")
    (folder / "op").chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(folder), "/bin", "/usr/bin"]))


@pytest.mark.parametrize("script", ["exit 0", "echo '{}'", "echo '[]'", "echo no JSON"])
def test_something_else_called_op_is_told_from_it(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is not what 1Password's would be."""
    (tmp_path / "op").write_text(f"#!/bin/sh\n{script}\n")
    (tmp_path / "op").chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/bin", "/usr/bin"]))

    with pytest.raises(Exception, match=r"`op` on PATH .*2\.23"):
        onepassword("cli").locate("blumeops", "Forgejo Secrets")


def test_an_op_without_an_answer_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be waiting for somebody to unlock it."""
    (tmp_path / "op").write_text("#!/bin/sh\nexec tail -f /dev/null\n")
    (tmp_path / "op").chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path), "/bin", "/usr/bin"]))
    monkeypatch.setenv("ZOT_CI_TIMEOUT_SECONDS", "0.2")

    with pytest.raises(Exception, match=r"op vault get .*vault blumeops .*0\.2 s; unlock it"):
        onepassword("cli").locate("blumeops", "Forgejo Secrets")


@pytest.mark.parametrize("backend", BACKENDS, ids=[backend.access for backend in BACKENDS])
def test_a_token_is_fetched_once_for_all_who_need_it_and_only_when_they_do(
    backend: Backend, estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Four threads, two clients; no token in the environment."""
    enter(monkeypatch, backend, estate, tmp_path)
    authentik = authentik_at(estate.authentik.url, StoredToken(AUTHENTIK))
    forgejo = forgejo_at(ForgejoServer(estate.forgejo.url, token=StoredToken(FORGEJO)))
    assert estate.log.of("onepassword") == []
    items = estate.onepassword.vault("blumeops").items
    calls = [lambda: authentik.find("akadmin"), lambda: forgejo.secret(SECRET_PLACE)]
    threads = [Thread(target=call) for call in calls * 2]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    reads = [call.path for call in estate.log.of("onepassword") if call.path.rpartition("/")[2] in items]
    looked_up = 2 if backend is CLI else 1  # `op item get` by name reads the whole item as well
    assert sorted(reads.count(path) for path in set(reads)) == [looked_up, looked_up]
    assert {call.status for call in (*estate.log.of("authentik"), *estate.log.of("forgejo"))} == {200}
    assert authentik_at(estate.authentik.url, StoredToken(AUTHENTIK)) is authentik
    assert authentik_at(estate.authentik.url) is not authentik


def test_a_refused_token_is_called_by_its_reference(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No variable is blamed that nobody looked at."""
    enter(monkeypatch, CONNECT, estate, tmp_path)
    estate.onepassword.set_field("blumeops", "Authentik (blumeops)", "api-token", "wrong-but-secret")
    estate.onepassword.set_field("blumeops", "Forgejo Secrets", "api-token", "wrong-but-secret")

    with pytest.raises(PermissionMissingError) as at_authentik:
        authentik_at(estate.authentik.url, StoredToken(AUTHENTIK)).find("akadmin")
    with pytest.raises(SignInRefusedError) as at_forgejo:
        forgejo_at(ForgejoServer(estate.forgejo.url, token=StoredToken(FORGEJO))).secret(SECRET_PLACE)

    for message, reference in ((str(at_authentik.value), AUTHENTIK), (str(at_forgejo.value), FORGEJO)):
        assert reference in message
        assert "_TOKEN" not in message
        assert "wrong-but-secret" not in message


def test_a_reference_to_nothing_is_not_taken_for_an_account_that_is_gone(
    estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The account's 404 means that it is gone, and would be drift; this one means that nobody has asked for it."""
    enter(monkeypatch, CONNECT, estate, tmp_path)

    with pytest.raises(CredentialMissingError, match="no field at op://blumeops/Forgejo Secrets/no-such"):
        authentik_at(estate.authentik.url, StoredToken("op://blumeops/Forgejo Secrets/no-such")).account(1, "zot-ci")
    with pytest.raises(CredentialMissingError, match="no item No Item"):
        authentik_at(estate.authentik.url, StoredToken("op://blumeops/No Item/no-such")).account(1, "zot-ci")

    assert estate.log.of("authentik") == []


def test_what_cannot_be_a_token_is_not_sent(estate: Estate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A field that was named by mistake may hold a note."""
    enter(monkeypatch, CONNECT, estate, tmp_path)

    with pytest.raises(CredentialMissingError, match=r"op://blumeops/Forgejo Secrets/notes .*no token") as caught:
        authentik_at(estate.authentik.url, StoredToken("op://blumeops/Forgejo Secrets/notes")).find("akadmin")

    assert "care" not in str(caught.value)
    assert estate.log.of("authentik") == []


@pytest.mark.parametrize(
    "text",
    [
        "ops_secret",
        "op://a/b",
        "op://vault//field",
        "op://a/b/c/d/e",
        "op://vault/item/field?attribute=otp",
        "op:a/b/c",
    ],
)
def test_what_is_no_reference_is_refused_unseen(text: str) -> None:
    """It could be a token."""
    with pytest.raises(ValueError, match="1Password reference") as caught:
        Reference.parse(text)

    assert text not in str(caught.value)
    assert str(Reference.parse(AUTHENTIK)) == AUTHENTIK
