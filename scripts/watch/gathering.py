"""
Makes the status document from a look at a stack. Pure: no clock, no engine, no network.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from .credentials import split_off
from .document import AccountStatus, Key, Part, PlaceStatus, StaleKey, Status, all_in_sync
from .look import Look, Resource, moment
from .proofs import Proof, Round
from .systems import SYSTEMS, UNCHECKED, lines_of, systems_of

_CURRENT = "current"
# Inputs that change with the key.
_OF_THE_KEY = {"value", "key_uuid", "api_key", "held", "condition", "__provider"}
# A waiting older key is revoked after so long without a use (`components/zot/in_use.py`).
_QUIET = timedelta(days=1)
_PLACES = ("onepassword:ItemField", "forgejo:ActionsSecret")


def gather(stack: str, look: Look, now: datetime, verified: Round | None = None) -> Status:
    """
    Return the document of a look that began at *now*, with the results of `verify` if they are known.
    """
    sentences, credentials = split_off(lines_of(look.sentences))
    return Status(
        stack=stack,
        looked_at=now,
        succeeded=not look.failed,
        errors=lines_of([text for _, text in look.errors]),
        sentences=sentences,
        last_up=next(iter(look.runs), None),
        last_successful_up=next((run for run in look.runs if run.result == "succeeded"), None),
        ups=look.runs,
        systems=systems_of(look),
        accounts=[_account(name, look, now, verified) for name in look.accounts],
        credentials=credentials,
        verified_at=verified.ended_at if verified else None,
    )


def _account(name: str, look: Look, now: datetime, verified: Round | None) -> AccountStatus:
    mine = [resource for resource in look.resources if resource.account == name]
    by_kind = {resource.kind: resource for resource in mine if resource.kind not in _PLACES}
    key, sweep = by_kind.get("zot:ApiKey"), by_kind.get("zot:RetiredKeys")
    replaced = bool(key and key.change in ("create", "replace"))
    parts = {
        kind: Part(**_part(resource, look, replaced, _about(kind, name))) for kind, resource in sorted(by_kind.items())
    }
    current = str(key.facts["uuid"]) if key and key.facts.get("uuid") else None
    places = [_place(one, look, current, verified, replaced=replaced) for one in mine if one.kind in _PLACES]
    everything = [*parts.values(), *places]
    in_sync = all_in_sync([part.in_sync for part in everything]) if everything else None
    return AccountStatus(
        username=name,
        in_sync=in_sync,
        changes=sum(1 for one in mine if one.change),
        identity=parts.get("authentik:ServiceAccount"),
        key_status=parts.get("zot:ApiKey"),
        sweep=parts.get("zot:RetiredKeys"),
        key=_key(key, sweep, now) if key and current else None,
        places=sorted(places, key=lambda place: (place.system, place.name)),
        retire_after_days=_grace_days(sweep),
        retire_when_unused=bool(_rule(sweep, "retire_when_unused")),
        exclusive=bool(_rule(sweep, "exclusive")),
    )


def _about(kind: str, username: str) -> str:
    """
    Return the begin of the program's sentences about that resource of the account.
    """
    return {
        "authentik:ServiceAccount": f"authentik account {username}: ",
        "zot:ApiKey": f"zot API key of {username}: ",
        "zot:RetiredKeys": f"zot keys of {username}: ",
    }.get(kind, "")


def _part(resource: Resource, look: Look, replaced: bool, about: str = "") -> dict[str, Any]:
    condition = str(resource.facts.get("condition") or _CURRENT)
    said = [line.removeprefix(about) for line in lines_of(look.sentences) if about and line.startswith(about)]
    why = list(dict.fromkeys(said))
    if condition != _CURRENT and resource.seen is not None and condition not in "; ".join(why):
        why.insert(0, condition)
    if resource.change and not why:
        why = [_why_changed(resource, replaced)]
    in_sync: bool | None = not resource.change and (condition == _CURRENT)
    if condition.startswith(UNCHECKED) or (resource.seen is None and not resource.change):
        # A preview that failed during its reads does not show the resource.
        in_sync = None
    errors = [text for urn, text in look.errors if urn == resource.urn]
    return {
        "in_sync": in_sync,
        "change": resource.change,
        "condition": condition,
        "why": [*why, *lines_of(errors)],
    }


def _why_changed(resource: Resource, replaced: bool) -> str:
    if resource.change == "create":
        return "is not there yet"
    if resource.change == "delete":
        return "is no longer in the settings"
    old = resource.facts
    changed = sorted(
        name
        for name, value in resource.wanted.items()
        if name not in _OF_THE_KEY and value != old.get(name) and value is not None
    )
    if changed:
        return f"the settings have another {', '.join(changed)}"
    return "gets the next key" if replaced else f"an up will {resource.change} it"


def _place(
    resource: Resource, look: Look, current: str | None, verified: Round | None, *, replaced: bool
) -> PlaceStatus:
    facts = resource.facts or resource.wanted
    system, address = SYSTEMS[resource.kind]
    holds = facts.get("key_uuid") if resource.stored or resource.seen else None
    where = (str(facts.get(address) or ""), _place_name(facts))
    return PlaceStatus(
        **_part(resource, look, replaced),
        system=system,
        address=where[0],
        name=where[1],
        key_uuid=str(holds) if holds else None,
        holds_current_key=bool(holds and holds == current),
        written_at=resource.modified,
        proven_by_up=_proof(facts.get("proof")),
        verified=verified.of(resource.account, *where) if verified else None,
    )


def _proof(recorded: Any) -> Proof | None:
    # An older state has no proofs.
    at = moment(recorded.get("at")) if isinstance(recorded, Mapping) else None
    return Proof(at, str(recorded["key_uuid"])) if at else None


def _place_name(facts: Mapping[str, Any]) -> str:
    if "field" in facts:
        return "/".join(_quoted(str(facts[part])) for part in ("vault", "item", "field"))
    owner = facts.get("repository") or facts.get("organization") or "user"
    server = facts.get("server")
    return f"{owner}/{facts.get('secret')}" + (f"@{server}" if server else "")


def _quoted(part: str) -> str:
    """
    Return a part of a place's name with its slashes written %2F, as in the program's messages.
    """
    return part.replace("%", "%25").replace("/", "%2F")


def _key(resource: Resource, sweep: Resource | None, now: datetime) -> Key:
    facts = resource.facts
    checked = resource.seen is not None and not str(facts.get("condition")).startswith(UNCHECKED)
    created = _known(moment(facts["created_at"]), now)
    age = max(0.0, round((now - created) / timedelta(days=1), 5))
    age = float(facts["age_days"]) if checked and "age_days" in facts else age
    rotate_after = _number(resource.wanted.get("rotate_after_days"), _number(facts.get("rotate_after_days"), 0.0))
    return Key(
        uuid=str(facts["uuid"]),
        label=str(facts.get("label")),
        created_at=created,
        rotates_at=created + timedelta(days=rotate_after) if rotate_after else None,
        expires_at=moment(facts.get("expires_at")),
        last_used=_day(facts.get("last_used")),
        age_days=age,
        checked=checked,
        accepted=not facts.get("refused") if checked else None,
        rights=str(facts.get("access") or ""),
        rights_fit=_rights_fit(facts, resource.wanted),
        # The registry's time, which the ages of the older keys are counted from.
        stale=_stale(sweep, created + timedelta(days=age)) if sweep else [],
        other_keys=[str(line) for line in facts.get("other_keys") or []],
    )


def _rights_fit(facts: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool | None:
    if "may" in facts:
        # Compare each probed right with the expected ones.
        expected = next((one["rights"] for one in (wanted, facts) if isinstance(one.get("rights"), list)), ["create"])
        return all(bool(has) == (right in expected) for right, has in facts["may"].items())
    fits = facts.get("fits_ci")
    return None if fits is None else bool(fits)


def _stale(sweep: Resource, now: datetime) -> list[StaleKey]:
    if sweep.seen is None:
        return []
    used = {str(line).partition(" ")[0] for line in sweep.seen.get("still_used") or []}
    found = []
    for one in sweep.seen.get("stale") or []:
        uuid, _, born = str(one["key"]).partition(" created ")
        days = _number(one.get("succeeded_days_ago"), None)
        replaced_at = None if days is None else now - timedelta(days=days)
        grace = _number(one.get("keep_days"), _grace_days(sweep))
        ends_at = replaced_at + timedelta(days=grace) if replaced_at else None
        used_at, latest = moment(one.get("used_at")), _latest_end(one, sweep, replaced_at)
        quiet_at = used_at + _QUIET if used_at else None
        waits = bool(_rule(sweep, "retire_when_unused") and ends_at and ends_at <= now and quiet_at and now < quiet_at)
        waits = waits and (latest is None or now < latest)
        if waits:
            ends_at = min(end for end in (quiet_at, latest) if end)
        is_used = uuid in used
        found.append(
            StaleKey(uuid, _day(born), replaced_at, ends_at, is_used, used_at, waits, latest if waits else None)
        )
    return found


def _latest_end(fact: Mapping[str, Any], sweep: Resource, replaced_at: datetime | None) -> datetime | None:
    at_most = _number(_rule(sweep, "retire_at_most_days"), None)
    limit = None if at_most is None or replaced_at is None else replaced_at + timedelta(days=at_most)
    return min((end for end in (limit, moment(fact.get("expires_at"))) if end), default=None)


def _rule(sweep: Resource | None, name: str) -> Any:
    """
    Return a setting of the sweep; if the look does not show the sweep, its last value.
    """
    return (sweep.wanted or sweep.facts).get(name) if sweep else None


def _grace_days(sweep: Resource | None) -> float:
    if sweep is None:
        return 0.0
    return float(_number(sweep.wanted.get("retire_after_days"), _number(sweep.facts.get("retire_after_days"), 0.0)))


def _number(value: Any, otherwise: Any) -> Any:
    """
    Return *value* if it is a number; an unknown value is a text of the engine's.
    """
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else otherwise


def _day(text: Any) -> date | None:
    return date.fromisoformat(str(text)[:10]) if text else None


def _known(time: datetime | None, otherwise: datetime) -> datetime:
    return otherwise if time is None else time
