"""
The end of old keys: after a rotation, no key with our label is left but the current one, and those in their grace.

The only resource that ends a key which had a successor, and it does so last. From every place it takes the uuid of the
key that the place is known to work with, and it ends nothing while any of them has another. It never ends a key that is
newer than the one it works with. A stale key's grace counts from its successor's birth. Keys with another label are
somebody else's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from ..dynamic.provider import Props, Provider, changed, differences, key_in
from ..dynamic.run_memory import MEMORY, Holder, Identity
from ..dynamic.trouble import condition_of, is_trouble
from ..http.errors import ReconcileError, UnexpectedAnswerError
from ..rotation import CURRENT, age_days
from .api import KeyAuth, ListedKey, Listing, zot_at

_log = logging.getLogger(__name__)

_UPDATED = ("zot_url", "username", "label", "key_uuid", "api_key", "held", "retire_after_days")
_INPUTS = (*_UPDATED, "condition")

# The run that replaces a key still uses it for a moment after its successor was made.
_OWN_USE = timedelta(hours=1)


@dataclass(frozen=True)
class StaleKey:
    """
    A key that has a successor, and when that was made.
    """

    key: ListedKey
    succeeded_at: datetime

    def __str__(self) -> str:
        return f"{self.key.uuid} created {self.key.created_at:%Y-%m-%d}"

    @property
    def still_used(self) -> bool:
        """
        Whether something other than the run that replaced it has used it since.
        """
        return self.key.last_used is not None and self.key.last_used > self.succeeded_at + _OWN_USE


class RetiredKeysProvider(Provider):
    """
    Life cycle of the sweep. Its id is the label.
    """

    named_by = ("zot_url", "username")
    inputs = _INPUTS
    server = "zot_url"

    def names(self, props: Props) -> list[Identity]:
        """
        Return whose keys are swept.
        """
        return [_slot(props)]

    def create(self, props: Props) -> CreateResult:
        """
        End the stale keys that an earlier stack of this name, or a run that died, has left.
        """
        before = MEMORY.holder(_slot(props))
        return CreateResult(props["label"], _swept(props, MEMORY.new_mark(), before.labels if before else ()))

    def observe(self, props: Props) -> Props:
        """
        Look for stale keys, in the list that `ApiKey` has read in this run as well. Read-only.
        """
        listing = zot_at(props["zot_url"]).seen_listing(props["username"], props["api_key"])
        stale = _stale(listing, props["key_uuid"], {props["label"], *props["earlier_labels"]})
        found = {"stale": [_facts(one, listing.time) for one in stale]}
        still_used = [
            f"{one.key.uuid} was used on {one.key.last_used:%Y-%m-%d}, after its successor was published"
            for one in stale
            if one.still_used
        ]
        return {**found, "still_used": still_used, "condition": _condition(found, props)}

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another current key, or a stale one that the last read found and whose grace is over by today's settings.
        """
        MEMORY.note_holder(_slot(olds), Holder(olds["mark"], labels=_labels(olds)))
        condition = olds["condition"] if is_trouble(olds["condition"]) else _condition(olds, news)
        still_used = [f"something still holds it: {line}" for line in olds.get("still_used") or []]
        found = [] if condition == CURRENT else [condition]
        self.report(news, _thing(olds), [*found, *still_used])
        result = differences(olds, news, update=_UPDATED)
        return DiffResult(result.changes or condition != CURRENT, result.replaces)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        End every stale key. The list is asked for anew, by the current key.

        Where registry or user changed, the stale keys of the old ones end as well, at once: nobody would remember them
        later. Where the label changed, keys of the old one stay ours.
        """
        MEMORY.note_fault(_thing(olds), "")
        elsewhere = bool(changed(olds, news, ("zot_url", "username")))
        try:
            outs = _swept(news, olds["mark"], () if elsewhere else _labels(olds))
        except ReconcileError as exc:
            # The key's own resource has met the same, and need not say it as well.
            MEMORY.note_said(condition_of(exc))
            raise
        if elsewhere and not _lagging(news):
            _end_elsewhere(olds)
        return UpdateResult(outs)

    def delete(self, id_: str, props: Props) -> None:
        """
        End nothing: the places still hold the current key, and `ApiKey` ends all of ours when they have let go of it.
        """


def _swept(wanted: Props, mark: str, earlier: tuple[str, ...]) -> Props:
    """
    End the stale keys, unless a place lags behind, and return all outputs. *earlier* labels of this resource count too.
    """
    key_in(wanted, "api_key", f"the sweep of {wanted['username']}")
    labels = {*earlier, wanted["label"]}
    lagging = _lagging(wanted)
    if lagging:
        # A run for chosen targets can come here before every place is served, and a canary may not have succeeded.
        why = f"not known to work with the current one: {', '.join(lagging)}"
        _log.warning("zot: no older key of %s is ended yet; %s", wanted["username"], why)
    elif not _end(wanted, labels, grace_days=float(wanted.get("retire_after_days") or 0)):
        hint = "somebody revoked it during this run; run again"
        msg = f"zot refuses the current key of {wanted['username']}; {hint}"
        raise UnexpectedAnswerError(msg)
    return {**wanted, "mark": mark, "earlier_labels": sorted(labels - {wanted["label"]}), "stale": []}


def _end_elsewhere(olds: Props) -> None:
    """
    End our keys of the registry or the user that the settings named before; a registry that is not there any more
    keeps them until they expire.
    """
    username, url = olds["username"], olds["zot_url"]
    try:
        _end(olds, set(_labels(olds)), grace_days=0.0)
    except ReconcileError as exc:
        _log.warning(
            "zot: left older keys of %s at %s, if there are any, until they expire: %s", username, url, exc.brief
        )


def _end(props: Props, labels: set[str], *, grace_days: float) -> bool:
    """
    End the stale keys whose grace is over; return whether the registry accepts the current key, which asks.
    """
    zot, username = zot_at(props["zot_url"]), props["username"]
    auth = KeyAuth(username, props["api_key"])
    listing = zot.listing(auth, username)
    for stale in _stale(listing, props["key_uuid"], labels):
        if age_days(stale.succeeded_at, listing.time) >= grace_days:
            zot.revoke(auth, username, stale.key.uuid)
            _log.info("zot: revoked key %s of %s, created %s", stale.key.uuid, username, stale.key.created_at)
    return listing.accepted


def _stale(listing: Listing, current_uuid: str, labels: set[str]) -> list[StaleKey]:
    """
    Return the keys of *labels* that are older than the current one, oldest first, and those that have expired.
    """
    current = listing.find(current_uuid)
    if current is None:
        return []
    ours = [key for key in listing.keys if key.label in labels and key is not current]
    older = [key for key in ours if key.created_at < current.created_at]
    births = [*(key.created_at for key in older[1:]), current.created_at]
    stale = [StaleKey(key, succeeded_at) for key, succeeded_at in zip(older, births, strict=False)]
    return stale + [StaleKey(key, key.created_at) for key in ours if key not in older and key.is_expired]


def _facts(stale: StaleKey, now: datetime) -> Props:
    return {"key": str(stale), "succeeded_days_ago": age_days(stale.succeeded_at, now)}


def _condition(facts: Props, settings: Props) -> str:
    """
    Judge the stale keys that were found by how long *settings* leave them alive.
    """
    grace_days = float(settings.get("retire_after_days") or 0)
    over = [stale["key"] for stale in facts["stale"] if stale["succeeded_days_ago"] >= grace_days]
    return f"{len(over)} more with our label: {', '.join(over)}" if over else CURRENT


def _lagging(props: Props) -> list[str]:
    """
    Return the places that are not known to work with the current key.
    """
    return sorted(place for place, uuid in props["held"].items() if uuid != props["key_uuid"])


def _labels(props: Props) -> tuple[str, ...]:
    return (*props["earlier_labels"], props["label"])


def _thing(props: Props) -> str:
    return f"zot keys of {props['username']}"


def _slot(props: Props) -> Identity:
    return ("sweep", props["zot_url"], props["username"])


class RetiredKeys(Resource, module="zot", name="RetiredKeys"):
    """
    The keys of one label that are to be ended.

    Args:
        zot_url: the registry.
        username: whose keys.
        label: which of them are ours.
        key_uuid: the current key, which stays.
        api_key: the same key, to ask the registry with. Secret in the state.
        held: for each place that holds the key, the uuid of the key that it is known to work with.
        retire_after_days: how long a key stays alive after its successor was made.
    """

    still_used: pulumi.Output[list[str] | None]
    condition: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        zot_url: pulumi.Input[str],
        username: pulumi.Input[str],
        label: pulumi.Input[str],
        key_uuid: pulumi.Input[str],
        api_key: pulumi.Input[str],
        held: Mapping[str, pulumi.Input[str]],
        retire_after_days: float,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "zot_url": zot_url,
            "username": username,
            "label": label,
            "key_uuid": key_uuid,
            "api_key": api_key,
            "held": held,
            "retire_after_days": retire_after_days,
            "condition": CURRENT,
            "still_used": None,
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["api_key"])
        super().__init__(RetiredKeysProvider(), resource_name, props, pulumi.ResourceOptions.merge(secret, opts))
