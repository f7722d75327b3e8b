"""
What Forgejo's and Gitea's own answers look like. Pure functions.

Measured on Gitea 1.26.0, read for Forgejo: what it refuses is JSON with `message` and `url`, and what it writes or
deletes is answered with nothing. A *route* that it does not have is `404 page not found` in plain text, or a 405 with
nothing in it, as of any Go server and of a reverse proxy without a backend: neither says that a secret is gone.
"""

from __future__ import annotations

import httpx

from ..http.own_answers import REFUSALS, OwnAnswers, has_text, is_empty, is_page

_WRITES = ("PUT", "DELETE")


def is_own(response: httpx.Response) -> bool:
    """
    Whether the forge itself has given that answer.
    """
    if response.status_code in REFUSALS:
        return has_text(response, "message", "url")
    if response.is_success and response.request.method in _WRITES:
        return is_empty(response)
    # Where a redirect leads, the caller looks.
    return response.is_redirect or not is_page(response)


OWN_ANSWERS = OwnAnswers(is_own, "/api/v1/", "a server too old for Actions secrets has none")
