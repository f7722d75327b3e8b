"""
A system that answers under another URL by now: when a redirect says that, and when it does not.
"""

from __future__ import annotations

from functools import partial

import pytest

from tests.http.told import SECRET, Told, said
from tests.messages import assert_names
from zot_ci.dynamic.conditions import condition_of
from zot_ci.http.api import Api
from zot_ci.http.browser import Browser
from zot_ci.http.errors import MovedError, SystemMovedError, UnexpectedAnswerError
from zot_ci.zot import sign_in
from zot_ci.zot.api import KeyAuth, Zot

PATH = "/api/things"


def asked(base: str, location: str, status: int = 301, method: str = "GET") -> UnexpectedAnswerError | MovedError:
    """What a client at *base* says of a redirect to *location*; it is never followed."""
    told = Told(said(status, headers={"Location": location}))
    with pytest.raises((UnexpectedAnswerError, MovedError)) as caught:
        Api("system", base, transport=told.transport).call(method, PATH, whose="me", repeat=True)
    assert len(told.asked) == 1
    assert SECRET not in str(caught.value)
    error = caught.value
    assert isinstance(error, UnexpectedAnswerError | MovedError)
    return error


@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "PATCH", "DELETE"])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
@pytest.mark.parametrize(
    ("base", "location", "new"),
    [
        ("https://a.test", f"https://b.test{PATH}", "https://b.test"),
        ("http://a.test", f"https://a.test{PATH}", "https://a.test"),
        ("https://a.test", f"https://a.test:8443{PATH}?page=2", "https://a.test:8443"),
        ("https://a.test/forge", f"https://b.test/forge{PATH}", "https://b.test/forge"),
        ("https://a.test/forge", f"https://b.test{PATH}", "https://b.test"),
        ("https://a.test", f"//b.test{PATH}", "https://b.test"),
        ("https://a.test", f"https://user:{SECRET}@b.test{PATH}", "https://b.test"),
    ],
    ids=["host", "https", "port", "same prefix", "no prefix", "no scheme", "with a password"],
)
def test_the_same_path_elsewhere_is_a_move_of_the_system(
    base: str, location: str, new: str, status: int, method: str
) -> None:
    """The line has both addresses, and nothing else of the redirect."""
    error = asked(base, location, status, method)

    assert isinstance(error, SystemMovedError)
    assert error.new_name == new
    assert_names(error, f"system {method} {PATH} answered {status} for me", f"it moved to {new};", f"place of {base}")
    assert condition_of(error).startswith(f"moved to {new}: ")


@pytest.mark.parametrize(
    ("base", "location"),
    [
        ("https://a.test", f"http://a.test{PATH}"),
        ("https://a.test", f"https://login.test/?rd={PATH}"),
        ("https://a.test", f"https://b.test/{SECRET}{PATH}"),
        ("https://a.test", f"https://a.test{PATH}"),
        ("https://a.test", f"https://a.test:443{PATH}"),
        ("https://a.test", PATH),
        ("https://a.test", ""),
        ("https://a.test", f"ftp://b.test{PATH}"),
    ],
    ids=["to http", "a login", "below something", "itself", "itself with its port", "relative", "nowhere", "ftp"],
)
def test_any_other_redirect_is_no_move(base: str, location: str) -> None:
    """A login of a proxy, a proxy that does not tell of its https, a loop."""
    assert isinstance(asked(base, location), UnexpectedAnswerError)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_registry_that_moved_is_no_proxy_in_front_of_it(status: int) -> None:
    """To another host zot itself redirects for its login alone, which has another path."""
    told = Told(said(status, headers={"Location": "https://new.test/zot/auth/apikey"}))

    with pytest.raises(SystemMovedError, match=r"https://new\.test"):
        Zot("https://old.test", told.transport).listing(KeyAuth("zot-ci", SECRET), "zot-ci")
    assert [request.url.host for request in told.asked] == ["old.test"]


def test_a_registry_s_login_that_moved_is_told_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its answer is a redirect anyway."""
    told = Told(said(302, headers={"Location": "https://registry.test/zot/auth/login?provider=oidc"}))
    monkeypatch.setattr(sign_in, "Browser", partial(Browser, transport=told.transport))

    with pytest.raises(SystemMovedError, match=r"it moved to https://registry\.test;"):
        sign_in.insist_on_login_route(
            Zot("http://registry.test", told.transport), "zot-ci", "oidc", "https://authentik.test"
        )


def test_more_said_of_a_move_keeps_where_it_leads() -> None:
    """The name is what the condition says."""
    error = MovedError("it moved", new_name="eblume/new").adding("so do that")

    assert (str(error), error.new_name) == ("it moved; so do that", "eblume/new")
