"""
zot's API keys: list, mint, revoke, and what a key may do. HTTP only.

Everything here was measured on zot v2.1.20. A live key as basic auth manages its own user's keys, so nothing in this
module needs an administrator.
"""

from __future__ import annotations

import uuid as uuids
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any

import httpx
import pydantic

from ..http.answers import server_time
from ..http.api import Advice
from ..http.connections import shared
from ..http.errors import UnexpectedAnswerError
from ..http.once import Once
from ..http.pace import AT_ONCE
from .clock import ClockWatch
from .credentials import KeyAuth as KeyAuth
from .credentials import SessionAuth as SessionAuth
from .intercepted import ZotApi, is_a_page, is_intercepted

_KEYS = "/zot/auth/apikey"
# zot's own rate limit stands before everything else.
_TOO_FAST = frozenset({429})
_TAG = "no-such-tag-zot-ci-access-probe"

# What zot answers without any credential, and with API keys switched off: without OpenID, which switches them on by
# itself whatever the setting says (v2.1.20).
_ADVICE = Advice(
    {
        401: "the key is wrong, expired or revoked",
        404: "API keys are off, or this is no zot: set http.auth.apikey to true in zot's configuration, or configure "
        "OpenID there",
        500: "zot took the request for an anonymous one; its log names the reason",
    },
    # A list that is not there is no key that is gone.
    {404: UnexpectedAnswerError},
)


def _zero_is_never(value: object) -> object:
    """
    zot writes Go's zero time for "never".
    """
    return None if isinstance(value, str) and value.startswith("0001-01-01") else value


_Time = Annotated[pydantic.AwareDatetime | None, pydantic.BeforeValidator(_zero_is_never)]


class ListedKey(pydantic.BaseModel):
    """
    A key as zot lists it: everything but the key itself.

    *last_used* moves with every use as basic auth, the very request that lists it included.
    """

    uuid: str
    label: str
    created_at: pydantic.AwareDatetime = pydantic.Field(alias="createdAt")
    expires_at: _Time = pydantic.Field(alias="expirationDate")
    is_expired: bool = pydantic.Field(alias="isExpired")
    last_used: _Time = pydantic.Field(alias="lastUsed")


class _KeyList(pydantic.BaseModel):
    keys: list[ListedKey] = pydantic.Field(alias="apiKeys")


class MintedKey(ListedKey):
    """
    A new key: what zot lists of it, and the key itself, which zot shows this once.
    """

    key: pydantic.SecretStr = pydantic.Field(alias="apiKey")


@dataclass(frozen=True)
class Listing:
    """
    All keys of one user, oldest first, and the registry's clock when it answered.

    *accepted* is False if the registry refuses the credential, the one answer that says that a key is dead; there are
    no *keys* then.
    """

    accepted: bool
    keys: tuple[ListedKey, ...]
    time: datetime

    def find(self, uuid: str) -> ListedKey | None:
        """
        Return the key of that uuid.
        """
        return next((key for key in self.keys if key.uuid == uuid), None)


@dataclass(frozen=True)
class Access:
    """
    What a key may do in the repository that was probed. *update*, to put something else under a tag that exists, is
    None if it was not asked: asking needs such a tag.
    """

    create: bool
    delete: bool
    update: bool | None = None

    @property
    def may(self) -> dict[str, bool]:
        """
        Whether it has a right, for each right that was asked about.
        """
        asked = {"create": self.create, "update": self.update, "delete": self.delete}
        return {right: has for right, has in asked.items() if has is not None}

    def __str__(self) -> str:
        return ", ".join(f"{'can' if has else 'cannot'} {right}" for right, has in self.may.items())


