"""
A status document as metrics. All are gauges, so the text is valid for OpenMetrics and for node_exporter's textfile
collector. An unknown value has no sample.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

from .document import AccountStatus, Key, Status
from .engine import StackError, how_to_get
from .proofs import Proof, Round, Verified

_SECONDS_OF_A_DAY = 86400.0
_ACCOUNT = ("stack", "account")
_PLACE = (*_ACCOUNT, "system", "address", "place")
_SYSTEM = ("stack", "system", "address")

# Name, help, labels; docs/monitoring.md lists the names by their labels.
METRICS: dict[str, tuple[str, tuple[str, ...]]] = {
    "zot_ci_look_timestamp_seconds": ("When the stack was looked at.", ("stack",)),
    "zot_ci_look_success": ("Whether the look's preview went through.", ("stack",)),
    "zot_ci_last_up_timestamp_seconds": ("When the last up ended.", ("stack",)),
    "zot_ci_last_up_success": ("Whether the last up succeeded.", ("stack",)),
    "zot_ci_last_successful_up_timestamp_seconds": ("When the last up that succeeded ended.", ("stack",)),
    "zot_ci_system_asked": ("Whether the look asked the system.", _SYSTEM),
    "zot_ci_system_answered": ("Whether the system gave every answer that was needed.", _SYSTEM),
    "zot_ci_credential_expires_timestamp_seconds": (
        "When one of the program's own credentials expires.",
        ("stack", "credential", "system", "address"),
    ),
    "zot_ci_account_in_sync": ("Whether account, key and places are as the settings say.", _ACCOUNT),
    "zot_ci_key_created_timestamp_seconds": ("When the registry made the current key.", _ACCOUNT),
    "zot_ci_key_rotates_timestamp_seconds": ("From when on an up replaces the key.", _ACCOUNT),
    "zot_ci_key_expires_timestamp_seconds": ("When the key expires.", _ACCOUNT),
    "zot_ci_key_last_used_timestamp_seconds": ("Begin of the day on which the key was used last.", _ACCOUNT),
    "zot_ci_key_age_seconds": ("The key's age by the registry's clock.", _ACCOUNT),
    "zot_ci_key_accepted": ("Whether the registry accepts the key.", _ACCOUNT),
    "zot_ci_key_rights_fit": ("Whether the key has exactly the expected rights.", _ACCOUNT),
    "zot_ci_stale_keys": ("Older keys with our label that are still alive.", _ACCOUNT),
    "zot_ci_stale_keys_used": ("Of these, those that something used after they were replaced.", _ACCOUNT),
    "zot_ci_waiting_key_used_timestamp_seconds": (
        "When something last used an older key that stays while it is used.",
        (*_ACCOUNT, "key"),
    ),
    "zot_ci_waiting_key_ends_timestamp_seconds": (
        "When an older key that stays while it is used is revoked at the latest.",
        (*_ACCOUNT, "key"),
    ),
    "zot_ci_other_keys": ("Keys of the account with another label.", _ACCOUNT),
    "zot_ci_place_in_sync": ("Whether the place holds what it should.", _PLACE),
    "zot_ci_place_proven_timestamp_seconds": ("When a canary succeeded there last.", (*_PLACE, "by")),
    "zot_ci_place_works": ("Whether the place's canary succeeded in the last verify.", _PLACE),
}


@dataclass(frozen=True)
class Sample:
    """
    One value of a metric, with its labels except *stack*.
    """

    name: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)


def samples(status: Status) -> Iterator[Sample]:
    """
    Yield a sample for each known value.
    """
    yield Sample("zot_ci_look_timestamp_seconds", _time(status.looked_at))
    yield Sample("zot_ci_look_success", float(status.succeeded))
    if status.last_up:
        yield Sample("zot_ci_last_up_timestamp_seconds", _time(status.last_up.ended_at or status.last_up.started_at))
        yield Sample("zot_ci_last_up_success", float(status.last_up.result == "succeeded"))
    if status.last_successful_up:
        ended = status.last_successful_up.ended_at or status.last_successful_up.started_at
        yield Sample("zot_ci_last_successful_up_timestamp_seconds", _time(ended))
    for system in status.systems:
        labels = {"system": system.name, "address": system.address}
        yield Sample("zot_ci_system_asked", float(system.asked), labels)
        if system.answered is not None:
            yield Sample("zot_ci_system_answered", float(system.answered), labels)
    for one in status.credentials:
        labels = {"credential": one.name, "system": one.system, "address": one.address}
        yield Sample("zot_ci_credential_expires_timestamp_seconds", _time(one.expires_at), labels)
    for account in status.accounts:
        yield from _of_account(account)


def _of_account(account: AccountStatus) -> Iterator[Sample]:
    labels = {"account": account.username}
    if account.in_sync is not None:
        yield Sample("zot_ci_account_in_sync", float(account.in_sync), labels)
    for place in account.places:
        where = labels | {"system": place.system, "address": place.address, "place": place.name}
        if place.in_sync is not None:
            yield Sample("zot_ci_place_in_sync", float(place.in_sync), where)
        if place.proven_by_up:
            yield _proven(place.proven_by_up, where, "up")
        if place.verified:
            yield from _of_verified(place.verified)
    if account.key:
        yield from _of_key(account.key, labels)


def proof_samples(found: Round) -> Iterator[Sample]:
    """
    Yield the samples of the results of `verify`.
    """
    for one in found.places:
        yield from _of_verified(one)


def _of_verified(one: Verified) -> Iterator[Sample]:
    where = {"account": one.account, "system": "Forgejo", "address": one.address, "place": one.place}
    if one.proven:
        yield _proven(one.proven, where, "verify")
    if one.result != "no canary":
        yield Sample("zot_ci_place_works", float(one.result == "works"), where)


def _proven(proof: Proof, where: dict[str, str], by: str) -> Sample:
    return Sample("zot_ci_place_proven_timestamp_seconds", _time(proof.at), where | {"by": by})


def _of_key(key: Key, labels: dict[str, str]) -> Iterator[Sample]:
    times: dict[str, date | None] = {
        "created": key.created_at,
        "rotates": key.rotates_at,
        "expires": key.expires_at,
        "last_used": key.last_used,
    }
    for name, moment in times.items():
        if moment is not None:
            yield Sample(f"zot_ci_key_{name}_timestamp_seconds", _time(moment), labels)
    yield Sample("zot_ci_key_age_seconds", key.age_days * _SECONDS_OF_A_DAY, labels)
    if key.accepted is not None:
        yield Sample("zot_ci_key_accepted", float(key.accepted), labels)
    if key.rights_fit is not None:
        yield Sample("zot_ci_key_rights_fit", float(key.rights_fit), labels)
    if key.checked:
        yield Sample("zot_ci_stale_keys", len(key.stale), labels)
        yield Sample("zot_ci_stale_keys_used", sum(stale.still_used for stale in key.stale), labels)
        for stale in key.stale:
            which = labels | {"key": stale.uuid}
            if stale.waits and stale.used_at:
                yield Sample("zot_ci_waiting_key_used_timestamp_seconds", _time(stale.used_at), which)
            if stale.ends_at_the_latest:
                yield Sample("zot_ci_waiting_key_ends_timestamp_seconds", _time(stale.ends_at_the_latest), which)
        yield Sample("zot_ci_other_keys", len(key.other_keys), labels)


def _time(moment: date) -> float:
    # A datetime is also a date.
    whole = moment if isinstance(moment, datetime) else datetime.combine(moment, time(), UTC)
    return round(whole.timestamp(), 3)


def exposition(status: Status) -> str:
    """
    Return the metrics as text.

    Raises:
        StackError: the extra `metrics` is not installed.
    """
    return as_text(status.stack, samples(status))


def as_text(stack: str, found: Iterable[Sample]) -> str:
    """
    Return the samples that were *found* of a stack as text.

    Raises:
        StackError: the extra `metrics` is not installed.
    """
    try:
        # Imported here, since it is an extra.
        from prometheus_client import CollectorRegistry
        from prometheus_client.core import GaugeMetricFamily, Metric
        from prometheus_client.openmetrics.exposition import generate_latest
    except ImportError:
        msg = f"metrics need the package prometheus_client: {how_to_get('prometheus-client>=0.23,<1')} gets it"
        raise StackError(msg) from None

    all_found = list(found)

    class Collector:
        def collect(self) -> Iterable[Metric]:
            for name, (text, labels) in METRICS.items():
                family = GaugeMetricFamily(name, text, labels=labels)
                for sample in all_found:
                    if sample.name == name:
                        known = {"stack": stack, **sample.labels}
                        family.add_metric([known[label] for label in labels], sample.value)
                if family.samples:
                    yield family

    registry = CollectorRegistry(auto_describe=False)
    registry.register(Collector())
    # The package's writers have no types.
    write: Any = generate_latest
    text: str = write(registry).decode()
    return text
