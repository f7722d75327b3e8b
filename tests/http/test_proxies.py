"""
Proxies, by the variables that other programs know too: which requests go through one, and what is said of a bad one.
"""

from __future__ import annotations

import gc
import warnings
from collections.abc import Iterator

import pytest

from tests.http.middle import Play, http, middle, no_socks, socks
from tests.messages import assert_names
from zot_ci.http.api import Api, Repeats
from zot_ci.http.errors import EnvironmentUnfitError, ReconcileError, UnreachableError
from zot_ci.http.proxies import proxy_for

URL = "http://zot.example.test"
PROXY = "http://proxy.example.test:3128"


def api(url: str = URL) -> Api:
    """A client whose repeats do not wait."""
    return Api("zot", url, repeats=Repeats(attempts=2, wait=0))


@pytest.fixture
def collected() -> Iterator[None]:
    """httpcore 1.0 leaves the connection to a SOCKS proxy that said no to the garbage collector."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


def fault(url: str = URL) -> ReconcileError:
    """What a request to *url* is refused with."""
    with pytest.raises(ReconcileError) as caught, api(url) as client:
        client.call("GET", "/v2/", whose="zot-ci")
    error = caught.value
    assert str(error).splitlines() == [str(error)]
    # Frames and causes would keep the connection of a failed request.
    error.__context__ = None
    return error.with_traceback(None)


@pytest.mark.parametrize(
    ("url", "variable"),
    [
        ("http://zot.test", "HTTP_PROXY"),
        ("http://zot.test", "http_proxy"),
        ("http://zot.test", "ALL_PROXY"),
        ("https://zot.test", "HTTPS_PROXY"),
        ("https://zot.test", "https_proxy"),
        ("https://zot.test", "all_proxy"),
    ],
)
def test_a_system_is_asked_through_the_proxy_of_its_scheme(
    url: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In capitals or in small letters; ALL_PROXY is for both schemes. `http://` in front may be left out."""
    assert proxy_for(url) is None

    monkeypatch.setenv(variable, "proxy.example.test:3128")

    way = proxy_for(url)
    assert way
    assert (way.variable, str(way.proxy.url)) == (variable, "http://proxy.example.test:3128")


def test_small_letters_come_before_capitals_and_the_scheme_before_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """As other programs have it. An empty one is none, and hides the capitals."""
    monkeypatch.setenv("ALL_PROXY", "http://all.test")
    monkeypatch.setenv("HTTPS_PROXY", "http://capitals.test")
    assert (way := proxy_for("https://zot.test"))
    assert way.variable == "HTTPS_PROXY"

    monkeypatch.setenv("https_proxy", "http://small.test")
    assert (way := proxy_for("https://zot.test"))
    assert (way.variable, way.proxy.url.host) == ("https_proxy", "small.test")

    monkeypatch.setenv("https_proxy", "")
    assert (way := proxy_for("https://zot.test"))
    assert way.variable == "ALL_PROXY"


