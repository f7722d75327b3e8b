"""
What the address of a server may look like, without the models of the settings: the provider's process, which reads no
settings, checks an address from the environment by it.

It is the rule and the words of `Url` in `values.py`, and tests hold the two against each other.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import urlsplit

_WEB = re.compile(r"https?://[^\s\\]+")
# What no host name can hold, by the URL standard of the WHATWG.
_NO_HOST = re.compile(r"[\x00-\x20#%/:<>?@\[\\\]^|\x7f]")
_LONGEST_LABEL = 63


def address_fault(value: str) -> str:
    """
    Return what is wrong with *value* as the address of a server, as a rule that it breaks; empty if nothing is.

    The value is not in it: it may hold a secret.
    """
    form = "must be a URL that begins with https:// or http://"
    if not _WEB.fullmatch(value):
        return form
    try:
        parts = urlsplit(value)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return form
    if not _can_be_a_host(host):
        return form
    if parts.username or parts.password:
        return "must hold no user name or password"
    if "?" in value or "#" in value:
        return "must end before any ? or #"
    return "must not end with a slash" if value.endswith("/") else ""


def _can_be_a_host(name: str) -> bool:
    labels = name.split(".")
    if ":" in name or labels[-1].isdecimal():
        try:
            ip_address(name)
        except ValueError:
            return False
        return True
    return not _NO_HOST.search(name) and all(0 < len(label) <= _LONGEST_LABEL for label in labels)
