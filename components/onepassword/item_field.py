"""
One field of a 1Password item, the store of record for the key. The rest of the item belongs to others.

A field of that name is adopted, unless it holds a value that is no zot key. A destroy deletes a field only if this
program added it and it still holds the account's key. A change to another field is a replacement: the new field is
written first, and the old one deleted last.
"""

from __future__ import annotations

import contextlib
import logging
from copy import copy

import pulumi
from msgspec.structs import asdict
from pulumi.dynamic import DiffResult

from ..dynamic.claims import Claim, Identity, Release
from ..dynamic.conditions import NOT_FOUND
from ..dynamic.entries import Fault
from ..dynamic.findings import Findings
from ..dynamic.held_key import holds, insist_on_a_key, refuse_a_dead_key, refuse_an_unchecked_key
from ..dynamic.managed import Managed
from ..dynamic.provider import Provider, differences
from ..dynamic.reporting import deleting, report
from ..dynamic.run import RUN
from ..dynamic.seen import SEEN
from ..http.errors import AmbiguousError, NotFoundError, ReconcileError
from ..rotation import CURRENT, looks_like_a_key
from .access import onepassword
from .field_facts import other_names, why_not_added
from .item import Field, Item, ItemAccess, ItemRef
from .ownership import field_to_write, look, refuse_a_second_name, refuse_what_is_not_ours
from .state import FieldState, FieldWanted, identity_of
from .writing import add_field, set_field

_log = logging.getLogger(__name__)


class ItemFieldProvider(Provider[FieldWanted, FieldState]):
    """
    Life cycle of a field. Its id is the place where it was first written; *vault_id*, *item_id* and *field_id* say
    where it is now.
    """

    wanted = FieldWanted
    state = FieldState

    def make(self, wanted: FieldWanted) -> tuple[str, FieldState]:
        """
        Adopt or add the field, and write the key to it.

        Raises:
            KeyRefusedError: the registry refuses the key.
            KeyUncheckedError: the registry gave no answer about the key, and the field holds another one.
            NotOursError: the field holds a value that is no zot key.
            CollisionError: the settings name this field for another account, too.
        """
        state = self._write(wanted, RUN.claims.new_mark())
        return "/".join(state.identity[1:]), state

    def first_look(self, found: Findings, wanted: FieldWanted) -> None:
        """
        Look for vault, item and field.
        """
        look(found, _access(wanted), wanted.place, SEEN.named_fields)

    def observe(self, state: FieldState) -> FieldState:
        """
        Compare the field's value with the key. Read-only; a different value is not recorded, since it may be a secret.
        """
        access, place, found = _access(state), state.place, copy(state)
        ref, item = _find(access, state)
        if ref == state.ref:
            access.note_place(place.path, ref, state.field_id)
        field = item.by_id(state.field_id)
        if ref != state.ref:
            found.condition = f"{NOT_FOUND}another item has the name {state.item} now"
        elif field is None:
            why = why_not_added(item, ref, place, SEEN.named_fields)
            found.condition = f"{NOT_FOUND}the item has no field {state.field} any more{why}"
        else:
            found.condition = CURRENT if field.value == state.value else "holds another value than the current key"
        found.renamed = other_names(item, ref, field, state) if ref == state.ref else ""
        found.via = access.name
        return found

    def compare(self, olds: FieldState, news: FieldWanted) -> DiffResult:
        """
        Another field means a replacement; a new name or value of the same field does not.
        """
        RUN.note(olds.claim)
        result = differences(olds, news)
        is_same = (
            news.vault in (olds.vault, olds.vault_id)
            and news.item in (olds.item, olds.item_id)
            and news.field in (olds.field, olds.field_id)
        )
        if is_same:
            result.replaces = []
        if not result.replaces:
            sentences = [olds.condition if olds.condition != CURRENT else "", olds.renamed]
            report(news, olds.thing, filter(None, sentences))
        return result

    def change(self, olds: FieldState, news: FieldWanted) -> FieldState:
        """
        Write the key, to a new field if the old one or its item does not exist.
        """
        RUN.note(Fault(olds.thing, ""))
        return self._write(news, olds.mark, known=olds)

    def remove(self, state: FieldState) -> None:
        """
        Delete the field if this program added it, no other resource has it now, and it still holds this key or one of
        its lineage, as after a run that was killed between a write and its record. Otherwise leave it.
        """
        place, mark = state.place, state.mark
        if RUN.claims.belong_to_another([state.identity, *_names_of(state)], mark):
            # The field holds this key until its new resource writes to it.
            RUN.note(state.claim)
            _log.info("1Password: left field %s, which is still in the settings", place.name)
            return
        RUN.note(Release(state.identity, mark), Release(place.identity, mark))
        if not state.made_here:
            _log.info("1Password: left field %s with its last value; it was there before this resource", place.name)
            return
        held = holds(state.key_uuid)
        with deleting(place.thing, f"delete it by hand: {held}"):
            access = _access(state)
            try:
                field = access.read(state.ref).by_id(state.field_id)
            except AmbiguousError as exc:
                _log.warning("%s was left: %s; %s", place.thing, exc, held)
                return
            if field is None:
                _log.info("1Password: no field %s to delete any more", place.name)
            elif field.value != state.value and not RUN.shares_lineage(state.key_uuid, field.value or ""):
                _log.warning("1Password: left field %s, which holds another value than our last key", place.name)
            else:
                access.remove_field(state.ref, state.field_id)
                _log.info("1Password: deleted field %s", place.name)

    def _write(self, wanted: FieldWanted, mark: str, known: FieldState | None = None) -> FieldState:
        """
        Write the key to the field that *wanted* names, and return the state. *known* is the state before.
        """
        access, place = _access(wanted), wanted.place
        value = insist_on_a_key(wanted.value, place.thing)
        refuse_a_dead_key(wanted.key_uuid, place.thing)
        ref, item = _find(access, known or wanted)
        field = item.by_id(known.field_id) if known and ref == known.ref else None
        made_here = bool(known and field and known.made_here)
        is_known = field is not None
        if field is None:
            field = field_to_write(item, ref, place, SEEN.named_fields)
            if known:
                # It is another field than before, even if the name is the same; the one before holds nothing any more.
                RUN.note(Release(known.identity, known.mark))
                mark = RUN.claims.new_mark()
        refuse_a_second_name(access, ref, item, field, place, SEEN.named_fields)
        if field is None:
            field_id, made_here = add_field(access, ref, place, value), True
            _log.info("1Password: added field %s, key %s", place.name, wanted.key_uuid)
        else:
            field_id = field.id
            identity = identity_of(ref, field_id)
            before = RUN.claims.newest(identity)
            if before is not None:
                made_here = before.made_here
            elif not is_known:
                refuse_what_is_not_ours(field, place)
                _log.info("1Password: adopted field %s, which stays on destroy", place.name)
            # Claim the field before writing it: the old resource's deletion must leave it alone even if this write
            # fails.
            RUN.note(Claim(identity, mark, made_here=made_here))
            if field.value != value:
                if _may_be_newer(field, wanted, known):
                    refuse_an_unchecked_key(wanted.key_uuid, place.thing)
                set_field(access, ref, field, place, value)
                _log.info("1Password: set field %s to key %s", place.name, wanted.key_uuid)
        state = FieldState(
            **asdict(wanted),
            vault_id=ref.vault,
            item_id=ref.item,
            field_id=field_id,
            mark=mark,
            made_here=made_here,
            via=access.name,
        )
        RUN.note(state.claim)
        return state


