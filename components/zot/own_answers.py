"""
What zot's own answers look like. Pure functions.

A proxy with a login of its own answers 401 to every credential for zot. That must not look like a revoked key, so a
refusal counts only in zot's form: JSON with an error code (measured on v2.1.20). For a path that zot does not have, or
has switched off, it answers `404 page not found` in plain text, as do any Go server and a reverse proxy without a
backend; a 405 has no body.
"""

from __future__ import annotations

from collections.abc import Mapping

import httpx

from ..http.browser import location
from ..http.own_answers import REFUSALS, OwnAnswers, body_of, is_empty, is_page

LOGIN = "/zot/auth/login"
CALLBACK = "/zot/auth/callback/"

# The error codes that zot sends with a status; any code for other statuses.
_CODES: Mapping[int, frozenset[str]] = {
    401: frozenset({"UNAUTHORIZED", "DENIED"}),
    403: frozenset({"UNAUTHORIZED", "DENIED"}),
}


def is_own(response: httpx.Response) -> bool:
    """
    Whether the registry itself sent the answer.
    """
    status, method, path = response.status_code, response.request.method, response.request.url.path
    if response.is_redirect:
        # The login leads to the identity provider, and from there back to zot's own page.
        return path.endswith(LOGIN) or location(response).host == response.request.url.host
    if status in REFUSALS and method != "HEAD" and not (status == httpx.codes.UNAUTHORIZED and CALLBACK in path):
        return _has_code(response, _CODES.get(status))
    if method == "DELETE" and status == httpx.codes.OK:
        return is_empty(response)
    # An answer to HEAD has no body, and the callback says in plain text why a login failed.
    return not is_page(response)


def is_switched_off(response: httpx.Response) -> bool:
    """
    Whether an answer has the form of zot's for a route that is switched off: Go's default, which others send, too.
    """
    kind: str = response.headers.get("content-type", "")
    return response.status_code == httpx.codes.NOT_FOUND and kind.startswith("text/plain")


def is_registry(response: httpx.Response) -> bool:
    """
    Whether an answer to `GET /v2/` is that of a registry: 200 in its type, or zot's own 401.
    """
    kind: str = response.headers.get("content-type", "")
    is_fine = response.status_code == httpx.codes.OK and kind.startswith("application/json")
    return is_fine or (response.status_code == httpx.codes.UNAUTHORIZED and is_own(response))


def _has_code(response: httpx.Response, codes: frozenset[str] | None) -> bool:
    # One bare object where the login fails, a list of errors where access control refuses.
    body = body_of(response)
    errors = body.get("errors", [body]) if isinstance(body, dict) else []
    found = [one.get("code") for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []
    return any(isinstance(code, str) and (codes is None or code in codes) for code in found)


OWN_ANSWERS = OwnAnswers(is_own, "/zot/auth/ and /v2/")
