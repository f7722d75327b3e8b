"""
The form of a system's URL: nothing is taken that the HTTP client cannot ask, or would ask elsewhere.
"""

from __future__ import annotations

import re

import httpx
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zot_ci.settings.url import checked_url, normal_form, plain_http_host

RIGHT = (
    "https://registry.example.test",
    "http://connect:8080",
    "http://10.0.0.1:5000/zot",
    "http://[::1]:8080",
    "http://[::ffff:10.0.0.1]",
    "https://Bücher.example.test",
    "https://xn--bcher-kva.example.test",
    "https://a_b.test/ü/@x",
    "https://registry.example.test:65535",
)
FORM, PASSWORD, END, SLASH = "begins with https:// or http://", "no user name or password", "before any ? or #", "slash"
WRONG = {
    "": FORM,
    "registry.example.test": FORM,
    "HTTPS://registry.example.test": FORM,
    "https://": FORM,
    "https:///registry.example.test": FORM,
    "https://:443": FORM,
    "https://registry.example.test:65536": FORM,
    "https://registry.example.test:" + "9" * 5000: FORM,
    "https://registry.example.test:https": FORM,
    "https://registry.example.test ": FORM,
    "https://registry.example.test\\zot": FORM,
    "https://registry.example.test\x00": FORM,
    "https://registry..test": FORM,
    "https://registry.example.test.": FORM,
    "https://registry%2etest": FORM,
    "https://<registry>.test": FORM,
    "https://a|b.test": FORM,
    f"https://{'a' * 64}.test": FORM,
    "https://☃.test": FORM,
    "https://xn--": FORM,
    "https://registry.xn--.test": FORM,
    "https://\udc80.test": FORM,
    "https://10.0.0.256": FORM,
    "https://10.0.0.1.2": FORM,
    "https://registry.1": FORM,
    "https://[::1": FORM,
    "https://[::1]1": FORM,
    "https://[::g]": FORM,
    "https://[10.0.0.1]": FORM,
    "https://[fe80::1%eth0]": FORM,
    "https://s3cret@registry.test": PASSWORD,
    "https://:s3cret@registry.test": PASSWORD,
    "https://ci:s3cret@registry.test/?": PASSWORD,
    "https://registry.test?": END,
    "https://registry.test/#": END,
    "https://registry.test/": SLASH,
    "https://registry.test/zot/": SLASH,
}


@pytest.mark.parametrize("url", RIGHT)
def test_a_right_url_is_taken_as_it_stands(url: str) -> None:
    """The same text is in state and messages."""
    assert checked_url(url) == url


@pytest.mark.parametrize("url", WRONG, ids=ascii)
def test_a_wrong_url_is_told_by_the_rule(url: str) -> None:
    """And never by itself: it may hold a password."""
    with pytest.raises(ValueError, match=re.escape(WRONG[url])) as caught:
        checked_url(url)

    assert "s3cret" not in str(caught.value)


PARTS = ["a", "b.test", "ü", "10", "0x7f", "[::1]", "80", "99999", "%61", "xn--", "xn--tda", *".[]:/?#@|<"]


@given(st.lists(st.sampled_from(PARTS), max_size=6).map("".join) | st.text(max_size=12))
def test_what_is_taken_is_a_url_by_two_parsers(rest: str) -> None:
    """By the client's, and by one with other rules, which agree on the host."""
    try:
        url = checked_url(f"http://{rest}")
    except ValueError:
        return

    there, asked = pydantic.AnyHttpUrl(url), httpx.URL(normal_form(url))
    assert (there.host or "").strip("[]") == asked.raw_host.decode()
    assert there.port == (asked.port or 80)
    assert (there.username, there.password, there.query, there.fragment) == (None,) * 4


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://Forge.test:443", "https://forge.test"),
        ("http://[0:0::1]:80", "http://[::1]"),
        ("http://127.1", "http://127.0.0.1"),
        ("https://bücher.test", "https://xn--bcher-kva.test"),
    ],
)
def test_two_spellings_of_one_url_have_one_form(one: str, other: str) -> None:
    """Two names of one server would hide that two places are one."""
    assert normal_form(one) == normal_form(other)
    assert normal_form(one) != normal_form(f"{one}/another")


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://forge.lan:3000", "forge.lan"),
        ("https://forge.lan", None),
        ("http://[fe80:0::1]", "[fe80::1]"),
        ("http://[0::1]", None),
        ("http://127.1:80", None),
        ("http://LOCALHOST", None),
    ],
)
def test_a_host_that_is_asked_without_tls_is_named(url: str, host: str | None) -> None:
    """But for this machine itself."""
    assert plain_http_host(url) == host
