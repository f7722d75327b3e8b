"""
Malformed variables of the environment, each that the reference names: one line with its name, never with its value.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.answers.certificates import certificate
from tests.answers.elsewhere import Elsewhere
from tests.answers.life import Life, snapshot
from tests.answers.said import in_one_line
from tests.answers.test_tls_and_dns import _all_at, _served
from tests.http.middle import middle, tunnel
from zot_ci.http import connections
from zot_ci.http.errors import EnvironmentUnfitError, ReconcileError, UnexpectedAnswerError, UnreachableError
from zot_ci.onepassword.access import onepassword

pytestmark = pytest.mark.embedded

TOKENS = [
    "5ecret w0rd",
    "5ecret\nw0rd",
    "5ecret\tw0rd",
    "5ecr\u00e9tw0rd",
    "5ecret\u200bw0rd",
    "\ufeff5ecretw0rd",
    " ",
    "",
]
ADDRESSES = [
    "https://5ecret w0rd",
    "https://5ecretw0rd:99999",
    "https://5ecret:w0rd@connect.test",
    "https://connect.test?token=5ecretw0rd",
    "https://connect.test/#5ecretw0rd",
    "https://connect.test\\5ecretw0rd",
    "5ecretw0rd",
    "ftp://5ecretw0rd",
    "https://",
    "",
]
TIMES = ["5ecretw0rd", "0", "-5", "1e9", "inf", "nan", "20 s", "1,5"]
PROXIES = ["http://5ecret/w0rd@proxy.test", "http://proxy.test:99999", "5ecret w0rd", "ftp://5ecretw0rd", "http://"]

# Variable, values, and a call that needs it.
VARIABLES: list[tuple[str, list[str], Callable[[Life], Any]]] = [
    ("AUTHENTIK_TOKEN", TOKENS, Life.read_account),
    ("FORGEJO_TOKEN", TOKENS, Life.read_secret),
    ("OP_CONNECT_TOKEN", TOKENS, Life.read_field),
    ("OP_SERVICE_ACCOUNT_TOKEN", TOKENS, lambda _: onepassword("serviceAccount")),
    ("OP_CONNECT_HOST", ADDRESSES, lambda _: onepassword("connect")),
    ("ZOT_CI_TIMEOUT_SECONDS", TIMES, Life.read_key),
    ("ZOT_CI_REQUESTS_PER_SECOND", TIMES, Life.read_key),
    ("HTTP_PROXY", PROXIES, Life.read_key),
    ("http_proxy", PROXIES, Life.publish),
    ("ALL_PROXY", PROXIES, Life.read_field),
]


@pytest.mark.parametrize(
    ("variable", "value", "ask"),
    [(variable, value, ask) for variable, values, ask in VARIABLES for value in values],
    ids=lambda value: repr(value)[1:-1] if isinstance(value, str) else "",
)
def test_a_malformed_variable_is_named_in_one_line_and_nothing_is_sent(
    variable: str, value: str, ask: Callable[[Life], Any], life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever stands in it may be a secret that was put into the wrong place."""
    before = snapshot(life.world)
    monkeypatch.setenv("NO_PROXY", "")
    monkeypatch.setenv(variable, value)

    with pytest.raises(EnvironmentUnfitError) as caught:
        ask(life)

    line = in_one_line(life.world, caught.value)
    assert line.startswith(f"{variable} ")
    assert [part for part in ("5ecr", "w0rd", "99999", "connect.test", "proxy.test") if part in line] == []
    assert snapshot(life.world) == before


def test_https_through_a_proxy_is_checked_as_without_one(
    life: Life, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The proxy hears the address and nothing else; the server's certificate has to be trusted here."""
    own = certificate(tmp_path)
    with Elsewhere(context=_served(own), body=b"not zot") as elsewhere, middle(tunnel) as proxy:
        life.key["zot_url"] = elsewhere.url
        monkeypatch.setenv("NO_PROXY", "")
        monkeypatch.setenv("HTTPS_PROXY", f"http://me:pa55@127.0.0.1:{proxy.port}")
        with pytest.raises(UnreachableError, match="not trusted here"):
            life.read_key()
        connections.forget_all()
        monkeypatch.setenv("SSL_CERT_FILE", str(own))
        with pytest.raises(UnexpectedAnswerError):
            life.read_key()

    assert [asked.headers["authorization"].partition(" ")[0] for asked in elsewhere.seen] == ["Basic"]
    assert proxy.heard[0] == f"CONNECT 127.0.0.1:{elsewhere.port} HTTP/1.1"
    assert "authorization: basic" not in [line.lower()[:20] for line in proxy.heard]
    assert life.world.estate.secrets.found_in("\n".join(proxy.heard)) == []


@pytest.mark.parametrize("what", ["nothing", "a folder", "no certificate", "another certificate"])
def test_a_trust_store_of_ones_own_that_does_not_know_the_server_is_named(
    what: str, life: Life, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Otherwise a slip in its path reads like a fault of the server."""
    (tmp_path / "a folder").mkdir()
    (tmp_path / "other").mkdir()
    (tmp_path / "no certificate").write_text("nothing of the kind")
    certificate(tmp_path / "other").rename(tmp_path / "another certificate")
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / what))

    with Elsewhere(context=_served(certificate(tmp_path))) as elsewhere:
        _all_at(elsewhere.url, life, monkeypatch)
        with pytest.raises(ReconcileError) as caught:
            life.read_key()

    assert isinstance(caught.value, UnreachableError)
    line = in_one_line(life.world, caught.value)
    is_there = what not in ("nothing", "a folder")
    why = (
        "only certificates in SSL_CERT_FILE are trusted" if is_there else "SSL_CERT_FILE names nothing that can be read"
    )
    assert f"not trusted here (self-signed certificate; {why})" in line
    assert str(tmp_path) not in line
