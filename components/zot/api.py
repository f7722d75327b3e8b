"""
zot's API keys: list, mint, revoke, and what a key may do. HTTP only.

Everything here was measured on zot v2.1.20. With basic auth a live key can manage the keys of its user, so nothing in
this module needs an administrator.
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
# zot's rate limit comes before everything else, so zot did nothing for such a request.
_TOO_FAST = frozenset({429})
_OFF = frozenset({404})
_TAG = "no-such-tag-zot-ci-access-probe"

_ADVICE = Advice(
    {
        401: "the key is wrong, expired or revoked",
        # zot's answer to a request without a credential.
        500: "zot took the request for an anonymous one; its log names the reason",
    },
)
# Only without OpenID: with it, API keys are on whatever the setting says (v2.1.20).
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
        # Each of the engine's threads sends one probe itself and up to two by this pool.
        self._beside = ThreadPoolExecutor(max_workers=2 * AT_ONCE)

    def close(self) -> None:
        """
        Close the connections.
        """
        self._beside.shutdown()
        self.api.close()

    def seen_listing(self, username: str, key: str) -> Listing:
        """
        Return what `listing` returns, asked once for each key until this client mints or revokes a key of that user.
        Two resources read the same list in a refresh.
        """
        return self._seen.get((username, key), lambda: self.listing(KeyAuth(username, key), username))

    def listing(self, auth: httpx.Auth, username: str) -> Listing:
        """
        Return the keys of *username*, or a listing that says that *auth* is refused. Read-only.
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
        Check, without a credential, that the registry has API keys: without a credential zot answers 500, or 404 if API
        keys are off (v2.1.20). Read-only.

        Raises:
            UnexpectedAnswerError: API keys are off.
        """
        self._ask_for_keys(username, None, repeat=False, expect=(401, 500))

    def _ask_for_keys(
        self, username: str, auth: httpx.Auth | None, *, expect: tuple[int, ...], **options: Any
    ) -> httpx.Response:
        """
        Ask for the list of keys.

        Raises:
            UnexpectedAnswerError: API keys are off. zot then answers 404 as for any missing route. A proxy without a
                backend sends the same, so the 404 counts only if zot itself answers another request.
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
        Return whether *response* says that a route is switched off: it has the form, and zot itself answers another
        request.
        """
        return is_switched_off(response) and self.answers()

    def answers(self) -> bool:
        """
        Return whether the registry itself answers, and not something in front of it; asked without a credential, once
        in a process. Read-only.
        """
        return self._answers.get(_REGISTRY, self._ask_registry)

    def _ask_registry(self) -> bool:
        try:
            return is_registry(self._call("GET", _REGISTRY, "anybody", None, expect=(200, 401)))
        except ReconcileError:
            return False

    def mint(self, auth: httpx.Auth, username: str, label: str, expires_at: datetime) -> MintedKey:
        """
        Mint a key. The request is only repeated after 429, which means that zot did nothing: zot accepts a label twice,
        so a repeat would mint a second key.
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
        Revoke the key *uuid*. zot answers 200 for an unknown key, too, so this may be repeated.
        """
        with self._changing(username):
            self._call("DELETE", _KEYS, username, auth, expect=(200,), params={"id": uuid}, repeat=True, advice=_ADVICE)

    @contextmanager
    def _changing(self, username: str) -> Iterator[None]:
        """
        Forget the lists of that user after the request inside, even if it fails.
        """
        try:
            yield
        finally:
            self._seen.forget(lambda known: known[0] == username)

    def seen_access(self, username: str, key: str, repository: str, tag: str | None = None) -> Access | None:
        """
        Return what `access` returns, asked once for each accepted key: the probes take zot's `failDelay`, and only a
        login of the user changes a key's rights.
        """
        place = (username, key, repository, tag or "")
        access = self._seen_access.get(place, lambda: self.access(KeyAuth(username, key), username, repository, tag))
        if access is None:
            self._seen_access.forget(lambda known: known == place)
        return access

    def access(self, auth: httpx.Auth, username: str, repository: str, tag: str | None = None) -> Access | None:
        """
        Return what *auth* may do in *repository*, None if it is refused. No probe leaves anything behind.

        - Create: finishing an upload without a digest is answered 400 with the right and 403 without, and starts no
          upload.
        - Delete: deleting a missing tag is answered 404 with the right, or 400 if the repository is missing, and 403
          without.
        - Update: a manifest under *tag* with an invalid media type is answered 415 with the right and 403 without. This
          is only sent if the tag exists: for a missing tag the answer depends on the right to create.

        zot delays each refusal by its `failDelay`, so the probes are sent side by side. All of them end before this
        method returns or raises, so that a caller can revoke the key.

        Raises:
            ReconcileError: whatever the registry answered to the first probe that failed.
        """
        upload = f"/v2/{repository}/blobs/uploads/{uuids.uuid4()}"
        missing = f"/v2/{repository}/manifests/{_TAG}"
        delete = self._beside.submit(self._probe, "DELETE", missing, auth, username, (404, 400))
        update = self._beside.submit(self._may_update, repository, tag, auth, username) if tag else None
        try:
            may_create = self._probe("PUT", upload, auth, username, (400,))
        finally:
            # No probe is in flight when the caller goes on, perhaps to revoke this key.
            wait([delete] if update is None else [delete, update])
        may_delete = delete.result()
        if may_create is None or may_delete is None:
            return None
        return Access(may_create, may_delete, update.result() if update else None)

    def _may_update(self, repository: str, tag: str, auth: httpx.Auth, username: str) -> bool | None:
        """
        Return whether *auth* may replace the image under *tag*; None if the tag does not exist or *auth* may not see
        it.
        """
        path = f"/v2/{repository}/manifests/{tag}"
        # HEAD does not count as a download in zot's statistics.
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
        Log out of a web session (a route in zot's specification, 2.1.18).
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