class Zot:
    """
    One registry.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.api = ZotApi("zot", url, transport=transport)
        self._seen: Once[tuple[str, str], Listing] = Once()
        self._seen_access: Once[tuple[str, ...], Access | None] = Once()
        self._clock = ClockWatch()
        # Two questions besides the one that each of the engine's threads asks itself.
        self._beside = ThreadPoolExecutor(max_workers=2 * AT_ONCE)

    def close(self) -> None:
        """
        Close the connections.
        """
        self._beside.shutdown()
        self.api.close()

    def seen_listing(self, username: str, key: str) -> Listing:
        """
        Return what `listing` returns, asked once for a key until this client mints or revokes one of its user. Two
        resources read the same list in a refresh.
        """
        return self._seen.get((username, key), lambda: self.listing(KeyAuth(username, key), username))

    def listing(self, auth: httpx.Auth, username: str) -> Listing:
        """
        Return the keys of *username*, or that *auth* is refused. Read-only.
        """
        response = self._call("GET", _KEYS, username, auth, expect=(200, 401), advice=_ADVICE)
        time = server_time(response)
        self._clock.compare(time)
        if response.status_code == 401:
            return Listing(False, (), time)
        keys = self.api.parse(response, _KEYS, username, _KeyList).keys
        return Listing(True, tuple(sorted(keys, key=lambda key: key.created_at)), time)

    def insist_on_api_keys(self, username: str) -> None:
        """
        Ask, without a credential, whether the registry has API keys at all: zot answers 500 to nobody, and 404 where
        they are off (v2.1.20). Read-only.

        Raises:
            UnexpectedAnswerError: they are off.
        """
        self._call("GET", _KEYS, username, None, repeat=False, expect=(401, 500), advice=_ADVICE)

    def mint(self, auth: httpx.Auth, username: str, label: str, expires_at: datetime) -> MintedKey:
        """
        Make a key. Sent once only, unless zot says that it came too fast and so did not look at it: zot accepts the
        same label again, and a repeat would make a second key.
        """
        expiry = expires_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        body = {"label": label, "scopes": [], "expirationDate": expiry}
        hint = f"it refuses the expiry {expiry}, which must lie ahead by zot's clock; check that and expireAfterDays"
        advice = Advice({**_ADVICE.hints, 400: hint})
        with self._changing(username):
            response = self._call(
                "POST", _KEYS, username, auth, expect=(201,), advice=advice, json=body, not_taken=_TOO_FAST
            )
        return self.api.parse(response, _KEYS, username, MintedKey)

    def revoke(self, auth: httpx.Auth, username: str, uuid: str) -> None:
        """
        End the key *uuid*. zot answers 200 for an unknown one too, so this may be repeated.
        """
        with self._changing(username):
            self._call("DELETE", _KEYS, username, auth, expect=(200,), params={"id": uuid}, repeat=True, advice=_ADVICE)

    @contextmanager
    def _changing(self, username: str) -> Iterator[None]:
        """
        Forget the lists of that user, whatever comes of the request inside.
        """
        try:
            yield
        finally:
            self._seen.forget(lambda known: known[0] == username)

    def seen_access(self, username: str, key: str, repository: str, tag: str | None = None) -> Access | None:
        """
        Return what `access` returns, asked once for a key that is accepted: asking costs zot's `failDelay`, and what a
        key may do changes only by a login of its user.
        """
        place = (username, key, repository, tag or "")
        access = self._seen_access.get(place, lambda: self.access(KeyAuth(username, key), username, repository, tag))
        if access is None:
            self._seen_access.forget(lambda known: known == place)
        return access

    def access(self, auth: httpx.Auth, username: str, repository: str, tag: str | None = None) -> Access | None:
        """
        Return what *auth* may do in *repository*, None if it is refused; no request leaves anything behind.

        An upload that is finished without a digest is 400 to whoever may create and 403 to others, and starts no
        upload; a tag that does not exist is 404, in a repository that does not exist 400, to whoever may delete and 403
        to others. Whoever may update the *tag* gets 415 for a manifest of a media type that is none, others 403; that
        is asked only where the tag exists, since without it the same request is a question of another right.

        zot lets each refusal wait for its `failDelay`, so the questions are asked side by side. Whatever comes of one,
        all are waited for: a caller that revokes the key next must not have a question by it under way.

        Raises:
            ReconcileError: whatever the registry answered to the first of the questions that failed.
        """
        upload = f"/v2/{repository}/blobs/uploads/{uuids.uuid4()}"
        missing = f"/v2/{repository}/manifests/{_TAG}"
        delete = self._beside.submit(self._probe, "DELETE", missing, auth, username, (404, 400))
        update = self._beside.submit(self._may_update, repository, tag, auth, username) if tag else None
        try:
            may_create = self._probe("PUT", upload, auth, username, (400,))
        finally:
            wait([delete, *([update] if update else [])])
        may_delete = delete.result()
        if may_create is None or may_delete is None:
            return None
        return Access(may_create, may_delete, update.result() if update else None)

    def _may_update(self, repository: str, tag: str, auth: httpx.Auth, username: str) -> bool | None:
        """
        Return whether *auth* may put something else under *tag*; None where the tag is not there, or not to be seen.
        """
        path = f"/v2/{repository}/manifests/{tag}"
        # HEAD, not GET: it is no download in zot's statistics.
        found = self._call("HEAD", path, username, auth, repeat=True, expect=(200, 401, 403, 404))
        if found.status_code != httpx.codes.OK:
            return None
        return self._probe("PUT", path, auth, username, (415,), content_type="text/plain")

    def _probe(
        self,
        method: str,
        path: str,
        auth: httpx.Auth,
        username: str,
        allowed: tuple[int, ...],
        *,
        content_type: str | None = None,
    ) -> bool | None:
        body: dict[str, Any] = {"headers": {"Content-Type": content_type}, "json": {}} if content_type else {}
        response = self._call(method, path, username, auth, repeat=True, expect=(*allowed, 401, 403), **body)
        if response.status_code == 404 and is_a_page(response):
            # A proxy that knows no such path: it says nothing of what the key may do.
            raise self.api.refusal(response, path, username, Advice())
        return None if response.status_code == 401 else response.status_code in allowed

    def log_out(self, auth: httpx.Auth, username: str) -> None:
        """
        End a web session (route of zot's own specification, 2.1.18).
        """
        self._call("POST", "/zot/auth/logout", username, auth, expect=(200, 302))

    def _call(
        self, method: str, path: str, whose: str, auth: httpx.Auth | None, *, expect: tuple[int, ...], **options: Any
    ) -> httpx.Response:
        """
        Send one request and return zot's answer.

        Raises:
            InterceptedError: the answer is not zot's own.
        """
        response = self.api.call(method, path, whose=whose, auth=auth, expect=expect, **options)
        if is_intercepted(response):
            raise self.api.refusal(response, path, whose, Advice())
        return response


def zot_at(url: str) -> Zot:
    """
    Return this process's client of the registry at *url*.
    """
    return shared(Zot, url)
