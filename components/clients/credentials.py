"""
Credentials come from the environment, or from the 1Password field that a setting names, at the moment they are used,
and go nowhere else.

Not from the stack configuration: on a refresh or a destroy the engine hands providers the configuration of the last
run, so a token that was replaced there would lock the stack out, and the state would keep it
(Pulumi engine 3.250, measured).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial

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
    if not _can_be_sent(value):
        msg = f"{variable} is not a token (white space or special characters); export {what}"
        raise CredentialMissingError(msg)
    return value


def _can_be_sent(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


@dataclass(frozen=True)
class Referenced:
    """
    A token that is kept in 1Password: where, and how it is got from there when it is first needed.
    """

    reference: str
    resolve: Callable[[str], str]

    def value(self) -> str:
        """
        Return the token.

        Raises:
            CredentialMissingError: what is there cannot be sent in a header.
            ReconcileError: whatever 1Password answered.
        """
        value = self.resolve(self.reference).strip()
        if not value or not _can_be_sent(value):
            msg = f"the 1Password field {self.reference} holds no token (white space or special characters); correct it"
            raise CredentialMissingError(msg)
        return value


class Token(httpx.Auth):
    """
    `Authorization: <scheme> <token>`, the token from the environment, read for each request, or from 1Password.

    *name* is what messages call it: the variable's name or the reference.

    Args:
        variable, what: the variable, and what it holds: "an authentik API token".
        instead: where else the token is kept; the variable is not looked at then.
    """

    def __init__(self, variable: str, what: str, scheme: str = "Bearer", instead: Referenced | None = None) -> None:
        self.name = instead.reference if instead else variable
        self._get = instead.value if instead else partial(from_environment, variable, what)
        self._scheme = scheme

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """
        Add the header to *request*.
        """
        request.headers["Authorization"] = f"{self._scheme} {self._get()}"
        yield request
