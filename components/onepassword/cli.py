"""
1Password through its CLI: an `op` on `PATH` that is signed in, by any of its own means.

Read in the vendor's documents, not run against the vendor's CLI. A value goes to `op` on its standard input, in the
item's JSON, and never into an argument or a file, since everybody can see the arguments of processes. `op`'s error text
may contain data of an item, so its meaning is recognised and the text is never shown. `op` gets the whole environment.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn, TypeVar

import msgspec

from ..http.errors import (
    AmbiguousError,
    EnvironmentUnfitError,
    InterceptedError,
    NotFoundError,
    PermissionMissingError,
    RateLimitedError,
    ReconcileError,
    SignInRefusedError,
    UnexpectedAnswerError,
    UnreachableError,
)
from ..http.shapes import ShapeError, shaped
from ..http.timeouts import timeout
from . import lenient
from .item import CONCEALED, Item, ItemRef
from .item_text import ItemText
from .names import advice, shown
from .tidied import tidied_item
from .whole_item import ConflictError, WholeItemAccess

_Model = TypeVar("_Model")

_CONFLICT = "(409) conflict"
_SIGN_IN = "sign in with `op signin`, or set OP_SERVICE_ACCOUNT_TOKEN, or OP_CONNECT_HOST and OP_CONNECT_TOKEN"
# Words on the standard error of `op`, their error, their meaning, and what to do. The first match counts.
_KNOWN: tuple[tuple[tuple[str, ...], type[ReconcileError], str, str], ...] = (
    (
        ("more than one",),
        AmbiguousError,
        "there are several of that name",
        "name it by its id, or rename all but one",
    ),
    (
        ("isn't an item", "isn't a vault"),
        NotFoundError,
        "there is none",
        "create it, correct the setting, or sign `op` in to an account with access to the vault",
    ),
    (
        # An HTTP status, or a host that was "not found", says nothing about an item, for which `op` has other words.
        ("(404)", "(405)", "(410)", "not found"),
        InterceptedError,
        "no such route there, or something in front of 1Password answered",
        "check that this machine reaches 1Password, and whether a proxy stands between",
    ),
    (
        ("(429)", "too many requests", "rate limit"),
        RateLimitedError,
        "the rate limit is used up",
        "wait, up to an hour for a service account and a day for the 1Password account, then run again",
    ),
    (
        # Not "desktop app" alone: an `op` without any account mentions it, too.
        ("connecting to desktop app", "connect to the 1password desktop app", "authorization prompt dismissed"),
        SignInRefusedError,
        "it did not get its sign-in from the 1Password app",
        "open and unlock the app, turn on 'Integrate with 1Password CLI' in its settings, and allow the access;"
        " where nobody sits, set OP_SERVICE_ACCOUNT_TOKEN, or OP_CONNECT_HOST and OP_CONNECT_TOKEN",
    ),
    (
        ("signed in", "sign in", "signin", "no accounts configured", "session expired", "(401)", "authorization"),
        SignInRefusedError,
        "it is not signed in",
        _SIGN_IN,
    ),
    (
        ("(403)", "permission"),
        PermissionMissingError,
        "permission is missing",
        "give whoever `op` is signed in as access to that vault, with write access for `pulumi up`",
    ),
    (
        ("dial tcp", "no such host", "network", "timeout", "timed out", "connection"),
        UnreachableError,
        "there was no answer",
        "check that this machine reaches 1Password",
    ),
)


class _Vault(msgspec.Struct, frozen=True):
    id: str
    name: str


class _Place(msgspec.Struct, frozen=True):
    id: str
    title: str


class _Listed(msgspec.Struct, frozen=True):
    id: Any = None
    name: Any = None
    title: Any = None


class Cli(WholeItemAccess):
    """
    The `op` on `PATH`.
    """

    name = "1Password CLI"

    def __init__(self) -> None:
        super().__init__()
        self._op = shutil.which("op") or ""
        if not self._op:
            msg = "1Password's `op` is not on PATH; install it, or set another zot-ci:onepassword.access"
            raise EnvironmentUnfitError(msg)

    def close(self) -> None:
        """
        Nothing is kept open.
        """

    def locate(self, vault: str, item: str) -> ItemRef:
        """
        Find the one item; two calls. `op` also matches other spellings and domains, which are refused here.
        """
        what = f"vault {vault}"
        with self._naming_lookalikes(vault, "vault list"):
            place = self._model(_Vault, "vault get", what, self._json("vault get", what, "--", vault))
            self._insist_on(vault, place.id, place.name, "vault get", what)
        what = f"item {item} in {vault}"
        here = f"--vault={place.id}"
        with self._naming_lookalikes(item, "item list", here):
            found = self._model(_Place, "item get", what, self._json("item get", what, here, "--", item))
            self._insist_on(item, found.id, found.title, "item get", what)
        return ItemRef(place.id, found.id)

    def _get(self, ref: ItemRef) -> ItemText:
        return self._item("item get", ref, self._run("item get", f"item {ref.item}", *_at(ref)))

    def _put(self, ref: ItemRef, text: ItemText) -> ItemText:
        why = self._why_unwritable(text)
        if why:
            msg = f"{self.name} cannot write item {ref.item}; {why}"
            raise EnvironmentUnfitError(msg)
        return self._item("item edit", ref, self._run("item edit", f"item {ref.item}", *_at(ref), stdin=text.text))

    def _parsed(self, text: ItemText) -> Item:
        return self._read(text, "item get", "the item")

    def _why_unwritable(self, text: ItemText) -> str:
        """
        Look for a field in a section that the item does not list. Others have seen `op` 2.34 accept such an item with
        exit code 0 and lose that field.
        """
        listed = [section.get("id") for section in text.objects("sections")]
        for field in text.objects("fields"):
            section = field.get("section")
            id_ = section.get("id") if isinstance(section, dict) else None
            if id_ and id_ not in listed:
                where = f"its field {shown(str(field.get('label')))} is in section {shown(str(id_))}"
                hint = "move it in 1Password's app, name another item, or use a Connect server or a service account"
                return f"{where}, which the item does not list, and `op` would lose that field: {hint}"
        return ""

    def _new_field(self, label: str, value: str) -> str:
        # `op` adds the id.
        return json.dumps({"type": CONCEALED, "label": label, "value": value})

    def _item(self, call: str, ref: ItemRef, printed: str) -> ItemText:
        """
        Return the *printed* text as an item, if it is one with fields.
        """
        what = f"item {ref.item}"
        try:
            text = ItemText(printed)
        except ValueError:
            self._refuse(call, what)
        self._read(text, call, what)
        return text

    def _read(self, text: ItemText, call: str, what: str) -> Item:
        return self._model(Item, call, what, tidied_item(text.read))

    def _insist_on(self, wanted: str, id_: str, name: str, call: str, what: str) -> None:
        if wanted not in (id_, name):
            hint = "write it as 1Password does, or use its id"
            msg = f"{self.name} op {call} found no {what} by exactly that name; {hint}"
            raise NotFoundError(msg)

    @contextmanager
    def _naming_lookalikes(self, wanted: str, call: str, *arguments: str) -> Iterator[None]:
        """
        After a NotFoundError inside, add to it a name that only looks like the *wanted* one, if there is one.
        """
        try:
            yield
        except NotFoundError as exc:
            near = ""
            with suppress(ReconcileError, ShapeError):
                listed = shaped(self._json(call, wanted, *arguments), list[_Listed])
                near = advice(wanted, [_id_and_name(one) for one in listed])
            raise (exc.adding(near) if near else exc) from None

    def _json(self, call: str, what: str, *arguments: str) -> Any:
        try:
            return json.loads(self._run(call, what, *arguments))
        except ValueError:
            self._refuse(call, what)

    def _run(self, call: str, what: str, *arguments: str, stdin: str | None = None) -> str:
        """
        Run one command of `op` and return what it prints.

        Raises:
            ConflictError: somebody else wrote first; nothing was changed.
            ReconcileError: the command failed for another reason.
        """
        # Without `op`'s cache, which could hide a change by somebody else.
        command = [*call.split(), "--format=json", "--cache=false", *arguments]
        # As bytes: Python would translate the line ends of a text.
        feed: dict[str, Any] = {"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin.encode()}
        seconds = timeout().read
        try:
            done = subprocess.run(  # noqa: S603 - found on PATH, names after `--` or `=`, no shell
                # `op` expects UTF-8 in any locale.
                [os.fsencode(self._op), *(part.encode() for part in command)],
                capture_output=True,
                check=False,
                timeout=seconds,
                **feed,
            )
            printed: str = done.stdout.decode()
        except subprocess.TimeoutExpired:
            msg = f"{self.name} op {call} gave no answer for {what} in {seconds:g} s; unlock it, or {_SIGN_IN}"
            error: Exception = UnreachableError(msg, brief=f"{self.name} gave no answer; unlock it, or {_SIGN_IN}")
        except (OSError, UnicodeDecodeError):
            msg = f"{self.name} op {call} could not be run for {what}; check the `op` on PATH"
            error = EnvironmentUnfitError(msg)
        else:
            if done.returncode:
                raise self._meaning(done.stderr.decode(errors="replace").lower(), done.returncode, call, what)
            return printed
        raise error from None

    def _meaning(self, said: str, code: int, call: str, what: str) -> Exception:
        if _CONFLICT in said:
            return ConflictError()
        for words, kind, meaning, hint in _KNOWN:
            if any(word in said for word in words):
                msg = f"{self.name} op {call} failed for {what}: {meaning}; {hint}"
                return kind(msg) if kind is NotFoundError else kind(msg, brief=f"{self.name}: {meaning}; {hint}")
        hint = "its text may hold secrets and is not shown: run `op` by hand to see it"
        return UnexpectedAnswerError(f"{self.name} op {call} failed for {what} (exit code {code}); {hint}")

    def _model(self, model: type[_Model], call: str, what: str, raw: Any) -> _Model:
        try:
            return shaped(raw, model)
        except ShapeError:
            self._refuse(call, what)

    def _refuse(self, call: str, what: str) -> NoReturn:
        hint = "check that the `op` on PATH is 1Password's, 2.23 or newer"
        msg = f"{self.name} op {call} printed no such JSON as expected for {what}; {hint}"
        raise UnexpectedAnswerError(msg) from None


def _id_and_name(one: _Listed) -> tuple[str | None, str | None]:
    return lenient.text(one.id), lenient.text(one.title) or lenient.text(one.name)


def _at(ref: ItemRef) -> tuple[str, ...]:
    return ref.item, f"--vault={ref.vault}"
