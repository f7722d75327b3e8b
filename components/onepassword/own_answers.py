"""
What a Connect server's own answers look like. Pure functions.

Read in the vendor's OpenAPI file 1.7.1, not measured: a refusal is JSON with `status` and `message`, and every other
answer is JSON, too.
"""

from __future__ import annotations

import httpx

from ..http.own_answers import REFUSALS, OwnAnswers, body_of, has_text, is_json, is_page


def is_own(response: httpx.Response) -> bool:
    """
    Whether the Connect server itself sent the answer.
    """
    if response.status_code in REFUSALS:
        return has_text(response, "message") and "status" in body_of(response)
    if response.is_success and response.request.method != "GET":
        return is_json(response)
    # The answer to a GET is checked more closely when it is parsed.
    return not is_page(response)


OWN_ANSWERS = OwnAnswers(is_own, "/v1/")
