"""
1Password by a service account (`OP_SERVICE_ACCOUNT_TOKEN`), through the vendor's SDK.

Run against the SDK 0.4.2 with its native core replaced; of the core itself only the refusal of a bad token was run. The
SDK is an extra of this project and is imported when a service account is used. It is asynchronous, so one background
thread runs its event loop. Its errors are plain exceptions whose text may contain data of an item, so their meaning is
recognised by words and their text is never shown.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Coroutine
from threading import Thread
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

import msgspec

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
from ..http.shapes import ShapeError, read_json, shaped
from ..http.timeouts import timeout
from ..version import VERSION
from . import lenient
from .item import Item, ItemRef
from .item_text import ItemText
from .names import advice
from .sdk_item import has_unknown_type, new_field, parsed
from .whole_item import ConflictError, WholeItemAccess

if TYPE_CHECKING:
    import onepassword

_Answer = TypeVar("_Answer")

_TOKEN = "OP_SERVICE_ACCOUNT_TOKEN"
# How long a cancelled call may take to end in the SDK's core.
_ENDING_SECONDS = 5.0
# Words in the core's errors (read in the native library of 0.4.2), their error, their meaning, and what to do. The
# first match counts.
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
        "it does not exist, or the service account has no access to its vault",
    ),
    (
        ("error sending request", "request timeout", "network"),
        UnreachableError,
        "there was no answer",
        "check that this machine reaches 1Password",
    ),
)


class _Listed(msgspec.Struct, frozen=True):
    id: str
    title: Any = None


class Sdk(WholeItemAccess):
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

    def locate(self, vault: str, item: str) -> ItemRef:
        """
        Find the one item; two requests.
        """
        what = f"vault {vault}"
        vault_id = self._one("vaults.list", "VaultsList", {"params": None}, vault, what)
        what = f"item {item} in {vault}"
        return ItemRef(
            vault_id, self._one("items.list", "ItemsList", {"vault_id": vault_id, "filters": []}, item, what)
        )

    def _one(self, call: str, name: str, parameters: dict[str, Any], wanted: str, what: str) -> str:
        """
        Return the id of the one thing in a list whose title or id is *wanted*.
        """
        printed = self._call(call, what, self._invoke(name, json.dumps(parameters)))
        try:
            known = [(one.id, lenient.text(one.title)) for one in shaped(read_json(printed), list[_Listed])]
        except ShapeError:
            self._refuse(call, what)
        found = [id_ for id_, title in known if wanted in (id_, title)]
        if not found:
            hint = "create it, correct the setting, or give the service account access to the vault"
            near = advice(wanted, known)
            msg = f"{self.name} {call} found no {what}; {near or hint}"
            raise NotFoundError(msg)
        if len(found) > 1:
            hint = "name it by its id, or rename all but one"
            msg = f"{self.name} {call} found {len(found)} times {what}; {hint}"
            raise AmbiguousError(msg)
        return found[0]

    def _get(self, ref: ItemRef) -> ItemText:
        asked = json.dumps({"vault_id": ref.vault, "item_id": ref.item})
        return self._item("items.get", ref, self._invoke("ItemsGet", asked))

    def _put(self, ref: ItemRef, text: ItemText) -> ItemText:
        return self._item("items.put", ref, self._invoke("ItemsPut", f'{{"item": {text.text}}}'))

    def _item(self, call: str, ref: ItemRef, answer: Coroutine[Any, Any, str]) -> ItemText:
        what = f"item {ref.item}"
        printed = self._call(call, what, answer)
        try:
            text = ItemText(printed)
            parsed(text)
        except ValueError:
            self._refuse(call, what)
        return text

    def _parsed(self, text: ItemText) -> Item:
        return parsed(text)

    def _why_unwritable(self, text: ItemText) -> str:
        # The SDK can read an item with a field of an unknown type, but cannot write it.
        return _UNWRITABLE if has_unknown_type(text) else ""

    def _new_field(self, label: str, value: str) -> str:
        return new_field(label, value)

    async def _invoke(self, name: str, parameters: str) -> str:
        """
        Ask the SDK's core, and return the text of its answer.

        The SDK's own calls parse an item into models and write it from them. That loses parts that the models do not
        know, and changes the spelling of numbers and escapes. So the item is passed as text, without the models.
        """
        inner: Any = self._client.items.inner_client
        asked = f'{{"name": {json.dumps(name)}, "parameters": {parameters}}}'
        request = f'{{"invocation": {{"clientId": {json.dumps(inner.client_id)}, "parameters": {asked}}}}}'
        try:
            answer: str = await inner.core.core.invoke(request)
        except Exception as exc:  # the core raises no more specific class
            self._typed(exc)
        return answer

    def _typed(self, error: Exception) -> NoReturn:
        """
        Raise the core's *error* as the SDK does.
        """
        from onepassword.errors import raise_typed_exception

        raise_typed_exception(error)
        raise error

    def _refuse(self, call: str, what: str) -> NoReturn:
        hint = "use the SDK's version that this project names, or another backend"
        msg = f"{self.name} {call} gave no such JSON as expected for {what}; {hint}"
        raise UnexpectedAnswerError(msg) from None

    def _call(self, call: str, what: str, coroutine: Coroutine[Any, Any, _Answer]) -> _Answer:
        """
        Wait for one call of the SDK. After the time-out the call is cancelled, and this method waits for its end, since
        two writes must not overlap.

        Raises:
            ConflictError: somebody else wrote first; nothing was changed.
            ReconcileError: the call failed for another reason.
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
        except Exception as exc:  # only for the rate limit does the SDK raise a more specific class
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
