"""
Whether this program may write a field: it is ours or free, and only one account has it. Read-only, HTTP only.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..dynamic.errors import CollisionError, NotOursError
from ..dynamic.findings import Findings
from ..http.errors import AmbiguousError, NotFoundError
from ..rotation import looks_like_a_key
from ..settings.place import Place
from .item import Field, Item, ItemAccess, ItemRef

# Field types that may be overwritten: concealed or plain text.
_TYPES = ("CONCEALED", "STRING")


def look(found: Findings, access: ItemAccess, place: Place, named: Sequence[tuple[str, Place]]) -> None:
    """
    Add to *found* what an `up` that stores a key at *place* will do.

    Args:
        named: every field in the settings, with the user name of its account.

    Raises:
        ReconcileError: vault or item does not exist, or the field is not free.
    """
    vault, title, _ = place.path
    ref = access.seen_ref(vault, title)
    item = access.seen_item(ref)
    with found.gathering():
        access.refuse_unwritable(vault, title)
    field = field_to_write(item, ref, place, named)
    refuse_a_second_name(access, ref, item, field, place, named)
    refuse_what_is_not_ours(field, place)
    found.plans.append(_plan(field))
    found.open_questions.append(f"only an `up` shows whether {access.name} may write to item {title} in {vault}")


def key_at(
    access: ItemAccess, place: Place, named: Sequence[tuple[str, Place]] = (), *, anew: bool = False
) -> str | None:
    """
    Return the value of the field at *place* if it looks like a zot key; else None. Read-only. With *anew* the item is
    read even if it was read within the last minute.

    No other value is sent to a registry: a field that was named by mistake may hold another system's secret.

    Raises:
        AmbiguousError: more than one field could be meant, or only one with a name that looks like the setting.
    """
    known = None if anew else _as_known(access, place)
    if known:
        field: Field | None = known[1]
    else:
        ref = access.seen_ref(*place.path[:2])
        item = access.read(ref) if anew else access.seen_item(ref)
        field = item.named(place.path[2], apart=_labels_of_others(item, ref, place, named))
    # A person may have pasted it with a space or a line end.
    value = (field.value or "").strip() if field else ""
    return value if looks_like_a_key(value) else None


def field_to_write(item: Item, ref: ItemRef, place: Place, named: Sequence[tuple[str, Place]]) -> Field | None:
    """
    Return the one field of the *item* that *place* names, or None if it is to be added.

    Raises:
        AmbiguousError: more than one field could be meant, or only one with a name that looks like the setting; or the
            field has no id of its own.
    """
    field = item.named(place.path[2], apart=_labels_of_others(item, ref, place, named))
    if field:
        item.insist_on_its_id(field)
    return field


def insist_on_one_field(access: ItemAccess, place: Place, named: Sequence[tuple[str, Place]]) -> None:
    """
    Refuse a *place* at which more than one field could be meant; called before a key is minted for it. Read-only.

    Raises:
        AmbiguousError: more than one field could be meant.
        ReconcileError: vault or item cannot be read.
    """
    known = _as_known(access, place)
    if known:
        item, field = known
        item.insist_on_its_id(field)
        return
    ref = access.seen_ref(*place.path[:2])
    field_to_write(access.seen_item(ref), ref, place, named)


def _as_known(access: ItemAccess, place: Place) -> tuple[Item, Field] | None:
    """
    Return the field by the ids in the state, so that new names do not matter. None if this process does not know the
    ids, or if the field does not exist.
    """
    known = access.known_place(place.path)
    if known is None:
        return None
    try:
        item = access.seen_item(known[0])
    except NotFoundError:
        return None
    field = item.by_id(known[1])
    return (item, field) if field else None


def _labels_of_others(item: Item, ref: ItemRef, own: Place, named: Sequence[tuple[str, Place]]) -> set[str]:
    """
    Return the labels of other fields of the same item in the settings: if the settings name two similar fields, each
    name is meant exactly.
    """
    vaults, titles = (own.path[0], ref.vault), (own.path[1], ref.item, item.title)
    return {place.path[2] for _, place in named if place.path[0] in vaults and place.path[1] in titles} - {own.path[2]}


def _plan(field: Field | None) -> str:
    if field is None:
        return "will be added to the item, and nothing else in it changes"
    held = "holds what looks like a zot key" if field.value else "is empty"
    return f"is there and {held}: it will be adopted, gets the new key, and stays on destroy"


def refuse_what_is_not_ours(field: Field | None, place: Place) -> None:
    """
    Refuse to adopt a *field* that something else may use.

    Raises:
        NotOursError: it has another type, or holds a value that is no zot key.
    """
    if field is None:
        return
    if field.type not in _TYPES:
        hint = "name a concealed field, or one that does not exist yet"
        msg = f"{place.thing} is of type {field.type}; {hint}"
        raise NotOursError(msg)
    if field.holds_something_else:
        hint = "empty it by hand if it may be overwritten, or name another field"
        msg = f"{place.thing} holds something that is no zot API key; {hint}"
        raise NotOursError(msg)


def refuse_a_second_name(
    access: ItemAccess, ref: ItemRef, item: Item, field: Field | None, own: Place, named: Sequence[tuple[str, Place]]
) -> None:
    """
    Refuse a field that the settings name for two accounts by two names, for example by label and by id: the accounts
    would overwrite each other's key in every run. Two equal names were refused when the settings were read.

    Args:
        own: the field, as its account's settings name it.
        named: every field in the settings, with the user name of its account.

    Raises:
        CollisionError: another name in the settings means the same field.
    """
    path = own.path
    here = {path[2]} | ({field.id, field.label} if field else set())
    for username, place in named:
        vault, title, label = place.path
        if place == own or label not in here or title not in (path[1], ref.item, item.title):
            continue
        if vault in (path[0], ref.vault) or _is_at(access, vault, title, ref):
            whose = next((name for name, other in named if other == own), "?")
            same = f"{own.thing} of account {whose} and {place.thing} of account {username} are the same field"
            msg = f"{same}; name it for one of them only"
            raise CollisionError(msg)


def _is_at(access: ItemAccess, vault: str, title: str, ref: ItemRef) -> bool:
    try:
        return access.seen_ref(vault, title) == ref
    except (NotFoundError, AmbiguousError):
        # The field of the other account does not exist, which its own resource reports.
        return False
