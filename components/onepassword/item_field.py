"""
One field of a 1Password item, the store of record for the key; the rest of the item is somebody else's.

A field of that name is adopted, unless it holds something that is no zot key. A destroy removes only a field that was
added here; an adopted one keeps its last value. Moving to another field is one update: the new place is written
first, and then the old one is removed if it was added here.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, UpdateResult

from ..dynamic.provider import Props, Provider, changed, differences, given, inputs_of, report_drift
from ..dynamic.run_memory import MEMORY
from ..http.errors import NotFoundError, NotOursError
from ..rotation import CURRENT, looks_like_a_key
from ..settings.place import Place
from .access import onepassword
from .item import Field, Item, ItemAccess, ItemRef

_log = logging.getLogger(__name__)

_PLACE = ("vault", "item", "field")
_IDS = ("vault_id", "item_id", "field_id")
_INPUTS = (*_PLACE, "value", "key_uuid", "condition", "onepassword_access", "resource")
# Field types that may be overwritten: concealed or plain text.
_TYPES = ("CONCEALED", "STRING")


class ItemFieldProvider(Provider):
    """
    Life cycle of a field. Its id is where it was first written; *vault_id*, *item_id* and *field_id* say where it is.
    """

    def create(self, props: Props) -> CreateResult:
        """
        Adopt the field, or add it, and give it the value.

        Raises:
            NotOursError: the field holds something that is no zot key.
        """
        outs = self._write(props)
        return CreateResult("/".join(_ids(outs)), outs)

    def read(self, id_: str, props: Props) -> ReadResult:
        """
        Compare the field's value with the key. Read-only; another value is not recorded, since it may be a secret.
        """
        access = _access(props)
        ref, item = _find(access, props)
        field = item.by_id(props["field_id"])
        outs = {**props, "via": access.name}
        if ref != _ref(props):
            outs["condition"] = f"gone: another item has the name {props['item']} now"
        elif field is None:
            outs["condition"] = f"gone: the item has no field {props['field']} any more"
        else:
            outs["condition"] = CURRENT if field.value == props["value"] else "holds another value than the current key"
        report_drift(_place(props).thing, props, outs, ())
        return ReadResult(id_, outs, inputs_of(outs, _INPUTS))

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Everything is changed in place, the place included.

        Which fields the settings name besides is no difference; it is for `update` to know.
        """
        # `diff` runs for every kept resource, also where the refresh was another process: its claim is recorded here.
        MEMORY.claim(olds["resource"], _ids(olds))
        return differences(olds, news, update=_INPUTS)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Write the value; where the place has changed, first the new one, then clear the old one away.
        """
        if not changed(olds, news, _PLACE):
            return UpdateResult(self._write(news, known=olds))
        outs = self._write(news)
        if changed(olds, outs, _IDS):
            if not _is_among(olds, news.get("places") or []):
                self._clear(olds)
        else:
            outs["made_here"] = olds["made_here"]
        return UpdateResult(outs)

    def delete(self, id_: str, props: Props) -> None:
        """
        Remove the field if it was added here; else leave it as it is.
        """
        self._clear(props)
        MEMORY.release(props["resource"])

    def _clear(self, props: Props) -> None:
        if MEMORY.is_claimed_by_another(props["resource"], _ids(props)):
            return
        if not props["made_here"]:
            _log.info("1Password: left field %s with its last value; it was there before", _place(props).name)
            return
        access = _access(props)
        try:
            if access.read(_ref(props)).by_id(props["field_id"]) is None:
                return
        except NotFoundError:
            return
        access.remove_field(_ref(props), props["field_id"])
        _log.info("1Password: removed field %s", _place(props).name)

    def _write(self, wanted: Props, known: Props | None = None) -> Props:
        """
        Give the field that *wanted* names its value, and return all outputs. *known* says where it was last.
        """
        access = _access(wanted)
        ref, item = _find(access, known or wanted)
        field = item.by_id(known["field_id"]) if known and ref == _ref(known) else None
        made_here = bool(known and field and known["made_here"])
        if field is None:
            field = item.named(wanted["field"])
            _refuse_what_is_not_ours(field, wanted)
        if field is None:
            field_id, made_here = access.add_field(ref, wanted["field"], wanted["value"]), True
            _log.info("1Password: added field %s, key %s", _place(wanted).name, wanted["key_uuid"])
        else:
            field_id = field.id
            _set(access, ref, field, wanted)
        where = {"vault_id": ref.vault, "item_id": ref.item, "field_id": field_id}
        MEMORY.claim(wanted["resource"], _ids(where))
        return {**wanted, **where, "made_here": made_here, "via": access.name}


def _find(access: ItemAccess, props: Props) -> tuple[ItemRef, Item]:
    """
    Return the item and where it is: by its ids if they are known, and by its name if they are not or lead nowhere.

    Raises:
        NotFoundError, AmbiguousError: there is no item of that name, or there are several.
    """
    if "item_id" in props:
        with contextlib.suppress(NotFoundError):
            return _ref(props), access.read(_ref(props))
    ref = access.locate(props["vault"], props["item"])
    return ref, access.read(ref)


def _set(access: ItemAccess, ref: ItemRef, field: Field, wanted: Props) -> None:
    if field.value == wanted["value"]:
        return
    access.set_value(ref, field.id, wanted["value"])
    _log.info("1Password: set field %s to key %s", _place(wanted).name, wanted["key_uuid"])


def _refuse_what_is_not_ours(field: Field | None, wanted: Props) -> None:
    """
    Stop before a field is taken over that may serve something else.
    """
    if field is None:
        return
    if field.type not in _TYPES:
        hint = "name a concealed field, or one that does not exist yet"
        msg = f"{_place(wanted).thing} is of type {field.type}; {hint}"
        raise NotOursError(msg)
    if field.value and not looks_like_a_key(field.value):
        hint = "empty it by hand if it may be overwritten, or name another field"
        msg = f"{_place(wanted).thing} holds something that is no zot API key; {hint}"
        raise NotOursError(msg)


def _is_among(olds: Props, places: list[list[str]]) -> bool:
    """
    Whether the settings name the place that is being left, by names or ids, for another resource: it may not have come
    to that yet.
    """
    known = [(olds[name], olds[f"{name}_id"]) for name in _PLACE]
    return any(all(part in names for part, names in zip(place, known, strict=True)) for place in places)


def _access(props: Props) -> ItemAccess:
    return onepassword(props.get("onepassword_access"))


def _ids(props: Props) -> tuple[str, str, str]:
    return props["vault_id"], props["item_id"], props["field_id"]


def _ref(props: Props) -> ItemRef:
    return ItemRef(props["vault_id"], props["item_id"])


def _place(props: Props) -> Place:
    return Place.field(props["vault"], props["item"], props["field"])


class ItemField(Resource, module="onepassword", name="ItemField"):
    """
    One field of an item in 1Password.

    Args:
        vault, item, field: each by name or id. The item must exist; the field need not.
        places: every field that the settings name, this one too, each as vault, item and field.
        value: the key. Secret in the state, as an input and as an output.
        key_uuid: zot's uuid of that key, which may be shown.
        onepassword_access: the backend that reaches 1Password, if the environment does not choose it.
    """

    value: pulumi.Output[str]
    key_uuid: pulumi.Output[str]
    made_here: pulumi.Output[bool]
    via: pulumi.Output[str]
    condition: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        vault: pulumi.Input[str],
        item: pulumi.Input[str],
        field: pulumi.Input[str],
        places: list[list[str]],
        value: pulumi.Input[str],
        key_uuid: pulumi.Input[str],
        onepassword_access: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "vault": vault,
            "item": item,
            "field": field,
            "places": places,
            "value": value,
            "key_uuid": key_uuid,
            "condition": CURRENT,
            "resource": resource_name,
            "made_here": None,
            "via": None,
            **given(onepassword_access=onepassword_access),
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        super().__init__(ItemFieldProvider(), resource_name, props, pulumi.ResourceOptions.merge(secret, opts))
