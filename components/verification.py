"""
Whether CI's secrets work: each place's canary runs and compares the key, without the engine.

Nothing is written and no key is minted. The forge records the run of a canary as any other run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from threading import Event

from .dynamic.errors import NotOursError
from .forgejo.api import Forgejo, forgejo_at
from .forgejo.canary import Verdict, judge, question
from .http.errors import InterceptedError, MovedError, NotFoundError, ReconcileError, UnexpectedAnswerError
from .http.once import Once
from .onepassword.access import onepassword
from .onepassword.ownership import key_at
from .settings.account import AccountSettings, CanarySettings, SecretSettings
from .settings.model import Settings
from .settings.place import Place
from .zot.api import KeyAuth, ListedKey, zot_at

# Canaries at one forge at a time: it may have a single runner, which also builds.
AT_A_TIME = 4
# Seconds between two looks at a run: a canary takes some seconds, or waits for a runner for a long time.
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 5.0
# Errors about the place in the settings. Any other error is a fault on the way to it.
_OF_THE_PLACE = (NotFoundError, MovedError, NotOursError, UnexpectedAnswerError)


@dataclass(frozen=True)
class Asked:
    """
    The result for one place.

    Args:
        url: the server of the place.
        word: the canary's verdict; *no canary*: the settings name none; *fault*: it could not be asked.
        why: the rest of the sentence; empty where there is nothing to add.
        asked_at: when its run was started, by this machine's clock; None if there was no run.
        key_uuid: the uuid of the key in the store of record, if CI's key was compared with it.
        is_ours: whether CI has the key of the store of record; None if that is not known.
    """

    account: str
    place: Place
    url: str
    word: str
    why: str = ""
    asked_at: datetime | None = None
    key_uuid: str | None = None
    is_ours: bool | None = None


@dataclass(frozen=True)
class _Stored:
    """
    The key in the store of record, its uuid if that is known, and whether the registry refuses it.
    """

    key: str
    uuid: str | None
    is_refused: bool


class Verification:
    """
    One round of a stack's canaries.

    Args:
        say: takes one line of progress at a time, from several threads.
        wait: waits for so many seconds, or returns True as soon as the round is interrupted.
        clock: returns seconds of a monotonic clock.
    """

    def __init__(
        self,
        settings: Settings,
        say: Callable[[str], None],
        *,
        wait: Callable[[float], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings, self._say, self._clock = settings, say, clock
        self._broken_off = Event()
        self._wait = wait or self._broken_off.wait
        self._stored: Once[str, _Stored] = Once()

    def run(self, accounts: Sequence[AccountSettings]) -> list[Asked]:
        """
        Return the result for each secret of these *accounts*, in their order. Four canaries run at a forge at a time.
        """
        places = [(account, secret) for account in accounts for secret in account.forgejo]
        pools = {self._url(secret): ThreadPoolExecutor(AT_A_TIME) for _, secret in places}
        try:
            asked = [pools[self._url(secret)].submit(self._asked, account, secret) for account, secret in places]
            return [one.result() for one in asked]
        finally:
            # An interrupted round does not wait for its runs.
            self._broken_off.set()
            for pool in pools.values():
                pool.shutdown(cancel_futures=True)

    def _url(self, secret: SecretSettings) -> str:
        return self._settings.server_of(secret).url

    def _asked(self, account: AccountSettings, secret: SecretSettings) -> Asked:
        asked = Asked(account.username, secret.place, self._url(secret), "no canary")
        if secret.canary is None:
            return asked
        try:
            stored = self._stored.get(account.username, lambda: self._look_up(account, self._key(account)))
            asked = self._ask(asked, secret, secret.canary, stored)
            if asked.word in ("works", "fault") or asked.asked_at is None:
                return asked
            now = self._key(account, anew=True)
            if now == stored.key:
                return asked
            self._say(f"{secret.place.thing}: the key was rotated meanwhile, so it is asked once more")
            return self._ask(asked, secret, secret.canary, self._look_up(account, now))
        except ReconcileError as exc:
            return replace(asked, word="fault", why=str(exc))

    def _key(self, account: AccountSettings, *, anew: bool = False) -> str:
        """
        Return the key in the store of record, read as by any consumer.

        Raises:
            NotFoundError: the store of record holds no key.
        """
        place = account.store.place
        key = key_at(onepassword(self._settings.onepassword.access), place, anew=anew)
        if key is None:
            which = f"{place.thing}, the store of record of {account.username}"
            msg = f"{which}, holds no zot API key by that name: run `up`, which says if it was renamed"
            raise NotFoundError(msg)
        return key

    def _look_up(self, account: AccountSettings, key: str) -> _Stored:
        """
        Ask the registry for the key's uuid. Without an answer only the uuid is unknown.
        """
        try:
            listing = zot_at(self._settings.zot.url).listing(KeyAuth(account.username, key), account.username)
        except ReconcileError:
            return _Stored(key, None, is_refused=False)
        return _Stored(key, _used_now(listing.keys), is_refused=not listing.accepted)

    def _ask(self, asked: Asked, secret: SecretSettings, canary: CanarySettings, stored: _Stored) -> Asked:
        """
        Run the canary once, and return the result.
        """
        forgejo = forgejo_at(self._settings.server_of(secret))
        started_at = None
        try:
            forgejo.insist_on(secret.place, secret.id)
            if not forgejo.owner(secret.place).has_actions:
                hint = "Actions are off in that repository; switch them on in its settings"
                return replace(asked, word="no answer", why=hint)
            run = forgejo.workflows.start(secret.repository or "", canary.workflow, canary.ref, question(stored.key))
            started_at = datetime.now(UTC)
            verdict = self._verdict(forgejo, secret, canary, run.id)
        except InterceptedError:
            # Something in front of the forge answered, which says nothing about the place.
            raise
        except _OF_THE_PLACE as exc:
            return replace(asked, word="no answer", why=str(exc), asked_at=started_at)
        why = verdict.why
        if verdict.is_ours is False and forgejo.secret(secret.place) is None:
            why = "the repository has no such secret any more"
        if verdict.word != "works" and stored.is_refused:
            why += "; the registry refuses the key in the store of record as well: run `up`"
        known = stored.uuid if verdict.is_ours is not None else None
        return replace(asked, word=verdict.word, why=why, asked_at=started_at, key_uuid=known, is_ours=verdict.is_ours)

    def _verdict(self, forgejo: Forgejo, secret: SecretSettings, canary: CanarySettings, run_id: int) -> Verdict:
        """
        Wait for the end of a run. Its time limit counts from when a runner takes it; it waits as long for a runner.
        """
        thing, repository, limit = secret.place.thing, secret.repository or "", canary.timeout_seconds
        self._say(f"{thing}: started {canary.workflow} on {canary.ref}, run {run_id}")
        since, wait, is_taken = self._clock(), _FIRST_WAIT, False
        while not (run := forgejo.workflows.look(repository, run_id)).end:
            if not is_taken and not run.waits:
                since, is_taken = self._clock(), True
                self._say(f"{thing}: a runner has taken run {run_id}")
            left = since + limit - self._clock()
            if left <= 0 and is_taken:
                hint = "see its log, or raise the canary's timeoutSeconds"
                return Verdict("no answer", f"run {run_id} has not ended {limit:g} s after a runner took it; {hint}")
            if left <= 0:
                hint = "see whether one with the label of its runs-on is online"
                return Verdict("no answer", f"no runner has taken run {run_id} within {limit:g} s; {hint}")
            if self._wait(min(wait, left)):
                return Verdict("no answer", "broken off")
            wait = min(2 * wait, _LONGEST_WAIT)
        self._say(f"{thing}: run {run_id} ended with {run.end}")
        return judge(run.end, forgejo.workflows.job_ends(repository, run_id, run))


def _used_now(keys: Sequence[ListedKey]) -> str | None:
    """
    Return the uuid of the key with which *keys* were listed. The list does not name it, but listing is a use, so it is
    the key with the latest use.
    """
    used = [(key.last_used, key.uuid) for key in keys if key.last_used is not None]
    return max(used)[1] if used else None
