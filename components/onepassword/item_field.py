"""
One field of a 1Password item, the store of record for the key; the rest of the item is somebody else's.

A field of that name is adopted, unless it holds something that is no zot key. A destroy removes only a field that was
added here and still holds the account's key; any other keeps what it holds. Another field is another
resource: the new one is written first, and the old one removed last.
"""

from __future__ import annotations

import contextlib
import logging
from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, Resource, UpdateResult

from ..dynamic.claims import Claim, Identity, Release
from ..dynamic.findings import Findings
from ..dynamic.held_key import holds, key_in, refuse_a_dead_key
from ..dynamic.provider import Props, Provider, changed, differences, given
from ..dynamic.run import RUN, Fault
from ..dynamic.seen import SEEN
from ..dynamic.state_shape import numbered
from ..dynamic.trouble import GONE
from ..http.errors import AmbiguousError, NotFoundError
from ..rotation import CURRENT
from ..settings.place import Place
from .access import onepassword
from .field_facts import other_names, why_not_added
from .item import Item, ItemAccess, ItemRef
from .ownership import field_to_write, look, refuse_a_second_name, refuse_what_is_not_ours
from .writing import add_field, set_field

_log = logging.getLogger(__name__)

_PLACE = ("vault", "item", "field")
# What a read says where item or vault have another name by now.
_RENAMED = "renamed"
_INPUTS = (*_PLACE, "value", "key_uuid", "condition", "onepassword_access")


class ItemFieldProvider(Provider):
    """
    Life cycle of a field. Its id is where it was first written; *vault_id*, *item_id* and *field_id* say where it is.
    """

    named_by = _PLACE
    inputs = _INPUTS
    # What is said of other names: nothing depends on it.
    volatile = (_RENAMED,)

    def names(self, props: Props) -> list[Identity]:
        """
        Return what the settings call the field.
        """
        return [_place(props).identity]

    def create(self, props: Props) -> CreateResult:
        """
        Adopt the field, or add it, and give it the value.

        Raises:
            KeyRefusedError: the registry refuses the key.
            NotOursError: the field holds something that is no zot key.
            CollisionError: the settings name this field for another account as well.
        """
        outs = self._write(props, RUN.claims.new_mark())
        return CreateResult("/".join(_identity(outs)[1:]), outs)

    def called(self, props: Props) -> str:
        """
        Return what messages call the field.
        """
        return _place(props).thing

    def first_look(self, found: Findings, props: Props) -> None:
        """
        Look for vault, item and field.
        """
        look(found, _access(props), _place(props), SEEN.named_fields)

    def observe(self, props: Props) -> Props:
        """
        Compare the field's value with the key. Read-only; another value is not recorded, since it may be a secret.
        """
        access = _access(props)
        ref, item = _find(access, props)
        if ref == _ref(props):
            access.note_place(_place(props).path, ref, props["field_id"])
        field = item.by_id(props["field_id"])
        if ref != _ref(props):
            condition = f"{GONE}another item has the name {props['item']} now"
        elif field is None:
            why = why_not_added(item, ref, _place(props), SEEN.named_fields)
            condition = f"{GONE}the item has no field {props['field']} any more{why}"
        else:
            condition = CURRENT if field.value == props["value"] else "holds another value than the current key"
        renamed = other_names(item, ref, props["vault"], props["item"]) if ref == _ref(props) else ""
        # No property where there is nothing to say, as in older states.
        more = {_RENAMED: renamed} if renamed or _RENAMED in props else {}
        return {"via": access.name, "condition": condition, **more}

    def diff(self, id_: str, olds: Props, news: Props) -> DiffResult:
        """
        Another field is another resource; the same field under another name, or with another value, is not.
        """
        olds = self.as_read(id_, olds)
        RUN.note(_claim(olds))
        result = differences(olds, news, update=_INPUTS)
        same = all(news[part] in (olds[part], olds[f"{part}_id"]) for part in _PLACE)
        replaces = [] if same else changed(olds, news, _PLACE)
        if not replaces:
            sentences = [olds["condition"] if olds["condition"] != CURRENT else "", olds.get(_RENAMED, "")]
            self.report(news, _place(olds).thing, filter(None, sentences))
        return DiffResult(result.changes, replaces, delete_before_replace=False)

    def update(self, id_: str, olds: Props, news: Props) -> UpdateResult:
        """
        Write the value, into a new field where the old one or its item is gone.
        """
        RUN.note(Fault(_place(olds).thing, ""))
        return UpdateResult(self._write(news, olds["mark"], known=olds))

    def delete(self, id_: str, props: Props) -> None:
        """
        Remove the field if it was added here, still holds this key or one that the state has beside it, as after a run
        that was killed between a write and its record, and is nobody else's by now; else leave it.
        """
        place, identity, mark = _place(props), _identity(props), props["mark"]
        if RUN.claims.are_anothers([place.identity, identity], mark):
            # Unless its new owner has written it, the field still holds this key.
            RUN.note(_claim(props))
            _log.info("1Password: left field %s, which is still in the settings", place.name)
            return
        RUN.note(Release(identity, mark))
        if not props["made_here"]:
            _log.info("1Password: left field %s with its last value; it was there before this resource", place.name)
            return
        with self.letting_go(props, place.thing, f"remove it by hand: {holds(props)}"):
            access = _access(props)
            try:
                field = access.read(_ref(props)).by_id(props["field_id"])
            except AmbiguousError as exc:
                _log.warning("%s was left: %s; %s", place.thing, exc, holds(props))
                return
            if field is None:
                _log.info("1Password: no field %s to remove any more", place.name)
            elif field.value != props["value"] and not RUN.is_key_beside(props["key_uuid"], field.value or ""):
                _log.warning("1Password: left field %s, which holds another value than our last key", place.name)
            else:
                access.remove_field(_ref(props), props["field_id"])
                _log.info("1Password: removed field %s", place.name)

    def _write(self, wanted: Props, mark: str, known: Props | None = None) -> Props:
        """
        Give the field that *wanted* names its value, and return all outputs. *known* says where it was last.
        """
        access, value = _access(wanted), key_in(wanted, "value", _place(wanted).thing)
        refuse_a_dead_key(wanted, _place(wanted).thing)
        ref, item = _find(access, known or wanted)
        field = item.by_id(known["field_id"]) if known and ref == _ref(known) else None
        made_here = bool(known and field and known["made_here"])
        is_known = field is not None
        if field is None:
            field = field_to_write(item, ref, _place(wanted), SEEN.named_fields)
            if known:
                # It is another field than before, whatever its name.
                mark = RUN.claims.new_mark()
        refuse_a_second_name(access, ref, item, field, _place(wanted), SEEN.named_fields)
        if field is None:
            field_id, made_here = add_field(access, ref, _place(wanted), value), True
            _log.info("1Password: added field %s, key %s", _place(wanted).name, wanted["key_uuid"])
        else:
            field_id = field.id
            before = RUN.claims.newest(("field", ref.vault, ref.item, field_id))
            if before is not None:
                made_here = before.made_here
            elif not is_known:
                refuse_what_is_not_ours(field, _place(wanted))
                _log.info("1Password: adopted field %s, which stays on destroy", _place(wanted).name)
            # Before it is written: the old owner's deletion must leave it, also if this write fails.
            RUN.note(Claim(("field", ref.vault, ref.item, field_id), mark, made_here=made_here))
            if field.value != value:
                set_field(access, ref, field, _place(wanted), value)
                _log.info("1Password: set field %s to key %s", _place(wanted).name, wanted["key_uuid"])
        where = {"vault_id": ref.vault, "item_id": ref.item, "field_id": field_id, "mark": mark, "made_here": made_here}
        outs = {**wanted, **where, "via": access.name}
        RUN.note(_claim(outs))
        return outs


