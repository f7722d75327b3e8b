"""
1Password through its CLI: an `op` on `PATH` that is signed in, by whatever means it knows itself.

Read in the vendor's documents, not run against the vendor's CLI. A value goes to `op` on its standard input, in the
item's JSON, and never into an argument or a file: the list of processes is open to everybody. Its own error text may
hold data of an item, so what it means is recognised and the text is never shown. The environment is left as it is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import Any, NoReturn, TypeVar

import pydantic

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
from .item import CONCEALED, Item, ItemRef
from .whole_item import ConflictError, WholeItemAccess

_Model = TypeVar("_Model", bound=pydantic.BaseModel)

_CONFLICT = "(409) conflict"
_SIGN_IN = "sign in with `op signin`, or set OP_SERVICE_ACCOUNT_TOKEN, or OP_CONNECT_HOST and OP_CONNECT_TOKEN"
# Words in what `op` says on its standard error, what they mean, and what to do. The first that fits.
_KNOWN: tuple[tuple[tuple[str, ...], type[ReconcileError], str, str], ...] = (
    (
        ("more than one",),
        AmbiguousError,
        "there are several of that name",
        "name it by its id, or rename all but one",
    ),
    (
        ("isn't an item", "isn't a vault", "(404)", "not found"),
        NotFoundError,
        "there is none",
        "create it, correct the setting, or sign `op` in to an account with access to the vault",
    ),
    (
        ("(429)", "too many requests", "rate limit"),
        RateLimitedError,
        "the rate limit is used up",
        "wait, up to an hour for a service account and a day for the 1Password account, then run again",
    ),
    (
        # Not "desktop app" alone: an `op` without any account speaks of it as well.
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


class _Vault(pydantic.BaseModel):
    id: str
    name: str


class _Place(pydantic.BaseModel):
    id: str
    title: str


class Cli(WholeItemAccess[dict[str, Any]]):
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
        Find the one item; two calls. `op` takes other spellings and domains for a match as well: that is none here.
        """
        what = f"vault {vault}"
        place = self._model(_Vault, "vault get", what, self._run("vault get", what, "--", vault))
        self._insist_on(vault, (place.id, place.name), "vault get", what)
        what = f"item {item} in {vault}"
        found = self._model(_Place, "item get", what, self._run("item get", what, f"--vault={place.id}", "--", item))
        self._insist_on(item, (found.id, found.title), "item get", what)
        return ItemRef(place.id, found.id)

    def _get(self, ref: ItemRef) -> dict[str, Any]:
        return self._item("item get", ref, self._run("item get", f"item {ref.item}", *_at(ref)))

    def _put(self, ref: ItemRef, raw: dict[str, Any]) -> dict[str, Any]:
        return self._item("item edit", ref, self._run("item edit", f"item {ref.item}", *_at(ref), stdin=raw))

    def _parsed(self, raw: dict[str, Any]) -> Item:
        return self._model(Item, "item get", "the item", raw)

    def _set(self, raw: dict[str, Any], field_id: str, value: str) -> bool:
        for field in raw["fields"]:
            if field.get("id") == field_id:
                field["value"] = value
                return True
        return False

    def _add(self, raw: dict[str, Any], label: str, value: str) -> None:
        # Without an id: `op` makes one.
        raw["fields"].append({"type": CONCEALED, "label": label, "value": value})

    def _remove(self, raw: dict[str, Any], field_id: str) -> None:
        raw["fields"] = [field for field in raw["fields"] if field.get("id") != field_id]

    def _item(self, call: str, ref: ItemRef, raw: Any) -> dict[str, Any]:
        """
        Return *raw* if it is an item, fields and all.
        """
        what = f"item {ref.item}"
        if not isinstance(raw, dict):
            self._refuse(call, what)
        raw.setdefault("fields", [])
        self._model(Item, call, what, raw)
        return raw

    def _insist_on(self, wanted: str, names: tuple[str, ...], call: str, what: str) -> None:
        if wanted not in names:
            hint = "write it as 1Password does, or use its id"
            msg = f"{self.name} op {call} found no {what} by exactly that name; {hint}"
            raise NotFoundError(msg)

    def _run(self, call: str, what: str, *arguments: str, stdin: Any = None) -> Any:
        """
        Run one command of `op` and return the JSON that it prints.

        Raises:
            ConflictError: the write came too late; nothing was changed.
            ReconcileError: whatever else went wrong.
        """
        # Without its cache: a value that was changed elsewhere must be seen.
        command = [*call.split(), "--format=json", "--cache=false", *arguments]
        feed = {"input": json.dumps(stdin)} if stdin is not None else {"stdin": subprocess.DEVNULL}
        seconds = timeout().read
        try:
            done = subprocess.run(  # noqa: S603 - found on PATH, names after `--` or `=`, no shell
                # UTF-8 whatever the locale, as `op` takes it.
                [os.fsencode(self._op), *(part.encode() for part in command)],
                capture_output=True,
                text=True,
                encoding="utf-8",
                check=False,
                timeout=seconds,
                **feed,
            )
        except subprocess.TimeoutExpired:
            msg = f"{self.name} op {call} gave no answer for {what} in {seconds:g} s; unlock it, or {_SIGN_IN}"
            error: Exception = UnreachableError(msg, brief=f"{self.name} gave no answer; unlock it, or {_SIGN_IN}")
        except (OSError, UnicodeDecodeError):
            msg = f"{self.name} op {call} could not be run for {what}; check the `op` on PATH"
            error = EnvironmentUnfitError(msg)
        else:
            if done.returncode:
                raise self._meaning(done.stderr.lower(), done.returncode, call, what)
            try:
                return json.loads(done.stdout)
            except ValueError:
                self._refuse(call, what)
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
            return model.model_validate(raw)
        except pydantic.ValidationError:
            self._refuse(call, what)

    def _refuse(self, call: str, what: str) -> NoReturn:
        hint = "check that the `op` on PATH is 1Password's, 2.23 or newer"
        msg = f"{self.name} op {call} printed no such JSON as expected for {what}; {hint}"
        raise UnexpectedAnswerError(msg) from None


def _at(ref: ItemRef) -> tuple[str, ...]:
    return ref.item, f"--vault={ref.vault}"
