"""
A stack's configuration as the engine hands it over: in the environment, as UTF-8.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping


def as_handed_over(read: Mapping[str, str]) -> dict[str, str]:
    """
    Return the configuration that Python has *read* from the environment by the locale, read as UTF-8: under another
    encoding (`LC_ALL=de_DE.ISO-8859-1`) each letter that is not ASCII would be others.
    """
    encoding = sys.getfilesystemencoding()
    if encoding == "utf-8":
        return dict(read)
    return {key: value.encode(encoding, "surrogateescape").decode() for key, value in read.items()}
