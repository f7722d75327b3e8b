"""
The end of old keys: after a rotation, no key with our label is left but the current one, and those in their grace.

The only resource that ends a key which had a successor, and it does so last. From every place it takes the uuid of the
key that the place is known to work with, and it ends nothing while any of them has another. It never ends a key that is
newer than the one it works with, if it has our label. A stale key's grace counts from its successor's birth, or from
the run in which the last place let go of it; where the settings say so, a key that is in use stays after that. Keys
with another label are somebody else's: they are only ended where the account is exclusive.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from ..dynamic.claims import Claim, Identity
from ..dynamic.held_key import dead_key, key_in
from ..dynamic.provider import Props, Provider, changed, differences, given
from ..dynamic.run import RUN, Fault, Said
from ..dynamic.state_shape import numbered
from ..dynamic.trouble import condition_of, is_trouble
from ..http.errors import ReconcileError, UnexpectedAnswerError
from ..rotation import CURRENT, to_the_minute
from .api import KeyAuth, Listing, zot_at
from .grace import Grace, is_ordered_for, ordered_for
from .in_use import Waiting
from .key_facts import described
from .stale_keys import condition, dated, facts, let_go, other_keys, rivals, stale_keys, uses, waiting, without_age

_log = logging.getLogger(__name__)

_RULES = ("retire_after_days", "retire_when_unused", "retire_at_most_days", "exclusive")
_UPDATED = ("zot_url", "username", "label", "key_uuid", "api_key", "held", *_RULES)
_INPUTS = (*_UPDATED, "condition")
# What a sweep leaves for the next one, in the state.
_REMEMBERED = ("kept", "let_go")


class RetiredKeysProvider(Provider):
    """
    Life cycle of the sweep. Its id is the label.
    """

    named_by = ("zot_url", "username")
    inputs = _INPUTS
    volatile = ("stale", "others", "still_used")
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
        before = RUN.claims.newest(_slot(props))
        return CreateResult(props["label"], _swept(props, RUN.claims.new_mark(), before.labels if before else (), {}))

    def observe(self, props: Props) -> Props:
        """
        Look for stale keys, in the list that `ApiKey` has read in this run as well. Read-only.
        """
        listing = zot_at(props["zot_url"]).seen_listing(props["username"], props["api_key"])
        found = facts(listing, props["key_uuid"], _labels(props), _kept(props), _let_go(props))
        return {**found, "condition": condition(found, props)}

    def without_volatile(self, props: Props) -> Props:
        """
        Leave out for how long each key has had a successor, and its uses: of those that something still holds their
        uuids are kept, unless it decides how long they live.
        """
        held = [] if props.get("retire_when_unused") else props.get("still_used") or []
        moved = {name: without_age(props.get(name) or []) for name in ("stale", "others")}
        return {**props, **moved, "still_used": [str(line).partition(" ")[0] for line in held]}

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another current key, or a stale one that the last read found and whose grace is over by today's settings, unless
        it waits until nothing uses it.
        """
        olds = self.as_read(id_, olds)
        RUN.note(Claim(_slot(olds), olds["mark"], labels=_labels(olds)))
        found = olds["condition"] if is_trouble(olds["condition"]) else condition(olds, news)
        said = [] if found == CURRENT else [found]
        # Without an answer, of uses only what an earlier run recorded is known.
        seen = olds if not is_trouble(olds["condition"]) else {**olds, "stale": [], "others": []}
        in_use = uses(seen, news, _labels(olds), is_ordered=is_ordered_for(news["username"]))
        self.report(news, _thing(olds), [*said, *rivals(olds, news, _labels(olds)), *in_use])
        result = differences(olds, news, update=_UPDATED)
        return DiffResult(result.changes or found != CURRENT, result.replaces)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        End every stale key. The list is asked for anew, by the current key.

        Where registry or user changed, the stale keys of the old ones end as well, at once: nobody would remember them
        later. Where the label changed, keys of the old one stay ours.
        """
        RUN.note(Fault(_thing(olds), ""))
        elsewhere = bool(changed(olds, news, ("zot_url", "username")))
        try:
            outs = _swept(news, olds["mark"], () if elsewhere else _labels(olds), olds)
        except ReconcileError as exc:
            # The key's own resource has met the same, and need not say it as well.
            RUN.note(Said(condition_of(exc)))
            raise
        if elsewhere and not _lagging(news):
            # What is not ours there stays: the settings are about that account no more.
            _end_elsewhere(olds)
        return UpdateResult(outs)

    def delete(self, id_: str, props: Props) -> None:
        """
        End nothing: the places still hold the current key, and `ApiKey` ends all of ours when they have let go of it.
        """


def _swept(wanted: Props, mark: str, earlier: tuple[str, ...], before: Props) -> Props:
    """
    End the stale keys, unless a place lags behind, and return all outputs. *earlier* labels of this resource count too,
    and so does what is remembered from *before*: what an order said of a key, and when the places let go of it.
    """
    days = float(wanted.get("retire_after_days") or 0)
    grace = Grace(days, _kept(before), ordered_for(wanted["username"]), Waiting.by(wanted))
    key_in(wanted, "api_key", f"the sweep of {wanted['username']}")
    labels = {*earlier, wanted["label"]}
    earlier_labels = sorted(labels - {wanted["label"]})
    outs = {**wanted, "mark": mark, "earlier_labels": earlier_labels}
    lagging = _lagging(wanted)
    if lagging:
        # A run for chosen targets can come here before every place is served, and a canary may not have succeeded.
        why = f"not known to work with the current one: {', '.join(lagging)}"
        _log.warning("zot: no older key of %s is ended yet; %s", wanted["username"], why)
        remembered = {name: before[name] for name in _REMEMBERED if before.get(name)}
        # What the places held since the last sweep that went through is let go by the next one that does.
        nothing: Props = {"stale": [], "others": [], "still_used": []}
        return {**outs, **nothing, **remembered, "swept_uuid": _swept_uuid(before) or ""}
    left, listing = _end(wanted, labels, grace, before, exclusive=bool(wanted.get("exclusive")))
    if not listing.accepted:
        if not RUN.key_is_alive(wanted["key_uuid"]):
            raise dead_key(wanted, f"no older key of {wanted['username']} is ended")
        hint = "somebody revoked it during this run; run again"
        msg = f"zot refuses the current key of {wanted['username']}; {hint}"
        raise UnexpectedAnswerError(msg)
    let_go_at = {uuid: at for uuid, at in left.items() if at is not None}
    kept = grace.remembered(list(left))
    found = facts(listing, wanted["key_uuid"], labels, kept, let_go_at)
    for one in waiting(found, wanted) if grace.ordered is None else []:
        _log.info("zot: of %s, key %s", wanted["username"], grace.after.sentence(one))
    remembered = {"kept": kept, "let_go": {uuid: at.isoformat() for uuid, at in let_go_at.items()}}
    # Absent where there is nothing to remember, as in older states.
    return {**outs, **found, **{name: values for name, values in remembered.items() if values}}


def _end_elsewhere(olds: Props) -> None:
    """
    End our keys of the registry or the user that the settings named before; a registry that is not there any more
    keeps them until they expire.
    """
    username, url = olds["username"], olds["zot_url"]
    try:
        _end(olds, set(_labels(olds)), Grace(0.0), olds)
    except ReconcileError as exc:
        _log.warning(
            "zot: left older keys of %s at %s, if there are any, until they expire: %s", username, url, exc.brief
        )


def _end(
    props: Props, labels: set[str], grace: Grace, before: Props, *, exclusive: bool = False
) -> tuple[dict[str, datetime | None], Listing]:
    """
    End the stale keys whose *grace* is over and that need not wait, and of an *exclusive* account those of others;
    return those that stay, by uuid, with the time at which the places let go of them where that is known, and all keys
    that are left. The registry may refuse the current key, which asks.
    """
    zot, username = zot_at(props["zot_url"]), props["username"]
    auth = KeyAuth(username, props["api_key"])
    listing = zot.listing(auth, username)
    stale = stale_keys(listing, props["key_uuid"], labels)
    others = other_keys(listing, props["key_uuid"], labels)
    since = let_go([*stale, *others], listing, _let_go(before), _swept_uuid(before))
    left: dict[str, datetime | None] = {}
    ended, foreign = set(), {one.key.uuid for one in others}
    for one in dated([*stale, *(others if exclusive else [])], since):
        key = one.key
        if not one.is_over(listing.time, grace.of(key.uuid)) or one.waits(listing.time, grace.after):
            left[key.uuid] = since.get(key.uuid)
            continue
        zot.revoke(auth, username, key.uuid)
        ended.add(key.uuid)
        if key.uuid in foreign:
            _log.info("zot: revoked a key of others, since %s is exclusive: %s", username, described(key))
        else:
            _log.info("zot: revoked key %s of %s, created %s", key.uuid, username, to_the_minute(key.created_at))
    return left, replace(listing, keys=tuple(key for key in listing.keys if key.uuid not in ended))


def _kept(props: Props) -> dict[str, float]:
    """
    Return what an order of an earlier run said of older keys, by uuid.
    """
    return {uuid: float(days) for uuid, days in (props.get("kept") or {}).items()}


def _let_go(props: Props) -> dict[str, datetime]:
    """
    Return when earlier sweeps have seen that the last place let go of a key, by uuid.
    """
    return {uuid: datetime.fromisoformat(at) for uuid, at in (props.get("let_go") or {}).items()}


def _swept_uuid(before: Props) -> str | None:
    """
    Return the key of the last sweep that went through; None where there was none.
    """
    return before.get("swept_uuid", before.get("key_uuid")) or None


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
        retire_when_unused: after that it stays until nothing has used it for a day.
        retire_at_most_days: but no longer than this after its successor was made.
        exclusive: keys of other labels are stale as well.
    """

    still_used: pulumi.Output[list[str] | None]
    mark: pulumi.Output[str]
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
        retire_when_unused: bool = False,
        retire_at_most_days: float | None = None,
        exclusive: bool = False,
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
            "mark": None,
            **numbered(),
            **given(exclusive=exclusive or None, retire_when_unused=retire_when_unused or None),
            **given(retire_at_most_days=retire_at_most_days),
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["api_key"])
        super().__init__(RetiredKeysProvider(), resource_name, props, pulumi.ResourceOptions.merge(secret, opts))
