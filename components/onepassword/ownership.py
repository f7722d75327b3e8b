"""
Whether a field may be written by this program: it is ours, or free, and of one account only. Read-only, HTTP only.
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
    Add to *found* what an `up` that keeps a key at *place* will find.

    Args:
        named: every field that the settings name, with the user name of its account.

    Raises:
        ReconcileError: vault or item is not there, or the field is not free.
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
    Return the value of the field at *place*, if it looks like a zot key. Read-only; *anew*, also where the item has
    been read within the last minute.

    Anything else is not sent to a registry: a field that was named by mistake may hold another system's secret.

    Raises:
        AmbiguousError: more than one field could be meant, or one that is named only nearly so.
    """
    known = None if anew else _as_known(access, place)
    if known:
        field: Field | None = known[1]
    else:
        ref = access.seen_ref(*place.path[:2])
        item = access.read(ref) if anew else access.seen_item(ref)
        field = item.named(place.path[2], apart=_labels_of_others(item, ref, place, named))
    # Pasted by a person, it may have come with a space or a line's end.
    value = (field.value or "").strip() if field else ""
    return value if looks_like_a_key(value) else None


def field_to_write(item: Item, ref: ItemRef, place: Place, named: Sequence[tuple[str, Place]]) -> Field | None:
    """
    Return the one field of the *item* that *place* names, or None if it is to be added.

    Raises:
        AmbiguousError: more than one field could be meant, or one that is named only nearly so; or no id tells it from
            the others.
    """
    field = item.named(place.path[2], apart=_labels_of_others(item, ref, place, named))
    if field:
        item.insist_on_its_id(field)
    return field


def insist_on_one_field(access: ItemAccess, place: Place, named: Sequence[tuple[str, Place]]) -> None:
    """
    Refuse a *place* at which it cannot be told which field is meant; asked before a key is made for it. Read-only.

    Raises:
        AmbiguousError: it cannot be told.
        ReconcileError: vault or item cannot be looked at.
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
    Return the field as the state knows it, by ids, whatever it, its item and its vault are called by now; None where
    this process does not know it, or it is gone.
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
    Return how the settings name other fields of the same item: who names both of two that look alike tells them apart.
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
    Stop before a *field* is taken over that may serve something else.

    Raises:
        NotOursError: it is of another type, or holds something that is no zot key.
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
    Stop before two accounts overwrite each other's key for ever, in one field that the settings name in two ways: by
    label and by id, for example. Two equal names were refused when the settings were read.

    Args:
        own: the field, as its own account's settings name it.
        named: every field that the settings name, with the user name of its account.

    Raises:
        CollisionError: another of these names is the same field.
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
        # What another account's settings name is not there: its own field says so.
        return False
