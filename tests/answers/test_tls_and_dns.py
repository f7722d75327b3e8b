"""
Servers that cannot be trusted or found: the reason in words, and nothing is sent.
"""

from __future__ import annotations

import ipaddress
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from components.http.errors import ReconcileError, UnexpectedAnswerError, UnreachableError
from tests.answers.elsewhere import Elsewhere
from tests.answers.life import Life, snapshot
from tests.answers.said import in_one_line

pytestmark = pytest.mark.embedded

NOW = datetime.now(UTC)


def _certificate(folder: Path, address: str = "127.0.0.1", ends: timedelta = timedelta(days=1)) -> Path:
    """
    Write a self-signed certificate with its key.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a registry of the tests")])
    usage = x509.KeyUsage(True, False, False, False, False, True, False, False, False)
    certificate = (
        x509.CertificateBuilder(issuer_name=name, subject_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - timedelta(days=9))
        .not_valid_after(NOW + ends)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.PrivateFormat.PKCS8
    private = key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())
    path = folder / "certificate.pem"
    path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM) + private)
    return path


def _served(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
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
    with Elsewhere(context=_served(_certificate(tmp_path))) as elsewhere:
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
    certificate = _certificate(tmp_path, **made)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Elsewhere(context=_served(certificate)) as elsewhere:
        _all_at(elsewhere.url, life, monkeypatch)

        with pytest.raises(UnreachableError) as caught:
            life.read_key()

        assert elsewhere.seen == []
    assert words in in_one_line(life.world, caught.value)


def test_a_homelab_s_own_authority_is_trusted_where_the_machine_trusts_it(
    life: Life, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The counter-check: the same server is asked, with the key, once its certificate is in the trust store."""
    certificate = _certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Elsewhere(context=_served(certificate), body=b"not zot") as elsewhere:
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
    "a_port_too_high": "http://127.0.0.1:99999",
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
