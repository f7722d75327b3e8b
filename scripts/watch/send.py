"""
Sends one notice, in a process of its own: `python -m scripts.watch.send`, with the notice as JSON on standard input.

The URLs, which hold secrets, come from the environment. Nothing is printed, since what apprise logs can hold them, but
one empty line when it is loaded and the sending begins. The exit code says how it went.
"""

from __future__ import annotations

import json
import logging
import os
import sys

SENT, NO_PACKAGE, UNUSABLE, NOT_DELIVERED = 0, 3, 4, 5


def main() -> int:
    """
    Send what standard input holds to every URL of the environment.
    """
    logging.disable(logging.CRITICAL)
    try:
        # Here and not above: an extra.
        import apprise
    except ImportError:
        return NO_PACKAGE
    notice = json.load(sys.stdin)
    services = apprise.Apprise(asset=apprise.AppriseAsset(app_id="zot-ci", app_desc="zot-ci"))
    usable = [services.add(url) for url in os.environ["ZOT_CI_NOTIFY_URLS"].split()]
    print(flush=True)
    delivered = services.notify(
        title=notice["title"], body=notice["body"], notify_type=notice["kind"], body_format=apprise.NotifyFormat.TEXT
    )
    if not all(usable):
        return UNUSABLE
    return SENT if delivered else NOT_DELIVERED


if __name__ == "__main__":
    sys.exit(main())
