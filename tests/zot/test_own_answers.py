"""
Which answers are taken for a registry's, and which for those of a route that it has switched off.
"""

from __future__ import annotations

import httpx
import pytest

from zot_ci.zot.own_answers import is_registry, is_switched_off

REQUEST = httpx.Request("GET", "https://registry.example.test/v2/")
REFUSED = {"errors": [{"code": "UNAUTHORIZED"}]}


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (httpx.Response(200, json={}, request=REQUEST), True),
        (httpx.Response(401, json=REFUSED, request=REQUEST), True),
        (httpx.Response(200, request=REQUEST), False),
        (httpx.Response(200, text="a page", request=REQUEST), False),
        (httpx.Response(401, text="a page", request=REQUEST), False),
        (httpx.Response(403, json=REFUSED, request=REQUEST), False),
        (httpx.Response(500, json=REFUSED, request=REQUEST), False),
    ],
    ids=["allowed", "refused", "no type", "text", "another's refusal", "forbidden", "a fault"],
)
def test_a_registry_answers_in_its_type_or_refuses_in_its_form(response: httpx.Response, expected: bool) -> None:
    assert is_registry(response) is expected


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (httpx.Response(404, text="404 page not found", request=REQUEST), True),
        (httpx.Response(404, request=REQUEST), False),
        (httpx.Response(404, json={}, request=REQUEST), False),
        (httpx.Response(405, text="no", request=REQUEST), False),
    ],
    ids=["Go's", "no type", "in JSON", "another status"],
)
def test_a_route_that_is_switched_off_is_not_found_in_plain_text(response: httpx.Response, expected: bool) -> None:
    assert is_switched_off(response) is expected
