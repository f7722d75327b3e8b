"""
What a failed request is called in a message: a few words of our own, never the library's or the server's text.
"""

from __future__ import annotations

import ssl

import httpx


def origin_in_words(location: str) -> str:
    """
    Name the place that a redirect leads to: its path and query can hold codes.
    """
    try:
        url = httpx.URL(location)
    except httpx.InvalidURL:
        return "an unreadable address"
    return f"{url.scheme}://{url.netloc.decode('ascii')}" if url.host else "itself"


def no_answer_in_words(exc: Exception) -> str:
    """
    Say in a few words why there was no answer, without the library's text: it can hold what a server sent.
    """
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its TLS certificate is not trusted here ({cause.verify_message})"
        if isinstance(cause, OSError) and cause.strerror:
            return cause.strerror.lower()
        cause = cause.__cause__ or cause.__context__
    words: dict[type[Exception], str] = {
        httpx.ConnectTimeout: "timed out while connecting",
        httpx.ReadTimeout: "timed out waiting for the answer",
        httpx.WriteTimeout: "timed out while sending",
        httpx.RemoteProtocolError: "the connection broke off before the answer",
        httpx.ReadError: "the connection broke off before the answer",
        httpx.UnsupportedProtocol: "the URL has no http:// or https://",
        httpx.ConnectError: "the connection failed",
        httpx.InvalidURL: "the URL cannot be one",
        UnicodeError: "the URL has no host name that could exist",
    }
    return words.get(type(exc), type(exc).__name__)
