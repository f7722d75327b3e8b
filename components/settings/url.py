"""
What a system's URL may look like. Settings have such URLs, and so has the environment of the providers, which load no
pydantic.
"""

from __future__ import annotations

import ipaddress
import re
import socket

import httpx

# httpx corrects nothing that stands around a URL, takes a backslash literally, and looks little at host and port.
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
        ValueError: with the rule that it breaks. The message does not show *value*, which may hold a password.
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
    Return what two spellings of one checked *url* have in common.
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
    Return *value* as the HTTP client takes it apart; None if it cannot, or if no host can have that name or port.
    """
    found = _WEB.fullmatch(value)
    if found is None or int(found["port"] or 0) > _LAST_PORT:
        return None
    try:
        parts = httpx.URL(value)
        host = _host(parts)
        # httpx decodes a name that begins with xn-- when a request reads it; others decode each part of a name.
        for name in (host, *host.split(".")) if "xn--" in host else ():
            _ = httpx.URL(scheme="https", host=name).host
    except (httpx.InvalidURL, OSError, ValueError):
        return None
    return parts


def _host(parts: httpx.URL) -> str:
    """
    Return the name or the address of a host, each in its one spelling.

    Raises:
        OSError, ValueError: no host can have it.
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
