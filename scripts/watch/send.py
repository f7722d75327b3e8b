"""
Sends one notice, in a process of its own: `python -m scripts.watch.send`, with the notice as JSON on standard input.

The URLs, which contain secrets, come from the environment. apprise's log can contain them, so nothing is printed but
one
line when the sending begins: the largest number of parts for a service, by which the caller waits longer. The exit code
says whether the notice was sent.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from .cut import cut, shortened, size

SENT, NO_PACKAGE, UNUSABLE, NOT_DELIVERED = 0, 3, 4, 5
# The room for line ends and the part's number, if a title counts as part of the body.
_AROUND_A_TITLE = 24


def main() -> int:
    """
    Send the notice from standard input to every URL in the environment.
    """
    logging.disable(logging.CRITICAL)
    try:
        # Imported here, since it is an extra. It then uses the system's trust store, as the program does.
        import truststore

        truststore.inject_into_ssl()
        import apprise
    except ImportError:
        return NO_PACKAGE
    notice = json.load(sys.stdin)
    services = apprise.Apprise(asset=apprise.AppriseAsset(app_id="zot-ci", app_desc="zot-ci"))
    usable = [services.add(url) for url in os.environ["ZOT_CI_NOTIFY_URLS"].split()]
    messages = [(service, messages_for(service, **notice)) for service in services]
    print(max((len(found) for _, found in messages), default=1), flush=True)
    # Side by side, so that a silent service does not delay others.
    with ThreadPoolExecutor(len(messages) or 1) as threads:
        delivered = list(threads.map(lambda one: _send(apprise, one[0], one[1], notice["kind"]), messages))
    if not all(usable):
        return UNUSABLE
    return SENT if all(delivered) else NOT_DELIVERED


def messages_for(service: Any, title: str, body: str, head: str = "", **_: str) -> list[tuple[str, str]]:
    """
    Return the messages for one of apprise's services, each with a title and a body.
    """
    most = int(service.body_maxlen)
    if service.title_maxlen <= 0 or service.overflow_amalgamate_title:
        taken = size(title) + _AROUND_A_TITLE
        # In a short message the body is more important than the title.
        title, most = ("", most) if taken > most / 2 else (title, most - taken)
    else:
        title = shortened(title, service.title_maxlen - _AROUND_A_TITLE)
    parts = cut(body, head, most)
    count = len(parts)
    numbers = [f" ({number} of {count})" if title and count > 1 else "" for number in range(1, count + 1)]
    return [(f"{title}{number}", part) for number, part in zip(numbers, parts, strict=True)]


def _send(apprise: Any, service: Any, messages: list[tuple[str, str]], kind: str) -> bool:
    """
    Send the messages to one service in their order; stop after a refusal.
    """
    only = apprise.Apprise(asset=service.asset)
    only.add(service)
    text = apprise.NotifyFormat.TEXT
    return all(only.notify(title=title, body=body, notify_type=kind, body_format=text) for title, body in messages)


if __name__ == "__main__":
    sys.exit(main())