def _names_of(state: FieldState) -> set[Identity]:
    """
    Return all that the settings can call the field, whose new resource may have failed. Read-only.
    """
    if not state.made_here or not RUN.claims.has_program:
        # It stays in any case, or nobody names it.
        return state.names_with()
    with contextlib.suppress(ReconcileError):
        item = _access(state).seen_item(state.ref)
        field = item.by_id(state.field_id)
        vault = item.vault.name if item.vault else None
        return state.names_with(vault, item.title, field.label if field else None)
    return state.names_with()


def _may_be_newer(field: Field, wanted: FieldWanted, known: FieldState | None) -> bool:
    """
    Whether the *field* holds a key that is neither the one that the last run wrote nor another one of the state.
    """
    held = field.value or ""
    is_ours = known is not None and held == known.value
    return looks_like_a_key(held) and not is_ours and not RUN.shares_lineage(wanted.key_uuid, held)


def _find(access: ItemAccess, wanted: FieldWanted) -> tuple[ItemRef, Item]:
    """
    Return the item and its ids. It is found by its known ids, else by its name.

    Raises:
        NotFoundError, AmbiguousError: there is no item of that name, or there are several.
    """
    if isinstance(wanted, FieldState):
        with contextlib.suppress(NotFoundError):
            return wanted.ref, access.seen_item(wanted.ref)
    ref = access.seen_ref(wanted.vault, wanted.item)
    return ref, access.seen_item(ref)


def _access(wanted: FieldWanted) -> ItemAccess:
    return onepassword(wanted.onepassword_access)


class ItemField(Managed, module="onepassword", name="ItemField"):
    """
    One field of an item in 1Password.
    """

    managed_by = ItemFieldProvider

    value: pulumi.Output[str]
    key_uuid: pulumi.Output[str]
    made_here: pulumi.Output[bool]
    mark: pulumi.Output[str]
    via: pulumi.Output[str]
    condition: pulumi.Output[str]
