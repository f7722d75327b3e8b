"""
What somebody should do after a look, the most urgent first. Pure.
"""

from __future__ import annotations

from datetime import timedelta

from .document import AccountStatus, PlaceStatus, StaleKey, Status
from .engine import CALLED

_SOON = timedelta(days=7)


def advice(status: Status) -> list[str]:
    """
    Return one sentence for each thing that somebody should do.
    """
    up = f"`{CALLED} --stack {status.stack} up`"
    lines = []
    if not status.succeeded:
        asked = any(system.asked for system in status.systems)
        what = "" if asked else " What follows is what the state records."
        lines.append(f"The look ended with an error: correct what its lines name, then look again.{what}")
    for account in status.accounts:
        lines += _urgent(account, status, up)
        lines += [line for place in account.places for line in _of_proofs(place, account, status, up)]
    out = [account.username for account in status.accounts if account.in_sync is False]
    if out:
        lines.append(f"Run {up}: {', '.join(out)} {'is' if len(out) == 1 else 'are'} out of sync.")
    for system in status.systems:
        if system.answered is False:
            lines.append(
                f"See why {system.name} ({system.address}) gave no answer; what is there could not be compared."
            )
    if status.last_up and status.last_up.result != "succeeded":
        lines.append(
            f"Look at the log of the last up, which {status.last_up.result} on {status.last_up.started_at:%Y-%m-%d}."
        )
    lines += [f"{credential.warning}." for credential in status.credentials if credential.warning]
    for account in status.accounts:
        lines += _in_time(account)
    return lines


def _urgent(account: AccountStatus, status: Status, up: str) -> list[str]:
    key, name = account.key, account.username
    if key is None:
        return []
    if key.accepted is False:
        return [f"Run {up} at once: the registry refuses the key of {name}, so CI cannot push."]
    if key.expires_at and key.expires_at - status.looked_at < _SOON:
        return [f"Run {up} before {key.expires_at:%Y-%m-%d}: the key of {name} expires then."]
    return []


def _of_proofs(place: PlaceStatus, account: AccountStatus, status: Status, up: str) -> list[str]:
    found = place.verified
    if found is None or found.result in ("works", "no canary"):
        return []
    name, verify = (
        f"{place.system} {place.name}",
        f"`{CALLED} --stack {status.stack} verify {account.username}`",
    )
    since = status.last_successful_up
    if found.result not in ("refused", "another key"):
        return [f"See why it is not known whether {name} works ({found.why or found.result}), then run {verify}."]
    if since and found.asked_at and since.started_at > found.asked_at:
        # The last `up` has published every secret again.
        return [f"Run {verify} again: {name} was {found.result} before the last up."]
    return [f"Run {up}: in CI, {name} was {found.result}: {found.why}."]


def _in_time(account: AccountStatus) -> list[str]:
    key, name = account.key, account.username
    if key is None:
        return []
    lines = [
        f"Find what still uses the older key {stale.uuid} of {name}{_end(stale)}."
        for stale in key.stale
        if stale.still_used
    ]
    if key.other_keys and not account.exclusive:
        lines.append(
            f"See whether anybody needs the keys of {name} with other labels; revoke those that nobody claims."
        )
    return lines


def _end(stale: StaleKey) -> str:
    if stale.waits and stale.used_at:
        latest = stale.ends_at_the_latest
        limit = f", at the latest with the first up after {latest:%Y-%m-%d}" if latest else ""
        return (
            f", last on {stale.used_at:%Y-%m-%d %H:%M}; an up revokes it once nothing has used it for 24 hours{limit}"
        )
    return f"; the first up after {stale.ends_at:%Y-%m-%d} revokes it" if stale.ends_at else ""
