"""
All first looks of a stack, without the engine: the findings that a preview before the first `up` reports.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import chain

from .authentik.api import Authentik, authentik_at
from .authentik.first_look import look as look_at_account
from .dynamic.findings import Findings
from .forgejo.api import forgejo_at
from .forgejo.first_look import look as look_at_secret
from .http.errors import ReconcileError
from .onepassword.access import onepassword
from .onepassword.ownership import key_at
from .onepassword.ownership import look as look_at_field
from .settings.account import AccountSettings
from .settings.model import Settings
from .settings.place import Place
from .zot.api import zot_at
from .zot.first_look import look as look_at_key
from .zot.minting import Order

# The engine calls its provider from as many threads.
_AT_A_TIME = 4


def first_looks(settings: Settings, stack: str) -> list[Findings]:
    """
    Return the findings about everything that the *settings* of a *stack* name, account by account. Read-only.
    """
    named = [(account.username, field.place) for account in settings.accounts for field in account.onepassword]
    with ThreadPoolExecutor(_AT_A_TIME) as threads:
        found = threads.map(lambda account: list(_of(settings, account, stack, named)), settings.accounts)
        return list(chain.from_iterable(found))


def _of(settings: Settings, account: AccountSettings, stack: str, named: list[tuple[str, Place]]) -> Iterator[Findings]:
    access = settings.onepassword.access
    as_wanted = False
    if settings.authentik and account.groups:
        found = Findings(f"authentik account {account.username}")
        with found.gathering():
            authentik = authentik_at(settings.authentik.url, settings.authentik_token)
            as_wanted = look_at_account(found, authentik, account.username, account.groups)
        yield found
    found = Findings(f"zot API key of {account.username}")
    with found.gathering():
        stored = None
        with suppress(ReconcileError):  # reported for the field below
            stored = key_at(onepassword(access), account.store.place, named)
        look_at_key(
            found,
            zot_at(settings.zot.url),
            _authentik(settings),
            _order(settings, account, stack),
            stored,
            managed=bool(account.groups),
            as_wanted=as_wanted,
        )
    yield found
    for field in account.onepassword:
        found = Findings(field.place.thing)
        with found.gathering():
            look_at_field(found, onepassword(access), field.place, named)
        yield found
    for secret in account.forgejo:
        found = Findings(secret.place.thing)
        with found.gathering():
            look_at_secret(found, forgejo_at(settings.server_of(secret)), secret.place, secret.id)
        yield found


def _authentik(settings: Settings) -> Authentik | None:
    return authentik_at(settings.authentik.url, settings.authentik_token) if settings.authentik else None


def _order(settings: Settings, account: AccountSettings, stack: str) -> Order:
    repository, tag = settings.probe_of(account)
    return Order(
        username=account.username,
        label=f"zot-ci/{stack}/{account.username}",
        repository=repository,
        tag=tag,
        oidc_provider=settings.zot.oidc_provider,
        policy=account.policy,
    )
