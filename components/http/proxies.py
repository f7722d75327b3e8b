"""
Which proxy a system is asked through, by the usual variables of the environment, in small letters or in capitals:
`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. Where none is set, macOS and Windows have their own settings.

The HTTP library does not read them: it knows no networks in `NO_PROXY`, fails over `[::1]` there, and shows part of a
password that has a slash in it (httpx 0.28.1, measured).
"""

from __future__ import annotations

import ipaddress
import os
import re
import ssl
from urllib.parse import SplitResult, urlsplit
from urllib.request import getproxies

import httpx
import msgspec
import truststore

from .errors import EnvironmentUnfitError

_SCHEMES = ("http", "https", "socks5", "socks5h")


class ProxyChoice(msgspec.Struct, frozen=True):
    """
    The proxy for a URL, and the variable that names it.
    """

    variable: str
    proxy: httpx.Proxy


def proxy_for(base_url: str) -> ProxyChoice | None:
    """
    Return the proxy for *base_url*; None for no proxy.

    Raises:
        EnvironmentUnfitError: a variable has an unusable value. The value may hold a password and is not shown.
    """
    try:
        url = urlsplit(base_url)
        host, port = (url.hostname or "").rstrip("."), url.port or {"http": 80, "https": 443}.get(url.scheme)
    except ValueError:
        # The URL has no valid address, which the request itself reports.
        return None
    found = getproxies()
    kind = next((kind for kind in (url.scheme, "all") if found.get(kind)), None)
    if kind is None:
        return None
    for number, entry in enumerate(re.split(r"[\s,]+", found.get("no", "").strip().lower()), start=1):
        try:
            if _names(entry, url.scheme, host, port):
                return None
        except ValueError:
            msg = f"{_variable('no')} has an entry that is no host, address or network, number {number}; correct it"
            raise EnvironmentUnfitError(msg) from None
    variable = _variable(kind)
    return ProxyChoice(variable, _proxy(variable, found[kind]))


def _names(entry: str, scheme: str, host: str, port: int | None) -> bool:
    """
    Whether an *entry* of NO_PROXY covers this host. A name also covers the names below it; one that begins with a dot
    covers only those.

    Raises:
        ValueError: the entry is invalid.
    """
    if "://" in entry:
        its_scheme, _, entry = entry.rstrip("/").partition("://")
        if its_scheme not in (scheme, "all"):
            return False
    if entry == "*":
        return True
    address = _address(host)
    if "/" in entry:
        network = ipaddress.ip_network(re.sub(r"[\[\]]", "", entry), strict=False)
        return address is not None and address in network
    name, its_port = entry, ""
    if entry.startswith("[") or entry.count(":") == 1:
        name, _, its_port = entry.rpartition(":") if not entry.endswith("]") else (entry, "", "")
    if its_port and int(its_port) != port:
        return False
    if _address(name) is not None:
        return _address(name) == address
    name = name.removeprefix("*")
    return bool(name) and (host == name or host.endswith(name if name.startswith(".") else f".{name}"))


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
    except ValueError:
        return None


def _proxy(variable: str, text: str) -> httpx.Proxy:
    address = text if "://" in text else f"http://{text}"
    try:
        parts = urlsplit(address)
        if _can_be_a_proxy(parts, text):
            own = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT) if parts.scheme == "https" else None
            proxy = httpx.Proxy(address, ssl_context=own)
            if proxy.url.host == parts.hostname:
                return proxy
    except (ValueError, httpx.InvalidURL):
        pass
    schemes = ", ".join(f"{scheme}://" for scheme in _SCHEMES[1:])
    rule = f"write http://host:port (or {schemes}), and a user name or password percent-encoded (%2F for a slash)"
    msg = f"{variable} is not the address of a proxy; {rule}"
    raise EnvironmentUnfitError(msg)


def _can_be_a_proxy(parts: SplitResult, text: str) -> bool:
    # A `/`, `?` or `#` in a password makes the rest of it a path, a query or a fragment.
    is_bare = parts.path in ("", "/") and not parts.query and not parts.fragment
    is_clean = text.isprintable() and " " not in text
    return parts.scheme in _SCHEMES and bool(parts.hostname) and parts.port != 0 and is_bare and is_clean


def _variable(kind: str) -> str:
    """
    Return the name of the variable with the proxy of that *kind*; small letters come first, as in `curl`.
    """
    names = [name for name in os.environ if name.lower() == f"{kind}_proxy" and os.environ[name]]
    return max(names, default=f"{kind}_proxy".upper())
