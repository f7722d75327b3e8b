"""
Servers that cannot be trusted or found: the reason in words, and nothing is sent.
"""

from __future__ import annotations

import shutil
import ssl
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.answers.certificates import certificate
from tests.answers.elsewhere import Elsewhere
from tests.answers.life import Life, snapshot
from tests.answers.said import in_one_line
from zot_ci.http import connections
from zot_ci.http.errors import ReconcileError, UnexpectedAnswerError, UnreachableError

pytestmark = pytest.mark.embedded


def _served(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


CALLS: dict[str, Callable[[Life], Any]] = {
    "authentik": Life.read_account,
    "zot": Life.read_key,
    "zot_mint": lambda life: life.mint(zot_url=life.key["zot_url"]),
    "1password": Life.read_field,
    "forgejo": Life.read_secret,
    "forgejo_publish": Life.publish,
}


def _all_at(url: str, life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    life.account["authentik_url"] = life.key["zot_url"] = life.secret["forgejo_url"] = url
    monkeypatch.setenv("OP_CONNECT_HOST", url)


@pytest.mark.parametrize("ask", CALLS.values(), ids=CALLS.keys())
def test_a_self_signed_certificate_is_named_and_nothing_is_sent(
    ask: Callable[[Life], Any], life: Life, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No request line, no authorization, no body."""
    with Elsewhere(context=_served(certificate(tmp_path))) as elsewhere:
        _all_at(elsewhere.url, life, monkeypatch)
        before = snapshot(life.world)

        with pytest.raises(UnreachableError) as caught:
            ask(life)

        assert elsewhere.seen == []
    line = in_one_line(life.world, caught.value)
    # Whoever runs this may have a variable that names the trust store; then it is named, too.
    assert "its TLS certificate is not trusted here (self-signed certificate" in line
    assert elsewhere.url in line
    assert snapshot(life.world) == before


UNFIT: dict[str, tuple[dict[str, Any], str]] = {
    "of_another_address": ({"address": "127.0.0.2"}, "not trusted here (IP address mismatch"),
    "out_of_date": ({"ends": timedelta(days=-1)}, "not trusted here (certificate has expired)"),
}


@pytest.mark.parametrize(("made", "words"), UNFIT.values(), ids=UNFIT.keys())
def test_a_certificate_of_a_trusted_authority_must_fit_too(
    made: dict[str, Any], words: str, life: Life, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Trusted by the machine, but for another address, or until yesterday."""
    own = certificate(tmp_path, **made)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    with Elsewhere(context=_served(own)) as elsewhere:
        _all_at(elsewhere.url, life, monkeypatch)

        with pytest.raises(UnreachableError) as caught:
            life.read_key()

        assert elsewhere.seen == []
    assert words in in_one_line(life.world, caught.value)


def test_a_homelab_s_own_authority_is_trusted_where_the_machine_trusts_it(
    life: Life, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The counter-check: the same server is asked, with the key, once its certificate is in the trust store."""
    own = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    with Elsewhere(context=_served(own), body=b"not zot") as elsewhere:
        life.key["zot_url"] = elsewhere.url

        with pytest.raises(UnexpectedAnswerError):
            life.read_key()

        assert [asked.headers["authorization"].partition(" ")[0] for asked in elsewhere.seen] == ["Basic"]


@pytest.mark.parametrize("ask", CALLS.values(), ids=CALLS.keys())
def test_a_server_without_tls_at_an_https_address_gets_nothing(
    ask: Callable[[Life], Any], life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody wrote https for a server that speaks plain http: no fall-back."""
    with Elsewhere() as elsewhere:
        _all_at(elsewhere.url.replace("http:", "https:"), life, monkeypatch)

        with pytest.raises(UnreachableError) as caught:
            ask(life)

        assert elsewhere.seen == []
    assert " gave no answer for " in in_one_line(life.world, caught.value)


@pytest.mark.parametrize("ask", CALLS.values(), ids=CALLS.keys())
def test_a_name_that_no_server_has_is_said_to_be_unknown(
    ask: Callable[[Life], Any], life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DNS says no, in the words of the operating system, and the line holds the name."""
    _all_at("https://nobody.invalid", life, monkeypatch)
    before = snapshot(life.world)

    with pytest.raises(UnreachableError) as caught:
        ask(life)

    line = in_one_line(life.world, caught.value)
    assert " at https://nobody.invalid gave no answer for " in line
    assert " name or service not known;" in line or " name resolution;" in line or " node name" in line
    assert snapshot(life.world) == before


NAMES = {
    "a_label_too_long": "https://" + "a" * 64 + ".invalid",
    "an_empty_label": "https://zot..invalid",
    "a_name_too_long": "https://" + "a." * 150 + "invalid",
    "nobody_listens": "http://127.0.0.1:1",
    "a_port_that_is_none": "http://127.0.0.1:port",
    # The operating system takes it for port 1, where nobody listens. Of 99999 it makes 34463, and any client or server
    # of this machine may have that one just then.
    "a_port_too_high": "http://127.0.0.1:65537",
    "half_an_address": "http://[::1",
    "a_blank": "https://zot .invalid",
}


@pytest.mark.parametrize("url", NAMES.values(), ids=NAMES.keys())
@pytest.mark.parametrize("system", ["account", "key", "secret"])
def test_an_address_that_leads_nowhere_is_told_in_one_line(system: str, url: str, life: Life) -> None:
    """Whatever got past the settings, or stands in an old state: no traceback."""
    recorded, name, ask = {
        "account": (life.account, "authentik_url", life.read_account),
        "key": (life.key, "zot_url", life.read_key),
        "secret": (life.secret, "forgejo_url", life.read_secret),
    }[system]
    recorded[name] = url

    with pytest.raises(ReconcileError) as caught:
        ask()

    in_one_line(life.world, caught.value)


HOSTS = {
    "a_password": "http://somebody:a-password-in-a-url@127.0.0.1:1",
    "a_query": "http://127.0.0.1:1?token=a-password-in-a-url",
    "a_port_that_is_none": "http://127.0.0.1:port",
    "an_empty_label": "http://connect..invalid",
    "no_host": "http://",
}


@pytest.mark.parametrize("url", HOSTS.values(), ids=HOSTS.keys())
def test_a_connect_host_that_cannot_be_one_is_told_without_what_it_hides(
    url: str, life: Life, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes from the environment, so no setting's rule has looked at it before."""
    monkeypatch.setenv("OP_CONNECT_HOST", url)

    with pytest.raises(ReconcileError) as caught:
        life.read_field()

    assert "a-password-in-a-url" not in in_one_line(life.world, caught.value)


def test_a_time_out_that_is_no_number_is_told_in_one_line(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before anything is sent."""
    monkeypatch.setenv("ZOT_CI_TIMEOUT_SECONDS", "soon")
    life.world.estate.log.clear()

    with pytest.raises(ReconcileError) as caught:
        life.read_key()

    assert in_one_line(life.world, caught.value).startswith("ZOT_CI_TIMEOUT_SECONDS is not a number of seconds")
    assert list(life.world.estate.log) == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["TLS 1.2", "TLS 1.3"])
@pytest.mark.parametrize("ask", CALLS.values(), ids=CALLS.keys())
def test_a_server_that_asks_for_a_client_certificate_is_told_as_such(
    ask: Callable[[Life], Any],
    version: ssl.TLSVersion,
    life: Life,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    """A homelab's proxy with mutual TLS: no certificate is ever sent, and the line says so."""
    own = certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(own))
    context = _served(own)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(own)
    context.maximum_version = version
    with Elsewhere(context=context) as elsewhere:
        _all_at(elsewhere.url, life, monkeypatch)

        with pytest.raises(UnreachableError) as caught:
            ask(life)

        assert elsewhere.seen == []
    assert "it asks for a TLS client certificate, which is not supported" in in_one_line(life.world, caught.value)


@pytest.mark.skipif(not shutil.which("openssl"), reason="no openssl on PATH to name a folder's certificates by hash")
@pytest.mark.parametrize("trusted_by", [("SSL_CERT_FILE",), ("SSL_CERT_DIR",), ("SSL_CERT_FILE", "SSL_CERT_DIR")])
def test_each_variable_of_openssl_s_replaces_its_half_of_the_trust_store(
    trusted_by: tuple[str, ...], life: Life, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The file's authorities and the folder's count together, so that one variable takes nothing of the other half."""
    own = {}
    for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
        (tmp_path / variable).mkdir()
        own[variable] = certificate(tmp_path / variable, named=variable)
    folder = own["SSL_CERT_DIR"].parent
    hashed = subprocess.run(
        ["openssl", "x509", "-noout", "-subject_hash", "-in", own["SSL_CERT_DIR"]],
        check=True,
        capture_output=True,
        text=True,
    )
    (folder / f"{hashed.stdout.strip()}.0").symlink_to(own["SSL_CERT_DIR"])
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    for variable in trusted_by:
        monkeypatch.setenv(variable, str(own[variable] if variable == "SSL_CERT_FILE" else folder))

    for variable in own:
        connections.forget_all()
        with Elsewhere(context=_served(own[variable]), body=b"not zot") as elsewhere:
            _all_at(elsewhere.url, life, monkeypatch)
            kind = UnexpectedAnswerError if variable in trusted_by else UnreachableError
            with pytest.raises(kind):
                life.read_key()
