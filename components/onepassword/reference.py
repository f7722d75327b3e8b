"""
Tokens that are kept in 1Password: a setting names the field, and the token is read from there when it is needed.
"""

from __future__ import annotations

from ..http.connections import shared
from ..http.credentials import EnvironmentToken, ReferencedToken, Token
from ..http.errors import CredentialMissingError, NotFoundError
from ..http.once import Once
from ..settings.reference import Reference, StoredToken
from .access import onepassword
from .item import ItemAccess


def token(variable: str, what: str, stored: StoredToken | None, scheme: str = "Bearer") -> Token:
    """
    Return the sign-in for a system: with the token that is *stored* in 1Password, or else with the one in *variable*.

    Args:
        what: what the token is, for a message: "an authentik API token".
    """
    if stored is None:
        return EnvironmentToken(variable, what, scheme)
    return ReferencedToken(stored.reference, shared(_Resolver, stored.backend).resolve, scheme)


def resolve(reference: Reference, access: ItemAccess) -> str:
    """
    Return the value of the field that *reference* names. Read-only.

    Raises:
        NotFoundError, CredentialMissingError: there is no such field, or it is empty.
    """
    field = access.read(access.seen_ref(reference.vault, reference.item)).named(reference.field, reference.section)
    if field is None:
        msg = f"{access.name} shows no field at {reference}; correct the reference or add the field"
        raise NotFoundError(msg)
    if not field.value:
        msg = f"the 1Password field {reference} is empty; put the token into it"
        raise CredentialMissingError(msg)
    return field.value


class _Resolver:
    """
    The tokens that this process reads by one backend, each of them once.
    """

    def __init__(self, backend: str | None) -> None:
        self._backend = backend
        self._resolved: Once[str, str] = Once()

    def resolve(self, reference: str) -> str:
        return self._resolved.get(reference, lambda: resolve(Reference.parse(reference), onepassword(self._backend)))

    def close(self) -> None:
        self._resolved.forget()
