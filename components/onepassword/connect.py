"""
1Password through a Connect server (REST, `OP_CONNECT_HOST` and `OP_CONNECT_TOKEN`). HTTP only.

Read in the vendor's OpenAPI file 1.7.1 and the vendor's own Terraform provider, not run against a vendor's server. An
item is changed by a PATCH of one field's path: a PUT would send the whole item, and could lose parts of it. The server
reads from a local copy that can lag behind a write, so each write waits until it can be read.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Any, TypeVar

import httpx
import msgspec

from ..http.api import Advice, Api
from ..http.credentials import EnvironmentToken, from_environment
from ..http.errors import (
    AmbiguousError,
    CredentialMissingError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    ReconcileError,
    UnexpectedAnswerError,
    UnreachableError,
)
from ..http.once import SingleFlight
from ..http.repeats import attempts
from ..settings.url import checked_url
from .connect_token import VARIABLE, refused
from .item import CONCEALED, Field, Item, ItemRef
from .names import advice
from .outcome import added_field
from .own_answers import OWN_ANSWERS
from .patch import Change, pointer
from .seen import SeenItems
from .tidied import tidied_item
from .write_queue import WriteQueue

_Found = TypeVar("_Found")

_ID = re.compile(r"[a-z0-9]{26}")

_ADVICE = {
    400: "the Connect server did not take the request: it may be older than 1.5, which cannot change one field",
    403: "give the token of OP_CONNECT_TOKEN access to that vault, with write access for `pulumi up`",
    404: "it does not exist, or the token of OP_CONNECT_TOKEN has no access to its vault",
    429: "the rate limit is used up: wait, then run again",
}


class _Named(msgspec.Struct, frozen=True):
    id: str
    name: str | None = None
    title: str | None = None


class _NotYetReadableError(Exception):
    """
    The server still shows the item as it was before a write.
    """


class Connect(SeenItems):
    """
    One Connect server; at most one write to an item at a time.
    """

    name = "1Password Connect"

    def __init__(self, transport: httpx.BaseTransport | None = None) -> None:
        super().__init__()
        self.api = Api(self.name, connect_host(), own_answers=OWN_ANSWERS, transport=transport)
        self._auth = EnvironmentToken(VARIABLE, "a 1Password Connect token")
        self._queue: WriteQueue[Change, bool] = WriteQueue(self._send, lane=lambda ref: ref)
        self._looking: SingleFlight[ItemRef, Item] = SingleFlight()

    def close(self) -> None:
        """
        Close the connections.
        """
        self.api.close()

    def locate(self, vault: str, item: str) -> ItemRef:
        """
        Find the one item; two requests, or four if both names are ids.
        """
        vault_id = self._one("/v1/vaults", "name", vault, f"vault {vault}")
        return ItemRef(vault_id, self._one(f"/v1/vaults/{vault_id}/items", "title", item, f"item {item} in {vault}"))

    def refuse_unwritable(self, vault: str, item: str) -> None:
        """
        Refuse nothing: a change of one field works whatever else is in the item.
        """

    def read(self, ref: ItemRef) -> Item:
        """
        Read the item with its values; one request.
        """
        path = _path(ref)
        response = self._call("GET", path, f"item {ref.item}")
        item = self.api.parse(response, path, f"item {ref.item}", Item, tidied_item)
        item.insist_that_it_is_there(self.name)
        self._note_read(ref, item)
        return item

    def set_value(self, ref: ItemRef, field_id: str, value: str) -> None:
        """
        Replace one field's value. The request may be repeated, since the same value twice is the same state. Its path
        has only the field's id, so it is not sent if two fields have that id; the same holds for a removal.
        """
        before = self._field_seen(ref, field_id)
        with self._writing_to(ref):
            self._queue.write(ref, Change("replace", f"{pointer(field_id)}/value", value, repeat=True))
            field = self._until_set(ref, field_id, value, before)
        self._note_field(ref, field)

    def add_field(self, ref: ItemRef, label: str, value: str) -> str:
        """
        Add a concealed field outside any section. The request is sent once, since a repeat would add a second field.

        Raises:
            AmbiguousError: another field of that label has appeared since the last look, such as one of a killed run
                that reads did not show yet; the added one was removed again.
        """
        added = {"label": label, "type": CONCEALED, "value": value}
        with self._writing_to(ref):
            before = self._ids_seen(ref)
            self._queue.write(ref, Change("add", "/fields", added, repeat=False))
            item, field = self._until_added(ref, before, label, value)
        self._note_field(ref, field)
        if any(one.label == label and one.id != field.id for one in item.fields):
            self.remove_field(ref, field.id)
            msg = f"{self.name}: item {item.title} has another field {label} by now, so none was added; run again"
            raise AmbiguousError(msg)
        return field.id

    def _until_set(self, ref: ItemRef, field_id: str, value: str, before: Field | None) -> Field:
        try:
            return self._until(ref, lambda item: one if (one := item.by_id(field_id)) and one.value == value else None)
        except UnexpectedAnswerError:
            # Perhaps the server changed the value.
            field = self.read(ref).by_id(field_id)
            if field is None or before is None or field.without_other_value().value == before.value:
                raise
            return field

    def _until_added(self, ref: ItemRef, before: Collection[str] | None, label: str, value: str) -> tuple[Item, Field]:
        def added(item: Item, *, exactly: bool = True) -> tuple[Item, Field] | None:
            field = added_field(before, item, label, value, exactly=exactly)
            return (item, field) if field else None

        try:
            return self._until(ref, added)
        except UnexpectedAnswerError:
            # Perhaps the field exists with another label or value.
            found = added(self.read(ref), exactly=False)
            if found is None:
                raise
            return found

    def remove_field(self, ref: ItemRef, field_id: str) -> None:
        """
        Remove one field; a missing field is no error.
        """
        self._field_seen(ref, field_id)
        with self._writing_to(ref):
            self._remove(ref, field_id)
        self._note_removed(ref, field_id)

    def _remove(self, ref: ItemRef, field_id: str) -> None:
        try:
            self._queue.write(ref, Change("remove", pointer(field_id), None, repeat=False))
        except UnreachableError as exc:
            # The answer was lost, but perhaps not the request: wait whether the field disappears.
            with contextlib.suppress(UnexpectedAnswerError):
                self._until(ref, lambda item: item if item.by_id(field_id) is None else None)
                return
            raise exc from None
        except ReconcileError:
            if self.read(ref).by_id(field_id) is not None:
                raise
        self._until(ref, lambda item: item if item.by_id(field_id) is None else None)

    def _one(self, path: str, attribute: str, wanted: str, what: str) -> str:
        """
        Return the id of the one thing whose *attribute* or id is *wanted*.
        """
        quoted = wanted.replace("\\", "\\\\").replace('"', '\\"')
        response = self._call("GET", path, what, params={"filter": f'{attribute} eq "{quoted}"'})
        found = [one.id for one in self._named(response, path, what) if getattr(one, attribute) == wanted]
        if _ID.fullmatch(wanted):
            found += self._of_id(path, wanted, what, is_needed=not found)
        if len(set(found)) > 1:
            hint = "name it by its id, or rename all but one"
            msg = f"{self.name} GET {path} found {len(found)} times {what}; {hint}"
            raise AmbiguousError(msg)
        if found:
            return found[0]
        hint = "create it, correct the setting, or give the token of OP_CONNECT_TOKEN access to the vault"
        msg = f"{self.name} GET {path} found no {what}; {self._lookalike(path, attribute, wanted, what) or hint}"
        raise NotFoundError(msg)

    def _of_id(self, path: str, id_: str, what: str, *, is_needed: bool) -> list[str]:
        """
        Return the id if something has it; a name can look like an id.
        """
        try:
            response = self._call("GET", f"{path}/{id_}", what)
        except (NotFoundError, PermissionMissingError):
            if is_needed:
                raise
            return []
        return [self.api.parse(response, path, what, _Named).id]

    def _lookalike(self, path: str, attribute: str, wanted: str, what: str) -> str:
        with contextlib.suppress(ReconcileError):
            response = self._call("GET", path, what)
            return advice(wanted, [(one.id, getattr(one, attribute)) for one in self._named(response, path, what)])
        return ""

    def _named(self, response: httpx.Response, path: str, what: str) -> list[_Named]:
        return self.api.parse(response, path, what, list[_Named])

    def _send(self, ref: ItemRef, changes: Sequence[Change]) -> Sequence[bool | Exception]:
        """
        Send all *changes* in one request. The server refuses all or none of them, without saying which one is wrong, so
        after a refusal each change is sent by itself.
        """
        repeat = all(change.repeat for change in changes)
        body = [change.as_json for change in changes]
        try:
            self._call("PATCH", _path(ref), f"item {ref.item}", json=body, repeat=repeat)
        except (UnreachableError, RateLimitedError):
            raise
        except ReconcileError as exc:
            return [exc] if len(changes) == 1 else [self._send_alone(ref, change) for change in changes]
        return [True] * len(changes)

    def _send_alone(self, ref: ItemRef, change: Change) -> bool | Exception:
        try:
            return self._send(ref, [change])[0]
        except ReconcileError as exc:
            return exc

    def _until(self, ref: ItemRef, look: Callable[[Item], _Found | None]) -> _Found:
        """
        Read the item until *look* finds something, and return that; for about fifteen seconds at most. All threads that
        wait for a change of the same item share one read.
        """
        with contextlib.suppress(_NotYetReadableError):
            for attempt in attempts(
                on=_NotYetReadableError, attempts=40, timeout=15, wait_initial=0.05, wait_max=0.5, wait_jitter=0
            ):
                with attempt:
                    found = look(self._looking.get(ref, lambda: self.read(ref)))
                    if found is None:
                        raise _NotYetReadableError
                    return found
        hint = "look whether the Connect server's sync is in order, then run again"
        msg = f"{self.name} GET {_path(ref)} does not show a change that it accepted 15 s ago; {hint}"
        raise UnexpectedAnswerError(msg)

    def _call(self, method: str, path: str, whose: str, **options: Any) -> httpx.Response:
        advice = Advice(_ADVICE | {401: refused(datetime.now(UTC))}, {429: RateLimitedError})
        return self.api.call(method, path, whose=whose, auth=self._auth, advice=advice, **options)


def connect_host() -> str:
    """
    Return the server's URL, from the environment.

    Raises:
        CredentialMissingError: it is missing or invalid.
    """
    host = from_environment("OP_CONNECT_HOST", "the address of the 1Password Connect server").rstrip("/")
    try:
        return checked_url(host)
    except ValueError as exc:
        # Only the rule is shown: the value may contain a password.
        msg = f"OP_CONNECT_HOST {exc}; correct it"
        raise CredentialMissingError(msg) from None


def _path(ref: ItemRef) -> str:
    return f"/v1/vaults/{ref.vault}/items/{ref.item}"