def _find(access: ItemAccess, props: Props) -> tuple[ItemRef, Item]:
    """
    Return the item and where it is: by its ids if they are known, and by its name if they are not or lead nowhere.

    Raises:
        NotFoundError, AmbiguousError: there is no item of that name, or there are several.
    """
    if "item_id" in props:
        with contextlib.suppress(NotFoundError):
            return _ref(props), access.seen_item(_ref(props))
    ref = access.seen_ref(props["vault"], props["item"])
    return ref, access.seen_item(ref)


def _access(props: Props) -> ItemAccess:
    return onepassword(props.get("onepassword_access"))


def _identity(props: Props) -> Identity:
    return ("field", props["vault_id"], props["item_id"], props["field_id"])


def _claim(props: Props) -> Claim:
    called = str(_place(props))
    return Claim(_identity(props), props["mark"], props["key_uuid"], called, made_here=props["made_here"])


def _ref(props: Props) -> ItemRef:
    return ItemRef(props["vault_id"], props["item_id"])


def _place(props: Props) -> Place:
    return Place.field(props["vault"], props["item"], props["field"])


class ItemField(Resource, module="onepassword", name="ItemField"):
    """
    One field of an item in 1Password.

    Args:
        vault, item, field: each by name or id. The item must exist; the field need not.
        value: the key. Secret in the state, as an input and as an output.
        key_uuid: zot's uuid of that key, which may be shown.
        onepassword_access: the backend that reaches 1Password, if the environment does not choose it.
    """

    value: pulumi.Output[str]
    key_uuid: pulumi.Output[str]
    made_here: pulumi.Output[bool]
    mark: pulumi.Output[str]
    via: pulumi.Output[str]
    condition: pulumi.Output[str]

    def __init__(
        self,
        resource_name: str,
        *,
        vault: pulumi.Input[str],
        item: pulumi.Input[str],
        field: pulumi.Input[str],
        value: pulumi.Input[str],
        key_uuid: pulumi.Input[str],
        onepassword_access: str | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        props: dict[str, Any] = {
            "vault": vault,
            "item": item,
            "field": field,
            "value": value,
            "key_uuid": key_uuid,
            "condition": CURRENT,
            "made_here": None,
            "mark": None,
            "via": None,
            **numbered(),
            **given(onepassword_access=onepassword_access),
        }
        secret = pulumi.ResourceOptions(additional_secret_outputs=["value"])
        super().__init__(ItemFieldProvider(), resource_name, props, pulumi.ResourceOptions.merge(secret, opts))
