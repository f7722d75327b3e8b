"""
The form of a system's URL. Such URLs come from settings, and from the environment of the providers, which do not load
pydantic.
"""

from __future__ import annotations

import ipaddress
import re
import socket

import httpx

# httpx strips nothing around a URL, takes a backslash literally, and hardly checks host and port.
_WEB = re.compile(
    r"https?://([^/?#\s\\]*@)?(\[[0-9A-Fa-f:.]+\]|[^\[\]:/?#@\s\\<>^|%]+)(:(?P<port>[0-9]{0,5}))?([/?#][^\s\\]*)?"
)
# The end of an IPv4 address, in any of its spellings.
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_LAST_PORT = 65535


def checked_url(value: str) -> str:
    """
    Return *value*, if it is the URL of a system.

    Raises:
        ValueError: with the broken rule. The message does not show *value*, which may contain a password.
    """
    parts = _parsed(value)
    if parts is None:
        msg = "must be a URL that begins with https:// or http://"
    elif parts.username or parts.password:
        msg = "must hold no user name or password"
    elif "?" in value or "#" in value:
        msg = "must end before any ? or #"
    elif value.endswith("/"):
        msg = "must not end with a slash"
    else:
        return value
    raise ValueError(msg)


def normal_form(url: str) -> str:
    """
    Return one form for all spellings of a checked *url*.
    """
    parts = httpx.URL(url)
    return str(parts.copy_with(host=_host(parts)))


def plain_http_host(url: str) -> str | None:
    """
    Return the host of a checked *url* if it is asked without TLS and is not this machine itself.
    """
    parts = httpx.URL(url)
    host = _host(parts)
    if parts.scheme != "http" or host in ("localhost", "127.0.0.1", "::1"):
        return None
    return f"[{host}]" if ":" in host else host


def _parsed(value: str) -> httpx.URL | None:
    """
    Return *value* as the HTTP client parses it; None if it cannot, or if host name or port are impossible.
    """
    found = _WEB.fullmatch(value)
    if found is None or int(found["port"] or 0) > _LAST_PORT:
        return None
    try:
        parts = httpx.URL(value)
        host = _host(parts)
        # httpx decodes a name that begins with xn-- only for a request; other libraries decode each part of a name.
        for name in (host, *host.split(".")) if "xn--" in host else ():
            _ = httpx.URL(scheme="https", host=name).host
    except (httpx.InvalidURL, OSError, ValueError):
        return None
    return parts


def _host(parts: httpx.URL) -> str:
    """
    Return the name or the address of a host in a normal form.

    Raises:
        OSError, ValueError: no host can have that name or address.
    """
    name = parts.raw_host.decode("ascii")
    if ":" in name:
        return str(ipaddress.IPv6Address(name))
    labels = name.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return socket.inet_ntoa(socket.inet_aton(name))
    if not all(0 < len(label) < 64 for label in labels):
        raise ValueError
    return name