@pytest.mark.parametrize(
    ("host", "entries"),
    [
        ("zot.test", "zot.test"),
        ("zot.test", "ZOT.test"),
        ("ZOT.test", "zot.test"),
        ("zot.test", "other.test, zot.test"),
        ("zot.test", "other.test zot.test"),
        ("zot.test", "test"),
        ("zot.test", ".test"),
        ("zot.test", "*.test"),
        ("zot.test", "*"),
        ("zot.test", "http://zot.test"),
        ("zot.test", "all://zot.test"),
        ("zot.test:8080", "zot.test"),
        ("zot.test:8080", "zot.test:8080"),
        ("zot.test", "zot.test:80"),
        ("10.1.2.3", "10.1.2.3"),
        ("10.1.2.3", "10.0.0.0/8"),
        ("10.1.2.3", "10.1.2.77/24"),
        ("10.1.2.3:5000", "10.0.0.0/8"),
        ("[::1]", "::1"),
        ("[::1]", "[::1]"),
        ("[::1]:5000", "[::1]:5000"),
        ("[::1]", "0:0:0:0:0:0:0:1"),
        ("[fd00::7]", "fd00::/8"),
        ("[fd00::7]", "[fd00::]/8"),
        ("[fd00::7]", "10.0.0.0/8,fd00::/8"),
    ],
)
def test_no_proxy_names_hosts_addresses_and_networks(host: str, entries: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that other programs take there."""
    monkeypatch.setenv("ALL_PROXY", PROXY)
    assert proxy_for(f"http://{host}/path") is not None

    monkeypatch.setenv("NO_PROXY", entries)

    assert proxy_for(f"http://{host}/path") is None


@pytest.mark.parametrize(
    ("host", "entries"),
    [
        ("zot.test", "ot.test"),
        ("zot.test", ".zot.test"),
        ("zot.test", "https://zot.test"),
        ("zot.test", "zot.test:8080"),
        ("zot.test", "10.0.0.0/8"),
        ("10.1.2.3", "10.2.0.0/16"),
        ("10.1.2.3", "fd00::/8"),
        ("110.1.2.3", "10.1.2.3"),
        ("[::1]", "::2"),
        ("[::1]:5000", "[::1]:5001"),
        ("zot.test", ""),
        ("zot.test", " , "),
    ],
)
def test_no_proxy_does_not_name_what_only_looks_like_it(
    host: str, entries: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise a request that was to go through the proxy would leave without it."""
    monkeypatch.setenv("ALL_PROXY", PROXY)
    monkeypatch.setenv("NO_PROXY", entries)

    assert proxy_for(f"http://{host}") is not None


@pytest.mark.parametrize("entry", ["10.0.0.0/99", "fd00::/999", "zot.test/v2", "zot.test:http", "[::1]:x"])
@pytest.mark.parametrize("variable", ["NO_PROXY", "no_proxy"])
def test_an_entry_of_no_proxy_that_is_none_is_named_by_its_number(
    entry: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only where there is a proxy: nobody else cares for the variable."""
    monkeypatch.setenv(variable, f"localhost,{entry}")
    assert proxy_for(URL) is None
    monkeypatch.setenv("HTTP_PROXY", PROXY)

    error = fault()

    assert isinstance(error, EnvironmentUnfitError)
    assert_names(error, variable, "no host, address or network, number 2")
    assert entry not in str(error)


@pytest.mark.parametrize(
    "value",
    [
        "http://somebody:pass/word@proxy.test:3128",
        "http://somebody:1234/word@proxy.test:3128",
        "http://somebody:pass#word@proxy.test:3128",
        "http://somebody:pass?word@proxy.test:3128",
        "http://somebody:pass word@proxy.test:3128",
        "http://somebody:passé\nword@proxy.test:3128",
        "http://somebody:password@",
        "http://somebody:password@proxy.test:99999",
        "http://somebody:password@proxy.test:port",
        "http://somebody:password@[::1:3128",
        "http://proxy.test/password",
        "ftp://somebody:password@proxy.test",
        "socks4://somebody:password@proxy.test:1080",
        "http://",
        "://password",
    ],
)
@pytest.mark.parametrize("variable", ["HTTP_PROXY", "all_proxy"])
def test_a_proxy_that_cannot_be_one_is_told_by_the_variable_alone(
    value: str, variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No part of the value, which may be a password; and what to write."""
    monkeypatch.setenv(variable, value)

    error = fault()

    assert isinstance(error, EnvironmentUnfitError)
    assert_names(error, f"{variable} is not the address of a proxy", "http://host:port", "percent-encoded")
    for part in ("somebody", "pass/", "1234", "word@", "proxy.test", "99999"):
        assert part not in str(error)


def test_a_password_may_hold_anything_that_is_percent_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the message says."""
    monkeypatch.setenv("HTTPS_PROXY", "http://somebody:p%2Fa%23s%3Fs%40@proxy.test:3128")

    way = proxy_for("https://zot.test")

    assert way
    assert way.proxy.auth == ("somebody", "p/a#s?s@")
    assert "p/a" not in repr(way)


def test_a_plain_request_goes_through_the_proxy_with_its_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    """The whole address in the request line, as a proxy wants it."""
    with middle(http()) as proxy, api() as client_without:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:secret@127.0.0.1:{proxy.port}")
        with api() as client:
            response = client.call("GET", "/v2/", whose="zot-ci")

    assert response.headers["x-answered-by"] == "the proxy"
    assert proxy.heard[0] == "GET http://zot.example.test/v2/ HTTP/1.1"
    assert "Proxy-Authorization: Basic bWU6c2VjcmV0" in proxy.heard
    # What the environment says when a client is made is what counts.
    assert client_without._proxy is None


@pytest.mark.parametrize("scheme", ["socks5", "socks5h"])
def test_a_socks_proxy_resolves_the_name_and_takes_a_password(scheme: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`ALL_PROXY=socks5://…`: the package that it needs comes with this one."""
    with middle(socks(accepted=2)) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"{scheme}://me:secret@127.0.0.1:{proxy.port}")
        with api() as client:
            client.call("GET", "/v2/", whose="zot-ci")

    assert proxy.heard == ["methods [2]", "signed in as me:secret", "connect zot.example.test:80", "GET /v2/ HTTP/1.1"]


def _answers(status: str) -> Play:
    return http(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nProxy-Authenticate: Basic\r\n\r\n".encode())


@pytest.mark.parametrize(
    ("url", "play", "kind", "words"),
    [
        (URL, _answers("407 Proxy Authentication Required"), EnvironmentUnfitError, "the proxy refuses the sign-in"),
        ("https://z.test", _answers("407 secret"), EnvironmentUnfitError, "the proxy refuses the sign-in"),
        ("https://z.test", _answers("502 secret"), UnreachableError, "the proxy answered 502"),
        ("https://z.test", _answers("403 secret"), UnreachableError, "the proxy answered 403"),
        ("https://z.test", http(b""), UnreachableError, "the connection broke off before the answer"),
        ("https://z.test", http(b"no HTTP at all\r\n\r\n"), UnreachableError, "the connection broke off"),
    ],
    ids=["407", "407 for a tunnel", "502 for a tunnel", "403 for a tunnel", "nothing", "no HTTP"],
)
def test_a_proxy_s_own_no_is_told_from_the_system_s(
    url: str, play: Play, kind: type[ReconcileError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the variable that names it; nothing of what the proxy sent."""
    with middle(play) as proxy:
        for variable in ("HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(variable, f"http://me:pa55word@127.0.0.1:{proxy.port}")
        error = fault(url)

    assert type(error) is kind
    assert_names(error, "HTTPS_PROXY" if url.startswith("https") else "HTTP_PROXY", words, "zot-ci")
    assert "pa55word" not in str(error)
    assert "secret" not in str(error)
    # Asked once for each attempt, and a password that is refused is not tried twice.
    assert len([line for line in proxy.heard if line.startswith(("GET", "CONNECT"))]) == (
        1 if kind is EnvironmentUnfitError else 2
    )


@pytest.mark.parametrize(
    ("play", "kind", "words"),
    [
        (socks(accepted=255), EnvironmentUnfitError, "the proxy refuses the sign-in"),
        (socks(accepted=2), EnvironmentUnfitError, "the proxy refuses the sign-in"),
        (socks(reply=5), UnreachableError, "the proxy gave no connection"),
        (no_socks(b"HTTP/1.1 400 Bad Request\r\n\r\n"), UnreachableError, "the proxy gave no connection"),
        (no_socks(b""), UnreachableError, "the proxy gave no connection"),
    ],
    ids=["no method", "wants a password", "refused", "speaks HTTP", "says nothing"],
)
@pytest.mark.usefixtures("collected")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_socks_proxy_s_no_is_in_our_words(
    play: Play, kind: type[ReconcileError], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library has exceptions of its own for some of them."""
    with middle(play) as proxy:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{proxy.port}")
        error = fault()

    assert type(error) is kind
    assert_names(error, "ALL_PROXY", words, "zot-ci")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("url", [URL, "https://zot.example.test"])
def test_a_proxy_that_is_down_is_told_by_its_variable(scheme: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads "connection refused" alone looks at the wrong machine."""
    with middle(http()) as proxy:
        port = proxy.port
    monkeypatch.setenv("ALL_PROXY", f"{scheme}://127.0.0.1:{port}")

    error = fault(url)

    assert isinstance(error, UnreachableError)
    assert_names(error, url, "through the proxy in ALL_PROXY", "connection refused", "NO_PROXY")


def test_a_proxy_of_an_address_that_is_none_is_no_fault_of_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The request says it."""
    monkeypatch.setenv("ALL_PROXY", PROXY)

    assert proxy_for("http://[::1") is None
