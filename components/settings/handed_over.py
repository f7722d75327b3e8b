"""
A stack's configuration as the engine passes it: in the environment, as UTF-8.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping


def as_handed_over(read: Mapping[str, str]) -> dict[str, str]:
    """
    Return the configuration as UTF-8. Python has *read* it from the environment in the locale's encoding, and with
    another encoding (`LC_ALL=de_DE.ISO-8859-1`) letters outside ASCII are wrong.
    """
    encoding = sys.getfilesystemencoding()
    if encoding == "utf-8":
        return dict(read)
    return {key: value.encode(encoding, "surrogateescape").decode() for key, value in read.items()}
