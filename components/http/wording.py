"""
The words of messages about failed requests; never the text of the library or the server.
"""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Callable

import httpx

# A proxy says so by an answer to CONNECT, or a SOCKS proxy in the words of httpcore 1.0.
PROXY_REFUSES_SIGN_IN = "the proxy refuses the sign-in"
# OpenSSL's numbers for an issuer that is not in the trust store, the server itself included.
_UNKNOWN_ISSUER = (18, 19, 20, 21)
# OpenSSL's names of the alerts by which a server ends a connection without a client certificate: with TLS 1.3; with TLS
# 1.2 from a Go server; and from an OpenSSL server, which also sends it for other disagreements.
_ASKS = "it asks for a TLS client certificate, which is not supported"
_WANTS_A_CERTIFICATE = {
    "tlsv13_alert_certificate_required": _ASKS,
    "sslv3_alert_bad_certificate": _ASKS,
    "sslv3_alert_handshake_failure": f"it ended the TLS handshake; perhaps {_ASKS}",
}
_SIGN_IN_WORDS = ("407 ", "username/password", "no acceptable methods")


def origin_in_words(location: str) -> str:
    """
    Return the address that a redirect leads to, without path and query, which can hold codes.
    """
    try:
        url = httpx.URL(location)
    except httpx.InvalidURL:
        return "an unreadable address"
    return f"{url.scheme}://{url.netloc.decode('ascii')}" if url.host else "itself"


def socks_errors() -> tuple[type[Exception], ...]:
    """
    Return the errors of the SOCKS library, which the HTTP library passes on as they are. Loaded when a request
    has failed: most processes need none of it.
    """
    import socksio

    return (socksio.SOCKSError,)


def no_answer_in_words(exc: Exception) -> str:
    """
    Return in a few words why there was no answer. The library's text is not used: it can contain what a server sent.
    """
    if isinstance(exc, (httpx.ProxyError, *socks_errors())):
        return _proxy_in_words(str(exc))
    cause: BaseException | None = exc
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its TLS certificate is not trusted here ({cause.verify_message}{_trust_in_words(cause)})"
        if isinstance(cause, ssl.SSLError) and (alert := str(cause.reason).lower()) in _WANTS_A_CERTIFICATE:
            return _WANTS_A_CERTIFICATE[alert]
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


def _trust_in_words(error: ssl.SSLCertVerificationError) -> str:
    """
    Name the variable that replaces the system's trust store, if one is set and the issuer is unknown.
    """
    there: dict[str, Callable[[str], bool]] = {"SSL_CERT_FILE": os.path.isfile, "SSL_CERT_DIR": os.path.isdir}
    named = [variable for variable in there if os.environ.get(variable)]
    if not named or getattr(error, "verify_code", None) not in _UNKNOWN_ISSUER:
        return ""
    bad = [name for name in named if not (there[name](os.environ[name]) and os.access(os.environ[name], os.R_OK))]
    return (
        f"; {bad[0]} names nothing that can be read"
        if bad
        else f"; only certificates in {' and '.join(named)} are trusted"
    )


def _proxy_in_words(text: str) -> str:
    if any(words in text.lower() for words in _SIGN_IN_WORDS):
        return PROXY_REFUSES_SIGN_IN
    status = re.match(r"\d{3}\b", text)
    return f"the proxy answered {status[0]}" if status else "the proxy gave no connection"
