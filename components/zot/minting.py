"""
How a key is minted: with the key before it if that is alive, else by a headless login. No Pulumi.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

import httpx
import msgspec

from ..authentik.api import Authentik
from ..authentik.errors import LoginBlockedError
from ..dynamic.errors import KeyUnfitError
from ..http.errors import ReconcileError
from ..http.shapes import Concealed
from ..rotation import Policy, misfits, to_the_minute
from .api import Access, KeyAuth, ListedKey, Listing, MintedKey, Zot
from .outcome import doubts, label_fault, life_fault
from .sign_in import log_out, zot_session

_log = logging.getLogger(__name__)

_BY_HAND = "generate a key in the registry's web page, paste it into the 1Password field, and run again"


class Order(msgspec.Struct, frozen=True):
    """
    The key that is wanted.

    Args:
        username: whose key.
        label: by which the key is recognised, also after a killed run.
        repository: where its access is probed; nothing is left there.
        tag: a tag that exists there, for the probe of the right to update; None for no such probe.
        oidc_provider: zot's name for authentik.
    """

    username: str
    label: str
    repository: str
    oidc_provider: str
    policy: Policy
    tag: str | None = None

    def unfit(self, access: Access) -> list[str]:
        """
        Return each right that differs from the expected rights, in words.
        """
        return misfits(access.may, self.policy.rights)


class ProvenKey(Concealed, frozen=True):
    """
    A key that works, its listing and that of its user's other keys, and what it can do.
    """

    key: str
    listed: ListedKey
    listing: Listing
    access: Access


def make_key(zot: Zot, authentik: Authentik | None, order: Order, candidates: Iterable[str]) -> ProvenKey:
    """
    Mint a key and test it. The first live key of *candidates* mints it. A login does it if no candidate is alive, or if
    its rights are not as expected, since zot reads an account's groups only at a login.

    Raises:
        KeyUnfitError: the new key failed its test or differs from the order. It was revoked.
        ReconcileError: whatever a system answered.
    """
    unfit = ""
    for candidate in candidates:
        auth = KeyAuth(order.username, candidate)
        listing = zot.listing(auth, order.username)
        where = order.repository, order.tag
        access = zot.seen_access(order.username, candidate, *where) if listing.accepted else None
        if access and not order.unfit(access):
            return _mint(zot, order, auth, listing.time)
        if access:
            unfit = f": the live one {access} in {order.repository}, and only a login renews an account's rights"
    if authentik is None:
        raise LoginBlockedError(no_login(order.username, unfit))
    try:
        session = zot_session(authentik, zot, order.username, order.oidc_provider)
    except ReconcileError as exc:
        why = f"no live key with the expected rights can mint one without a login{unfit}"
        hint = f"{why}: correct this, or {_BY_HAND}"
        raise exc.adding(hint) from None
    try:
        return _mint(zot, order, session.auth, session.time)
    finally:
        log_out(zot, session, order.username)


def no_login(username: str, unfit: str = "") -> str:
    """
    Return the sentence that nothing can mint a key: no live key with the expected rights, and no authentik.
    """
    why = f"no live key can mint one for {username}{unfit}"
    return f"{why}; the settings name no authentik to log in at, so sign in by hand: {_BY_HAND}"


def _mint(zot: Zot, order: Order, auth: httpx.Auth, now: datetime) -> ProvenKey:
    asked = order.policy.expires_at(now)
    minted = zot.mint(auth, order.username, order.label, asked)
    key = minted.key.reveal()
    key_auth, label = KeyAuth(order.username, key), minted.label
    try:
        listing = zot.listing(key_auth, order.username)
        listed = listing.find(minted.uuid)
        if listed:
            label = listed.label
            _insist_on_what_was_asked(order, listed, asked, listing.time)
        access = zot.access(key_auth, order.username, order.repository, order.tag) if listed else None
        if listed is None or access is None or order.unfit(access):
            raise _failed_its_test(order, minted, access)
    except ReconcileError:
        _revoke(zot, order, auth, minted, label)
        raise
    for doubt in doubts(order.policy, listed, asked):
        _log.warning("zot: key %s of %s %s: the registry has limits of its own", minted.uuid, order.username, doubt)
    expires = to_the_minute(listed.expires_at) if listed.expires_at else "never"
    _log.info("zot: created key %s for %s, expires %s", minted.uuid, order.username, expires)
    return ProvenKey(key, listed, listing, access)


def _failed_its_test(order: Order, minted: MintedKey, access: Access | None) -> KeyUnfitError:
    """
    Return the error for a new key that the registry refuses (*access* is None), or that has other rights than ordered.
    """
    if access is None:
        fault = f"the registry refuses the new key {minted.uuid}"
        hint = (
            "see its log; if several zots answer at this URL, they must share one store of users and keys, and the key "
            "may still live at another of them"
        )
    else:
        fault = f"it {'; it '.join(order.unfit(access))}"
        rights = " and ".join(["read", *sorted(order.policy.rights)])
        hint = (
            f"put the account into a group that zot lets {rights} there, and nothing more, or set "
            "probeRepository to a repository that the group's policy covers"
        )
    msg = f"zot key for {order.username} failed its test in {order.repository}: {fault}; {hint}; the previous key stays"
    return KeyUnfitError(msg)


def _insist_on_what_was_asked(order: Order, listed: ListedKey, asked: datetime, now: datetime) -> None:
    """
    Check that label and life of the new key are as ordered.

    Raises:
        KeyUnfitError: the registry capped the key's life or changed its label.
    """
    fault = label_fault(order.label, listed) or life_fault(order.policy, listed, asked, now)
    if fault:
        msg = f"zot key for {order.username} is not as it was asked for: {fault}; the previous key stays"
        raise KeyUnfitError(msg)


def _revoke(zot: Zot, order: Order, auth: httpx.Auth, minted: MintedKey, label: str) -> None:
    try:
        zot.revoke(auth, order.username, minted.uuid)
    except ReconcileError as exc:
        # No sweep finds a key with another label.
        later = "until the next run revokes it" if label == order.label else "until somebody revokes it by hand"
        _log.warning("zot: the unusable key %s stays %s: %s", minted.uuid, later, exc)
