"""
One HTTP client for one system: time-outs, repeats where they are safe, TLS, and errors in one line.

This module knows no vendor. It never follows a redirect: an API that redirects is not the API that the settings name,
and a redirect must not carry a credential to another host.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any, Self, TypeVar

import httpx
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
from .own_answers import OwnAnswers, is_json
from .pace import AT_ONCE, Pace
from .proxies import ProxyChoice, proxy_for
from .refusals import Advice as Advice
from .refusals import refused
from .repeats import TRANSIENT
from .repeats import Repeats as Repeats
from .shapes import ShapeError, read_json, shaped
from .timeouts import timeout, whole_answer_seconds
from .whole_answers import limit
from .wording import PROXY_REFUSES_SIGN_IN, no_answer_in_words, socks_errors

USER_AGENT = f"zot-ci/{VERSION} (pulumi credential rotation)"

# A run asks a system about many accounts. After a request without an answer, each further request is tried only once,
# for this long. If that request was a GET that timed out, further GETs fail at once: nobody waits for a second
# time-out.
_SILENCE_SECONDS = 30.0

Parsed = TypeVar("Parsed")


def _no_answers() -> tuple[type[Exception], ...]:
    """
    Return the errors of a request without an answer. Asked when one has been raised, which most runs never do.
    """
    return (httpx.TransportError, httpx.DecodingError, httpx.InvalidURL, UnicodeError, *socks_errors())


class Api:
    """
    One system under one URL.

    Args:
        system: its name, the first word of every message.
        base_url: scheme, host and perhaps a path, without a trailing slash.
        own_answers: what the system's own answers look like; without it every answer counts as its own.
        repeats: how requests that are safe to repeat are repeated.
        transport: replaces the network in tests.
    """

    def __init__(
        self,
        system: str,
        base_url: str,
        *,
        own_answers: OwnAnswers | None = None,
        repeats: Repeats | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self.system = system
        self.base_url = base_url
        self._own_answers = own_answers
        self._repeats = repeats or Repeats()
        self._proxy: ProxyChoice | None = None if transport else proxy_for(base_url)
        # When the last request got no answer after all its tries; None after an answer.
        self._silent_at: float | None = None
        # The reason in words, if that request was a GET that timed out.
        self._timed_out = ""
        self._pace = Pace()
        waits = timeout()
        self._http = httpx.Client(
            headers={"User-Agent": USER_AGENT},
            timeout=waits,
            transport=transport or self._network(waits),
            follow_redirects=False,
            cookies=self._cookie_jar(),
            trust_env=False,
        )

    def _network(self, waits: httpx.Timeout) -> httpx.HTTPTransport:
        """
        Return the way to the system, on which a whole answer may take some times as long as one of *waits*.
        """
        network = httpx.HTTPTransport(
            limits=httpx.Limits(max_keepalive_connections=AT_ONCE),
            verify=truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
            proxy=self._proxy.proxy if self._proxy else None,
            # The environment's proxy is read by `proxies.py`; nothing else of the environment is used.
            trust_env=False,
        )
        limit(network, whole_answer_seconds(waits))
        return network

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
        Return a jar that keeps nothing: a session cookie from an API must not be sent beside the token.
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
        repeat_on: frozenset[int] = frozenset(),
        judged_by_caller: frozenset[int] = frozenset(),
        auth: httpx.Auth | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json: Any = None,
    ) -> httpx.Response:
        """
        Send one request and return its answer, if its status is one of *expect*.

        Args:
            path: begins with a slash and is shown in messages; secrets go into *params*.
            whose: the account or the thing that the request is about, for messages.
            advice: what to change, by status.
            repeat: whether the request may be sent again after a transient failure; by default only a GET may.
            repeat_on: statuses after which any request may be sent again, since the system did nothing.
            judged_by_caller: statuses for which the caller checks whether the answer is the system's own.

        Raises:
            UnreachableError: there was no answer.
            InterceptedError: the answer is not the system's own.
            ServerError, RateLimitedError: every try was answered with 5xx, or with 429.
            EnvironmentUnfitError: a proxy on the way refuses the sign-in in its variable.
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
            response = self._repeats.send(
                lambda: self._send_once(request, auth),
                TRANSIENT if may_repeat else repeat_on,
                after_no_answer=may_repeat,
            )
        except _no_answers() as exc:
            # httpx parses the address of a redirect even if it does not follow it.
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
        if response.status_code == httpx.codes.PROXY_AUTHENTICATION_REQUIRED and self._proxy:
            raise self._no_answer(method, path, whose, PROXY_REFUSES_SIGN_IN)
        is_intercepted = self._own_answers is not None and not self._own_answers.include(response)
        if response.status_code not in expect or (is_intercepted and response.status_code not in judged_by_caller):
            raise self.refusal(response, path, whose, advice or Advice())
        return response

    def _no_answer(self, method: str, path: str, whose: str, why: str) -> ReconcileError:
        """
        Return the error for a request without an answer. It names the variable of a proxy on the way, where the fault
        may be.
        """
        if self._proxy is None:
            kind: type[ReconcileError] = UnreachableError
            through, hint = "", "check the URL and that the system is up"
        else:
            variable = self._proxy.variable
            through, kind = f" through the proxy in {variable}", UnreachableError
            hint = "check that proxy and that the system is up, or add its host to NO_PROXY"
            if why == PROXY_REFUSES_SIGN_IN:
                kind, hint = EnvironmentUnfitError, f"set the user name and the password for it in {variable}"
        msg = f"{self.system} {method} {path} at {self.base_url} gave no answer for {whose}{through}: {why}; {hint}"
        return kind(msg, brief=f"{self.system} at {self.base_url} gave no answer{through}: {why}; {hint}")

    def _was_silent_just_now(self) -> bool:
        return self._silent_at is not None and time.monotonic() - self._silent_at < _SILENCE_SECONDS

    def _send_once(self, request: httpx.Request, auth: httpx.Auth | None) -> httpx.Response:
        with self._pace.one() as began:
            response = self._http.send(request, auth=auth)
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            self._pace.was_too_fast(began)
        return response

    def refusal(self, response: httpx.Response, path: str, whose: str, advice: Advice) -> ReconcileError:
        """
        Return the error for an answer with an unexpected status, or that is not the system's own.
        """
        moved = self.moved(response, path, whose)
        if moved:
            return moved
        # An API that redirects is not the API that the settings name, whoever sends the redirect.
        if self._own_answers and (response.is_redirect or not self._own_answers.include(response)):
            return self._own_answers.intercepted(response, self.system, self.base_url, path, whose)
        return refused(response, self.system, self.base_url, path, whose, advice)

    def moved(self, response: httpx.Response, path: str, whose: str) -> SystemMovedError | None:
        """
        Return the error for a redirect that shows that the whole system moved to another URL; else None.
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
            tidied: gives the JSON of different servers or versions one form, before it is compared with *model*.

        Raises:
            InterceptedError: the body is no JSON: something in front of the system sent it or cut it off.
            UnexpectedAnswerError: the JSON has another shape. The message names the place, never the value.
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
