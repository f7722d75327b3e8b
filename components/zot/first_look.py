"""
A look at the registry before this program has a key there: what will mint the first key, and what would prevent it.
Read-only, and HTTP only.
"""

from __future__ import annotations

from ..authentik.api import Authentik
from ..authentik.session import flows_of
from ..dynamic.findings import Findings
from .api import KeyAuth, Zot
from .key_facts import described
from .minting import Order, no_login
from .sign_in import fit_account, insist_on_login_route


def look(
    found: Findings,
    zot: Zot,
    authentik: Authentik | None,
    order: Order,
    stored: str | None,
    *,
    managed: bool,
    as_wanted: bool,
) -> None:
    """
    Add to *found* what an `up` with this *order* will do, and what would stop it.

    Args:
        stored: the key in the store of record.
        managed: the account has a resource of its own, which creates and reconciles it.
        as_wanted: a look found the account in exactly the wanted groups.
    """
    with found.gathering():
        if stored is None:
            found.plans.append("the store of record holds none")
            zot.insist_on_api_keys(order.username)
        elif _mints(found, zot, order, stored, as_wanted=as_wanted):
            return
    if authentik is None:
        found.faults.append(no_login(order.username))
    else:
        _look_for_a_login(found, zot, authentik, order, managed=managed)


def _mints(found: Findings, zot: Zot, order: Order, key: str, *, as_wanted: bool) -> bool:
    """
    Whether the *key* in the store of record will mint the first one. A live key with the expected rights will; for
    other rights a login has to renew the account's rights.
    """
    listing = zot.listing(KeyAuth(order.username, key), order.username)
    access = zot.seen_access(order.username, key, order.repository, order.tag) if listing.accepted else None
    if access is None:
        found.plans.append("the registry refuses the one in the store of record")
        return False
    others = [described(one) for one in listing.keys if one.label != order.label and not one.is_expired]
    if others:
        found.plans.append(f"the account has live keys, which stay unless it is exclusive: {'; '.join(others)}")
    unfit = order.unfit(access)
    if not unfit:
        found.plans.append("the one in the store of record is alive and mints the first one, without a login")
        return True
    why = f"the one in the store of record {', '.join(unfit)}, in {order.repository}"
    if as_wanted:
        hint = (
            "put the account into a group that zot lets do what is expected there and nothing more, or set "
            "probeRepository to a repository that the group's policy covers"
        )
        found.faults.append(f"zot: {why}, and account {order.username} is already in the wanted groups; {hint}")
    else:
        found.plans.append(f"{why}: a login renews the account's rights")
    return False


def _look_for_a_login(found: Findings, zot: Zot, authentik: Authentik, order: Order, *, managed: bool) -> None:
    found.plans.append(f"the first one is made by a login of {order.username}, whose password is replaced and lost")
    if not managed:
        with found.gathering():
            fit_account(authentik, order.username)
    with found.gathering():
        insist_on_login_route(zot, order.username, order.oidc_provider, authentik.api.base_url)
    with found.gathering():
        flows_of(authentik, order.username)
    token = authentik.token_name
    found.open_questions += [
        f"only an `up` shows whether {token} may reset the password of {order.username}",
        f"only a login of {order.username} shows whether its flow asks for more, and whether the registry's "
        "application lets it in",
        f"only a key of {order.username} shows what zot lets it do in {order.repository}",
    ]
