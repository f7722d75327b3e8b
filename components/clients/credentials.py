"""
Credentials come from the environment, at the moment they are used, and go nowhere else.

Not from the stack configuration: on a refresh or a destroy the engine hands providers the configuration of the last
run, so a token that was replaced there would lock the stack out, and the state would keep it
(Pulumi engine 3.250, measured).
"""

from __future__ import annotations

import os
from collections.abc import Generator

import httpx

from components.clients.errors import CredentialMissingError


def from_environment(variable: str, what: str) -> str:
    """
    Return the credential in *variable*.

    Args:
        what: what it is, for the message: "an authentik API token".

    Raises:
        CredentialMissingError: it is not set, or holds what cannot be sent in a header. The value is not shown; the
            HTTP library's own message would show it.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        msg = f"{variable} is not set; export {what} under that name"
        raise CredentialMissingError(msg)
    if not value.isascii() or not value.isprintable() or " " in value:
        msg = f"{variable} is not a token (white space or special characters); export {what}"
        raise CredentialMissingError(msg)
    return value


class EnvironmentToken(httpx.Auth):
    """
    `Authorization: <scheme> <token>`, the token read from the environment for each request.
    """

    def __init__(self, variable: str, what: str, scheme: str = "Bearer") -> None:
        self._variable = variable
        self._what = what
        self._scheme = scheme

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """
        Add the header to *request*.
        """
        request.headers["Authorization"] = f"{self._scheme} {from_environment(self._variable, self._what)}"
        yield request
