"""
Credentials are read at the moment they are used, from the environment or from the 1Password field that a setting names,
and are stored nowhere.

They never come from the stack configuration: on a refresh or a destroy the engine hands providers the configuration of
the last run, so an expired token there would lock the stack out, and the state would keep the token (Pulumi engine
3.250, measured).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Generator

import httpx

from .errors import CredentialMissingError, NotFoundError


def from_environment(variable: str, what: str) -> str:
    """
    Return the credential in *variable*.

    Args:
        what: the kind of credential, for the message: "an authentik API token".

    Raises:
        CredentialMissingError: it is not set, or its value cannot be sent in a header. The message does not show the
            value; the HTTP library's own message would.
    """
    value = os.environ.get(variable, "").strip()
    if not value:
        msg = f"{variable} is not set; export {what} under that name"
        raise CredentialMissingError(msg)
    if not _can_be_sent(value):
        msg = f"{variable} holds white space or special characters, so it cannot be {what}; correct it"
        raise CredentialMissingError(msg)
    return value


def _can_be_sent(value: str) -> bool:
    return value.isascii() and value.isprintable() and " " not in value


class Token(httpx.Auth):
    """
    `Authorization: <scheme> <token>`, the token fetched for each request.

    *name* is its name in messages.
    """

    def __init__(self, name: str, scheme: str) -> None:
        self.name = name
        self._scheme = scheme

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """
        Add the header to *request*.
        """
        request.headers["Authorization"] = f"{self._scheme} {self._value()}"
        yield request

    def _value(self) -> str:
        raise NotImplementedError


class EnvironmentToken(Token):
    """
    A token in a variable of the environment, read for each request.
    """

    def __init__(self, variable: str, what: str, scheme: str = "Bearer") -> None:
        super().__init__(variable, scheme)
        self._what = what

    def _value(self) -> str:
        return from_environment(self.name, self._what)


class ReferencedToken(Token):
    """
    A token that is kept in 1Password, at *reference*; *resolve* gets it from there.
    """

    def __init__(self, reference: str, resolve: Callable[[str], str], scheme: str = "Bearer") -> None:
        super().__init__(reference, scheme)
        self._resolve = resolve

    def _value(self) -> str:
        try:
            value = self._resolve(self.name).strip()
        except NotFoundError as exc:
            # Inside a request for an account a missing token must not look like a deleted account.
            raise CredentialMissingError(str(exc)) from None
        if not value or not _can_be_sent(value):
            msg = f"the 1Password field {self.name} holds no token (white space or special characters); correct it"
            raise CredentialMissingError(msg)
        return value
