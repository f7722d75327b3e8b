"""
The description of a secret: a person's text, and a mark of the last published key.

Gitea has descriptions since 1.24; a write without a description erases it (1.26.0, measured). Forgejo has none (up to
17-dev, read). Pure functions.
"""

from __future__ import annotations

import re

# In characters. Gitea silently cuts a longer description (models/secret, 1.26.0).
LONGEST = 4096
# This form does not occur by chance in a person's text.
_MARK = re.compile(r"zot-ci key=(\S{1,8})(?!\S)")


def mark_of(key_uuid: str) -> str:
    """
    Return the mark of a key: the first eight characters of its uuid, which is no secret.
    """
    return key_uuid[:8]


def mark_in(description: str) -> str:
    """
    Return the mark in a description; empty if there is none.
    """
    found = _MARK.findall(description)
    return str(found[-1]) if found else ""


def marked(description: str, key_uuid: str) -> str:
    """
    Return the *description* with the mark of the key: it replaces the old mark, or is added on a line at the end. The
    rest stays as it is. A text so long that the server would cut off the mark is returned unchanged.
    """
    mark = f"zot-ci key={mark_of(key_uuid)}"
    before = list(_MARK.finditer(description))
    if before:
        text = description[: before[-1].start()] + mark + description[before[-1].end() :]
    else:
        text = f"{description}\n{mark}" if description else mark
    return text if len(text) <= LONGEST else description
