"""
One HTTP client for one system: time-outs, repeats where they are safe, TLS, and errors in one line.

No vendor is known here. Redirects are never followed: an API that redirects is not the API that was named, and a
redirect must not carry a credential to another host.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self, TypeVar

import httpx
import msgspec
import truststore

from ..version import VERSION
from .answers import moved_to
from .errors import (
    EnvironmentUnfitError,
    InterceptedError,
    ReconcileError,
    SystemMovedError,
    UnexpectedAnswerError,
    UnreachableError,
)
from .own_answers import Voice, is_json
from .pace import AT_ONCE, Pace
from .proxies import Way, way_to
from .refusals import Advice as Advice
from .refusals import refused
from .repeats import attempts
from .shapes import ShapeError, read_json, shaped
from .timeouts import timeout
from .wording import ANOTHER_SIGN_IN, no_answer_in_words, socks_errors

USER_AGENT = f"zot-ci/{VERSION} (pulumi credential rotation)"

# Answers after which the same request may succeed, if it is one that is safe to repeat.
_PASSING = frozenset({409, 429, 500, 502, 503, 504})
_LONGEST_RETRY_AFTER = 20.0
# After a request that got no answer in all its tries, the next ones are tried once for so long: a system that is down
# is asked about many accounts in one run. If that was found out by a time-out, nothing more is read meanwhile: each
# account would wait for its own.
_SILENCE_SECONDS = 30.0

Parsed = TypeVar("Parsed")


class Repeats(msgspec.Struct, frozen=True):
    """
    How often and how long a repeatable request is tried.

    Args:
        attempts: tries in all, the first included.
        wait: seconds before the second try, doubled each time up to five seconds.
    """

    attempts: int = 4
    wait: float = 0.2


class _PassingAnswer(Exception):
    """
    An answer worth a second try; only between the attempts of one call.
    """

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def _worth_repeating(exc: Exception) -> bool | float:
    """
    Tell the retry library whether to go on, and how long to wait if the server said.
    """
    if isinstance(exc, _PassingAnswer):
        after = exc.response.headers.get("retry-after", "")
        return min(float(after), _LONGEST_RETRY_AFTER) if after.isdecimal() else True
    # A proxy may lock whoever shows it a wrong password again and again.
    return isinstance(exc, httpx.TransportError) and no_answer_in_words(exc) != ANOTHER_SIGN_IN


def _no_answers() -> tuple[type[Exception], ...]:
    """
    Return the errors of a request without an answer. Asked when one has been raised, which most runs never do.
    """
    return (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL, UnicodeError, *socks_errors())


class Api:
    """
    One system under one URL.

    Args:
        system: the name people know it by, first word of every message.
        base_url: scheme, host and perhaps a path, without a trailing slash.
        voice: how the system's own answers look; without it every answer counts as its own.
        repeats: how requests that are safe to repeat are repeated.
        transport: in the place of the network, for tests.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        voice: Voice | None = None,
        repeats: Repeats | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.system = system
        self.base_url = base_url
        self._voice = voice
        self._repeats = repeats or Repeats()
        self._way: Way | None = None if transport else way_to(base_url)
        # When it last gave no answer after all repeats: nobody waits for every one of them again and again.
        self._silent_at: float | None = None
        # What it said then, if that took a whole time-out to find out.
        self._timed_out = ""
        self._pace = Pace()
        self._http = httpx.Client(
            headers={"User-Agent": USER_AGENT},
            timeout=timeout(),
            limits=httpx.Limits(max_keepalive_connections=AT_ONCE),
            transport=transport,
            verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            follow_redirects=False,
            cookies=self._cookie_jar(),
            proxy=self._way.proxy if self._way else None,
            # Of the environment only the proxy is taken, and that by ourselves.
            trust_env=False,
        )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.system} {self.base_url}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """
        Close the connections.
        """
        self._http.close()

    @staticmethod
    def _cookie_jar() -> CookieJar:
        """
        Return a jar that takes nothing: a session that an API hands out must not stand beside the token.
        """
        return CookieJar(DefaultCookiePolicy(allowed_domains=[]))

    def call(
        self,
        method: str,
        path: str,
        *,
        whose: str,
        expect: tuple[int, ...] = (200,),
        advice: Advice | None = None,
        repeat: bool | None = None,
        not_taken: frozenset[int] = frozenset(),
        unjudged: frozenset[int] = frozenset(),
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> httpx.Response:
        """
        Send one request and return its answer, if its status is one of *expect*.

        Args:
            path: begins with a slash and is shown in messages; what must not be shown goes into *params*.
            whose: the account or the thing that this is about, for the message.
            advice: what to change, by status.
            repeat: whether a passing failure may be met by asking again; by default only for GET.
            unjudged: statuses of which the caller itself finds out whether the answer is the system's own.
            not_taken: statuses that say that nothing was done, so that it may be met by asking again all the same.

        Raises:
            UnreachableError: there was no answer.
            InterceptedError: the answer is not the system's own.
            OutOfOrderError, RateLimitedError: it answered 5xx, or 429, each time.
            EnvironmentUnfitError: a proxy on the way wants another sign-in than its variable holds.
            SignInRefusedError, PermissionMissingError, NotFoundError, UnexpectedAnswerError: by status.
        """
        is_silent = self._was_silent_just_now()
        if is_silent and self._timed_out and method == "GET":
            raise self._no_answer(method, path, whose, self._timed_out)
        may_repeat = (method == "GET" if repeat is None else repeat) and not is_silent
        sent = False
        try:
            request = self._http.build_request(method, self.base_url + path, headers=headers, params=params, json=json)
            sent = True
            response = self._send(request, auth, _PASSING if may_repeat else not_taken, may_repeat)
        except _PassingAnswer as exc:
            response = exc.response
        except _no_answers() as exc:
            # httpx reads a redirect's address even if it is not to follow it.
            in_redirect = str(exc).startswith("Invalid URL in location header")
            if in_redirect or (sent and isinstance(exc, httpx.InvalidURL)):
                what = f"answered with a redirect to an unreadable address for {whose}"
                msg = f"{self.system} {method} {path} {what}; check that the URL names this system"
                raise UnexpectedAnswerError(msg) from None
            self._silent_at = time.monotonic()
            read_timed_out = method == "GET" and isinstance(exc, httpx.TimeoutException)
            self._timed_out = no_answer_in_words(exc) if read_timed_out else ""
            raise self._no_answer(method, path, whose, no_answer_in_words(exc)) from None
        self._silent_at = None
        if response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED and self._way:
            raise self._no_answer(method, path, whose, ANOTHER_SIGN_IN)
        is_foreign = self._voice is not None and not self._voice.speaks(response)
        if response.status_code not in expect or (is_foreign and response.status_code not in unjudged):
            raise self.refusal(response, path, whose, advice or Advice())
        return response

    def _no_answer(self, method: str, path: str, whose: str, why: str) -> ReconcileError:
        """
        Return the error for no answer from the system. A proxy on the way, and its variable, is named: the fault may
        be there.
        """
        if self._way is None:
            kind: type[ReconcileError] = UnreachableError
            through, hint = "", "check the URL and that the system is up"
        else:
            variable = self._way.variable
            through, kind = f" through the proxy in {variable}", UnreachableError
            hint = "check that proxy and that the system is up, or add its host to NO_PROXY"
            if why == ANOTHER_SIGN_IN:
                kind, hint = EnvironmentUnfitError, f"put a user name and a password that it takes into {variable}"
        msg = f"{self.system} {method} {path} at {self.base_url} gave no answer for {whose}{through}: {why}; {hint}"
        return kind(msg, brief=f"{self.system} at {self.base_url} gave no answer{through}: {why}; {hint}")

    def _was_silent_just_now(self) -> bool:
        return self._silent_at is not None and time.monotonic() - self._silent_at < _SILENCE_SECONDS

    def _send(
        self, request: httpx.Request, auth: httpx.Auth | None, passing: frozenset[int], repeat: bool
    ) -> httpx.Response:
        """
        Send *request*; again after an answer of a *passing* status, and after none if it may be *repeated*.
        """
        if not passing:
            return self._send_once(request, auth)
        began = time.monotonic()
        try:
            return self._send_unless_passing(request, auth, passing)
        except (httpx.TransportError, _PassingAnswer) as exc:
            failed = exc
        for attempt in attempts(
            on=lambda exc: _worth_repeating(exc) if repeat or isinstance(exc, _PassingAnswer) else False,
            attempts=self._repeats.attempts,
            timeout=90 - (time.monotonic() - began),
            wait_initial=self._repeats.wait,
            wait_jitter=self._repeats.wait,
        ):
            with attempt:
                if attempt.num == 1:
                    raise failed
                response = self._send_unless_passing(request, auth, passing)
        return response

    def _send_unless_passing(
        self, request: httpx.Request, auth: httpx.Auth | None, passing: frozenset[int]
    ) -> httpx.Response:
        response = self._send_once(request, auth)
        if response.status_code in passing:
            raise _PassingAnswer(response)
        return response

    def _send_once(self, request: httpx.Request, auth: httpx.Auth | None) -> httpx.Response:
        with self._pace.one() as began:
            response = self._http.send(request, auth=auth)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            self._pace.was_too_fast(began)
        return response

    def refusal(self, response: httpx.Response, path: str, whose: str, advice: Advice) -> ReconcileError:
        """
        Return the error for an answer that was not wanted, or that is not the system's own.
        """
        moved = self.moved(response, path, whose)
        if moved:
            return moved
        # An API that redirects is not the one that was named, whoever sends the redirect.
        if self._voice and (response.is_redirect or not self._voice.speaks(response)):
            return self._voice.foreign(response, self.system, self.base_url, path, whose)
        return refused(response, self.system, self.base_url, path, whose, advice)

    def moved(self, response: httpx.Response, path: str, whose: str) -> SystemMovedError | None:
        """
        Return the error for a redirect that says that the whole system answers under another URL by now; else None.
        """
        new_url = moved_to(response, path, self.base_url)
        if not new_url:
            return None
        call = f"{self.system} {response.request.method} {path} answered {response.status_code} for {whose}"
        hint = f"it moved to {new_url}; if you know that address, set it in the place of {self.base_url}"
        return SystemMovedError(f"{call}: {hint}", brief=f"{self.system}: {hint}", new_name=new_url)

    def parse(
        self,
        response: httpx.Response,
        path: str,
        whose: str,
        model: type[Parsed],
        tidied: Callable[[Any], Any] | None = None,
    ) -> Parsed:
        """
        Return the answer's JSON as *model*.

        Args:
            tidied: makes one form of what differs between servers or versions, before the JSON is held to *model*.

        Raises:
            InterceptedError: no JSON at all, as from something in front of the system, or cut off on the way.
            UnexpectedAnswerError: JSON of another shape. Names the place, never the value.
        """
        try:
            read = read_json(response.content)
            return shaped(tidied(read) if tidied else read, model)
        except ShapeError as exc:
            what = f"JSON without a valid {exc.place}" if exc.place else "a body that is not the expected JSON"
        call = f"{self.system} {response.request.method} {path} answered {response.status_code} for {whose}"
        msg = f"{call} with {what}; check that {self.base_url} is {self.system}"
        if is_json(response):
            raise UnexpectedAnswerError(msg)
        hint = f"check that {self.base_url} is {self.system}, and that nothing in front of it cuts its answers off"
        brief = f"{self.system} at {self.base_url} gave no answer of its own, but {response.status_code} with {what}"
        raise InterceptedError(msg, brief=f"{brief}; {hint}")
