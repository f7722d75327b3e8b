"""
1Password by a service account (`OP_SERVICE_ACCOUNT_TOKEN`), through the vendor's SDK, with the SDK's own models.

Run against the SDK 0.4.2 with its native core replaced; the core itself only as far as its refusal of a bad token. The
SDK is an extra of this project and is imported when a service account is used. It is asynchronous, so one background
thread runs its event loop. Its errors are plain exceptions whose text may hold data of an item: what they mean is
recognised by words of the core, and their text is never shown.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Coroutine
from threading import Thread
from typing import TYPE_CHECKING, Any, TypeVar

from ..http.credentials import from_environment
from ..http.errors import (
    AmbiguousError,
    EnvironmentUnfitError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    ReconcileError,
    SignInRefusedError,
    UnexpectedAnswerError,
    UnreachableError,
)
from ..http.timeouts import timeout
from ..version import VERSION
from .item import CONCEALED, Field, Item, ItemRef, Section
from .whole_item import ConflictError, WholeItemAccess

if TYPE_CHECKING:
    import onepassword

_Answer = TypeVar("_Answer")

_TOKEN = "OP_SERVICE_ACCOUNT_TOKEN"
# How long a call may take to end after it was cancelled, which is for the SDK's core to do.
_ENDING_SECONDS = 5.0
# Words in the core's errors (read in the native library of 0.4.2), what they mean, and what to do. The first that fits.
_CONFLICTS = ("incorrect item version", "conflict occurred on the server")
_UNWRITABLE = (
    "the SDK does not know the type of one of its fields, such as a passkey: take that out, name another item, or use "
    "a Connect server or `op`"
)
_KNOWN: tuple[tuple[tuple[str, ...], type[ReconcileError], str, str], ...] = (
    (
        ("service account token", "authentication error", "bad credentials", "not authenticated", "session expired"),
        SignInRefusedError,
        "the token is refused",
        f"check {_TOKEN}",
    ),
    (
        ("unsupported fields",),
        EnvironmentUnfitError,
        "the SDK cannot write it",
        _UNWRITABLE,
    ),
    (
        ("right permissions",),
        PermissionMissingError,
        "permission is missing",
        "give the service account access to that vault, with write access for `pulumi up`",
    ),
    (
        ("not found", "be found", "not in an active state"),
        NotFoundError,
        "it is not there",
        "it is gone, or the service account has no access to its vault",
    ),
    (
        ("error sending request", "request timeout", "network"),
        UnreachableError,
        "there was no answer",
        "check that this machine reaches 1Password",
    ),
)
# In Connect's words; the others differ in capitals only.
_TYPES = {"Concealed": CONCEALED, "Text": "STRING"}


class Sdk(WholeItemAccess["onepassword.Item"]):
    """
    One service account, signed in at the first call.
    """

    name = "1Password service account"

    def __init__(self) -> None:
        super().__init__()
        token = from_environment(_TOKEN, "a 1Password service account's token")
        self._sdk = _sdk()
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, name=self.name, daemon=True)
        self._thread.start()
        try:
            signing_in = self._sdk.Client.authenticate(token, "zot-ci", VERSION)
            self._client: onepassword.Client = self._call("sign-in", "the service account", signing_in)
        except ReconcileError:
            self.close()
            raise

    def close(self) -> None:
        """
        End the background thread.
        """
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def refuse_unwritable(self, vault: str, item: str) -> None:
        """
        Refuse an item that has a field of a type that the SDK does not know: it reads such an item and cannot write it.
        """
        ref = self.seen_ref(vault, item)
        unknown = self._sdk.ItemFieldType.UNSUPPORTED
        if any(field.field_type == unknown for field in self._get(ref).fields):
            msg = f"{self.name} cannot write item {item} in {vault}, so no key was made for it; {_UNWRITABLE}"
            raise EnvironmentUnfitError(msg)

    def locate(self, vault: str, item: str) -> ItemRef:
        """
        Find the one item; two requests.
        """
        what = f"vault {vault}"
        vaults = self._call("vaults.list", what, self._client.vaults.list())
        vault_id = self._one("vaults.list", [(one.id, one.title) for one in vaults], vault, what)
        what = f"item {item} in {vault}"
        items = self._call("items.list", what, self._client.items.list(vault_id))
        return ItemRef(vault_id, self._one("items.list", [(one.id, one.title) for one in items], item, what))

    def _one(self, call: str, known: list[tuple[str, str]], wanted: str, what: str) -> str:
        found = [id_ for id_, title in known if title == wanted] or [id_ for id_, _ in known if id_ == wanted]
        if not found:
            hint = "create it, correct the setting, or give the service account access to the vault"
            msg = f"{self.name} {call} found no {what}; {hint}"
            raise NotFoundError(msg)
        if len(found) > 1:
            hint = "name it by its id, or rename all but one"
            msg = f"{self.name} {call} found {len(found)} times {what}; {hint}"
            raise AmbiguousError(msg)
        return found[0]

    def _get(self, ref: ItemRef) -> onepassword.Item:
        return self._call("items.get", f"item {ref.item}", self._client.items.get(ref.vault, ref.item))

    def _put(self, ref: ItemRef, raw: onepassword.Item) -> onepassword.Item:
        return self._call("items.put", f"item {ref.item}", self._client.items.put(raw))

    def _parsed(self, raw: onepassword.Item) -> Item:
        sections = {one.id: Section(id=one.id, label=one.title) for one in raw.sections}
        fields = [
            Field(
                id=field.id,
                type=_TYPES.get(field.field_type.value, field.field_type.value.upper()),
                label=field.title,
                value=field.value,
                section=sections.get(field.section_id or ""),
            )
            for field in raw.fields
        ]
        return Item(id=raw.id, title=raw.title, sections=list(sections.values()), fields=fields)

    def _set(self, raw: onepassword.Item, field_id: str, value: str) -> bool:
        for field in raw.fields:
            if field.id == field_id:
                field.value = value
                return True
        return False

    def _add(self, raw: onepassword.Item, label: str, value: str) -> None:
        # 26 characters of an id's alphabet, as the vendor's own clients make them.
        id_, concealed = secrets.token_hex(13), self._sdk.ItemFieldType.CONCEALED
        raw.fields.append(self._sdk.ItemField(id=id_, title=label, field_type=concealed, value=value))

    def _remove(self, raw: onepassword.Item, field_id: str) -> None:
        raw.fields = [field for field in raw.fields if field.id != field_id]

    def _call(self, call: str, what: str, coroutine: Coroutine[Any, Any, _Answer]) -> _Answer:
        """
        Wait for one call of the SDK. One that takes longer than the time-out is cancelled, and its end waited for: a
        write that is under way must not meet the next one.

        Raises:
            ConflictError: the write came too late; nothing was changed.
            ReconcileError: whatever else went wrong.
        """
        seconds = timeout().read
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(coroutine, seconds), self._loop)
        try:
            return future.result((seconds or 0.0) + _ENDING_SECONDS)
        except TimeoutError:
            future.cancel()
            msg = f"{self.name} {call} gave no answer for {what} in {seconds:g} s; check this machine's network"
            brief = f"{self.name} gave no answer; check this machine's network"
            error: Exception = UnreachableError(msg, brief=brief)
        except Exception as exc:  # the SDK raises nothing more special, but for the rate limit
            error = self._meaning(exc, call, what)
        raise error from None

    def _meaning(self, exc: Exception, call: str, what: str) -> Exception:
        text = str(exc).lower()
        if isinstance(exc, self._sdk.RateLimitExceededException):
            hint = "wait, up to an hour for a service account and a day for the 1Password account, then run again"
            return RateLimitedError(f"{self.name} {call} for {what}: the rate limit is used up; {hint}")
        if any(words in text for words in _CONFLICTS):
            return ConflictError()
        if isinstance(exc, ImportError | OSError):
            hint = "use a Connect server or `op` here"
            return EnvironmentUnfitError(f"onepassword-sdk has no native core that works on this machine; {hint}")
        for words, kind, meaning, hint in _KNOWN:
            if any(word in text for word in words):
                msg = f"{self.name} {call} failed for {what}: {meaning}; {hint}"
                return kind(msg) if kind is NotFoundError else kind(msg, brief=f"{self.name}: {meaning}; {hint}")
        hint = (
            f"its text may hold secrets and is not shown: check {_TOKEN}, and 1Password's status page, then run again"
        )
        return UnexpectedAnswerError(f"{self.name} {call} failed for {what} ({type(exc).__name__}); {hint}")


def _sdk() -> Any:
    """
    Import the vendor's SDK.

    Raises:
        EnvironmentUnfitError: it is not installed.
    """
    try:
        import onepassword
    except ImportError:
        hint = "pip install 'onepassword-sdk>=0.4,<0.5' (this project's extra service-account), or use another backend"
        msg = f"{_TOKEN} is set, and the vendor's SDK is not installed; {hint}"
        raise EnvironmentUnfitError(msg) from None
    return onepassword
