"""
The rules that a credential's arguments are held to: those of the settings, told by the arguments' own names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import pydantic

from .settings.account import AccountSettings
from .settings.messages import fault_line
from .settings.model import SettingsError
from .settings.systems import BACKENDS
from .settings.values import TokenReference, Url

_URL: pydantic.TypeAdapter[str] = pydantic.TypeAdapter(Url)
_TOKEN: pydantic.TypeAdapter[str] = pydantic.TypeAdapter(TokenReference)


def checked(
    username: str,
    settings: Mapping[str, Any],
    urls: Mapping[str, object],
    tokens: Mapping[str, object],
    access: str | None,
) -> AccountSettings:
    """
    Hold plain values to the rules of the settings, and return them as such. What comes from another resource is left to
    the systems.

    Args:
        settings: the values as a stack file would have them.
        urls, tokens: those of the systems, by the arguments' names; None for one that is not given.
        access: the backend of 1Password.

    Raises:
        SettingsError: with one line for each fault.
    """
    faults = [*_faults(_URL, urls), *_faults(_TOKEN, tokens)]
    if "groups" in settings and urls["authentik_url"] is None:
        faults.append("  authentik_url is missing, and the account has groups")
    if access not in (None, *BACKENDS):
        faults.append(f"  onepassword_access must be {', '.join(BACKENDS[:-1])} or {BACKENDS[-1]}")
    account: AccountSettings | None = None
    try:
        account = AccountSettings.model_validate(settings)
    except pydantic.ValidationError as exc:
        found = exc.errors(include_url=False, include_input=False)
        faults += [_in_our_words(fault_line(fault, AccountSettings, "")) for fault in found]
    if account is not None:
        seen = {place.identity: place.thing for place in account.places}
        if len(seen) < len(account.places):
            faults.append(f"  a place is named twice; it has: {', '.join(seen.values())}")
    if faults or account is None:
        heading = f"the arguments of the credential of {username} cannot be used:"
        raise SettingsError("\n".join([heading, *faults]))
    return account


def _faults(rule: pydantic.TypeAdapter[str], values: Mapping[str, object]) -> list[str]:
    lines = []
    for name, value in values.items():
        if value is None or not isinstance(value, str):
            continue
        try:
            rule.validate_python(value)
        except pydantic.ValidationError as exc:
            [fault] = exc.errors(include_url=False, include_input=False)
            lines.append(f"  {name} {str(fault['msg']).removeprefix('Value error, ')}")
    return lines


def _in_our_words(line: str) -> str:
    """
    Return a settings' line with the names that the arguments have here.
    """
    path, _, rule = line.strip().removeprefix(":").partition(" ")
    path = re.sub(r"^onepassword\[(\d+)\]", lambda found: _place_of(int(found[1])), path)
    path = re.sub(r"^forgejo\b", "secrets", path)
    snake = re.sub(r"[A-Z]", lambda letter: f"_{letter[0].lower()}", path)
    return f"  {snake} {rule}" if snake else f"  {rule}"


def _place_of(number: int) -> str:
    return "store" if number == 0 else f"copies[{number - 1}]"
