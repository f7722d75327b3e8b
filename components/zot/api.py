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
from datetime import UTC, datetime
from typing import Any

import httpx

from ..http.answers import server_time
from ..http.api import Advice, Api
from ..http.connections import shared
from ..http.errors import ReconcileError, UnexpectedAnswerError
from ..http.once import Once
from ..http.pace import AT_ONCE
from .clock import ClockWatch
from .credentials import KeyAuth as KeyAuth
from .credentials import SessionAuth as SessionAuth
from .model import Access as Access
from .model import KeyList
from .model import ListedKey as ListedKey
from .model import Listing as Listing
from .model import MintedKey as MintedKey
from .own_answers import OWN_ANSWERS, is_registry, is_switched_off

_KEYS = "/zot/auth/apikey"
_REGISTRY = "/v2/"
# zot's own rate limit stands before everything else.
_TOO_FAST = frozenset({429})
_OFF = frozenset({404})
_TAG = "no-such-tag-zot-ci-access-probe"

_ADVICE = Advice(
    {
        401: "the key is wrong, expired or revoked",
        # What zot answers without any credential.
        500: "zot took the request for an anonymous one; its log names the reason",
    },
)
# Without OpenID, which switches them on by itself whatever the setting says (v2.1.20).
_KEYS_ARE_OFF = (
    "API keys are off, or this is no zot: set http.auth.apikey to true in zot's configuration, or configure OpenID "
    "there; or let what stands in front of it pass /zot/auth/ as it does /v2/"
)


class Zot:
    """
    One registry.
    """

    def __init__(self, url: str, transport: httpx.BaseTransport | None = None) -> None:
        self.api = Api("zot", url, own_answers=OWN_ANSWERS, transport=transport)
        self._seen: Once[tuple[str, str], Listing] = Once()
        self._seen_access: Once[tuple[str, ...], Access | None] = Once()
        self._answers: Once[str, bool] = Once()
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
        response = self._ask_for_keys(username, auth, expect=(200, 401))
        time = server_time(response)
        self._clock.compare(time)
        if response.status_code == 401:
            return Listing(False, (), time)
        keys = self.api.parse(response, _KEYS, username, KeyList).keys
        return Listing(True, tuple(sorted(keys, key=lambda key: key.created_at)), time)

    def insist_on_api_keys(self, username: str) -> None:
        """
        Ask, without a credential, whether the registry has API keys at all: zot answers 500 to nobody, and 404 where
        they are off (v2.1.20). Read-only.

        Raises:
            UnexpectedAnswerError: they are off.
        """
        self._ask_for_keys(username, None, repeat=False, expect=(401, 500))

    def _ask_for_keys(
        self, username: str, auth: httpx.Auth | None, *, expect: tuple[int, ...], **options: Any
    ) -> httpx.Response:
        """
        Ask for the list of keys.

        Raises:
            UnexpectedAnswerError: API keys are off. zot says so by the 404 of a route that it does not have, which a
                proxy without a backend sends as well: it counts only where zot itself answers beside it.
        """
        response = self._call(
            "GET", _KEYS, username, auth, expect=(*expect, 404), judged_by_caller=_OFF, advice=_ADVICE, **options
        )
        if response.status_code != httpx.codes.NOT_FOUND:
            return response
        if self.has_switched_off(response):
            msg = f"zot GET {_KEYS} answered 404 for {username}; {_KEYS_ARE_OFF}"
            raise UnexpectedAnswerError(msg, brief=f"zot at {self.api.base_url} answered 404; {_KEYS_ARE_OFF}")
        raise self.api.refusal(response, _KEYS, username, _ADVICE)

    def has_switched_off(self, response: httpx.Response) -> bool:
        """
        Return whether *response* is zot's own word that a route is switched off: it has the form, and the registry
        answers beside it.
        """
        return is_switched_off(response) and self.answers()

    def answers(self) -> bool:
        """
        Return whether the registry itself answers, and not only something in front of it; asked without a credential,
        at most once in a process. Read-only.
        """
        return self._answers.get(_REGISTRY, self._ask_registry)

    def _ask_registry(self) -> bool:
        try:
            return is_registry(self._call("GET", _REGISTRY, "anybody", None, expect=(200, 401)))
        except ReconcileError:
            return False

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
                "POST", _KEYS, username, auth, expect=(201,), advice=advice, json=body, repeat_on=_TOO_FAST
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
            # None is under way any more when whoever asked goes on, perhaps to end this key.
            wait([delete] if update is None else [delete, update])
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
        return None if response.status_code == 401 else response.status_code in allowed

    def log_out(self, auth: httpx.Auth, username: str) -> None:
        """
        End a web session (route of zot's own specification, 2.1.18).
        """
        self._call("POST", "/zot/auth/logout", username, auth, expect=(200, 302))

    def _call(
        self, method: str, path: str, whose: str, auth: httpx.Auth | None, *, expect: tuple[int, ...], **options: Any
    ) -> httpx.Response:
        return self.api.call(method, path, whose=whose, auth=auth, expect=expect, **options)


def zot_at(url: str) -> Zot:
    """
    Return this process's client of the registry at *url*.
    """
    return shared(Zot, url)
