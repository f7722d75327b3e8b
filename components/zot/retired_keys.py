"""
The end of old keys: after a rotation, no key with our label is left but the current one.

The only resource that ends keys other than its own, and it does so last: it takes from every place that holds the key
the uuid of the key that it holds, and ends nothing while any of them holds another. It can leave older keys alive for
some days after the current one was made. Keys with another label are somebody else's.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from ..dynamic.provider import Props, Provider, changed, differences, inputs_of, report_drift
from ..http.errors import UnexpectedAnswerError
from ..rotation import CURRENT, age_days
from .api import KeyAuth, ListedKey, Listing, zot_at

_log = logging.getLogger(__name__)

_UPDATED = ("zot_url", "username", "label", "key_uuid", "api_key", "held", "retire_after_days")
_INPUTS = (*_UPDATED, "condition")

# The run that replaces a key still uses it for a moment after its successor was made.
_OWN_USE = timedelta(hours=1)


class RetiredKeysProvider(Provider):
    """
    Life cycle of the sweep. Its id is the label.
    """

    def create(self, props: Props) -> CreateResult:
        """
        Revoke the stale keys that an earlier stack of this name, or a run that died, has left.
        """
        return CreateResult(props["label"], self._sweep(props))

    def read(self, id_: str, props: Props) -> ReadResult:
        """
        Look for stale keys, in the list that `ApiKey` has read in this run as well. Read-only.
        """
        listing = zot_at(props["zot_url"]).seen_listing(props["username"], props["api_key"])
        stale = _stale(listing, props["label"], {props["key_uuid"]})
        current = listing.find(props["key_uuid"])
        age = age_days(current.created_at, listing.time) if current else 0.0
        outs = {**props, "stale": _named(stale) if stale else "", "current_age_days": age}
        outs["condition"] = _condition(outs, props)
        outs["still_used"] = [
            f"{key.uuid} was used on {key.last_used:%Y-%m-%d}, after its successor was published"
            for key in stale
            if current and key.last_used and key.last_used > current.created_at + _OWN_USE
        ]
        for line in outs["still_used"]:
            _log.warning("zot key %s of %s: something still holds it", line, props["username"])
        report_drift(f"zot keys of {props['username']}", props, outs, ())
        return ReadResult(id_, outs, inputs_of(outs, _INPUTS))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another current key, or a stale one that the last read found and whose grace is over by today's settings.
        """
        result = differences(olds, news, update=_UPDATED)
        return DiffResult(result.changes or _condition(olds, news) != CURRENT, result.replaces)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Revoke every stale key. The list is asked for anew, by the current key.

        Where registry, user or label changed, the stale keys of the old ones end as well, at once: nobody would
        remember them later. The old key itself is left to its own resource.
        """
        outs = self._sweep(news)
        if changed(olds, news, ("zot_url", "username", "label")) and not _lagging(news):
            # The new key is kept too: the old address can turn out to be the same registry.
            self._revoke_stale(olds, keep={olds["key_uuid"], news["key_uuid"]})
        return UpdateResult(outs)

    def delete(self, id_: str, props: Props) -> None:
        """
        Revoke the stale keys; `ApiKey` ends the current one after every place has let go of it.
        """
        self._revoke_stale(props, keep={props["key_uuid"]})

    def _sweep(self, wanted: Props) -> Props:
        lagging = _lagging(wanted)
        if lagging:
            # A run for chosen targets only can come here before every place is served.
            _log.warning("zot: no key of %s is retired, %s holds an older one", wanted["username"], ", ".join(lagging))
        elif not self._revoke_stale(
            wanted, keep={wanted["key_uuid"]}, grace_days=float(wanted.get("retire_after_days") or 0)
        ):
            hint = "somebody revoked it during this run; run again"
            msg = f"zot refuses the current key of {wanted['username']}; {hint}"
            raise UnexpectedAnswerError(msg)
        return wanted

    def _revoke_stale(self, props: Props, keep: set[str], *, grace_days: float = 0.0) -> bool:
        """
        Revoke what carries the label and is not in *keep*, if the current key is older than *grace_days*; return
        whether the registry accepts that key, which asks.
        """
        zot = zot_at(props["zot_url"])
        auth = KeyAuth(props["username"], props["api_key"])
        listing = zot.listing(auth, props["username"])
        current = listing.find(props["key_uuid"])
        if current and age_days(current.created_at, listing.time) < grace_days:
            return True
        for key in _stale(listing, props["label"], keep):
            zot.revoke(auth, props["username"], key.uuid)
            _log.info("zot: revoked key %s of %s, created %s", key.uuid, props["username"], key.created_at)
        return listing.accepted


def _condition(facts: Props, settings: Props) -> str:
    """
    Judge the stale keys that were found by how long *settings* leave them alive.
    """
    due = facts.get("current_age_days", 0.0) >= float(settings.get("retire_after_days") or 0)
    return facts["stale"] if facts.get("stale") and due else CURRENT


def _lagging(props: Props) -> list[str]:
    """
    Return the places that hold another key than the current one.
    """
    return sorted(place for place, uuid in props["held"].items() if uuid != props["key_uuid"])


def _stale(listing: Listing, label: str, keep: set[str]) -> list[ListedKey]:
    return [key for key in listing.keys if key.label == label and key.uuid not in keep]


def _named(stale: list[ListedKey]) -> str:
    keys = ", ".join(f"{key.uuid} created {key.created_at:%Y-%m-%d}" for key in stale)
    return f"{len(stale)} more with our label: {keys}"


class RetiredKeys(Resource, module="zot", name="RetiredKeys"):
    """
    The keys of one label that are to be ended.

    Args:
        zot_url: the registry.
        username: whose keys.
        label: which of them are ours.
        key_uuid: the current key, which stays.
        api_key: the same key, to ask the registry with. Secret in the state.
        held: for each place that holds the key, the uuid of the key that it holds.
        retire_after_days: how long older keys stay alive after the current one was made.
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
