"""
The description of a secret: somebody's text, and at its end a mark of the key that was published last.

Gitea has descriptions since 1.24; a write without one erases it (1.26.0, measured). Forgejo has none (up to 17-dev,
read). Pure functions.
"""

from __future__ import annotations

import re

# In characters. Gitea cuts a longer one off without a word (models/secret, 1.26.0).
LONGEST = 4096
# Not to be met by chance in what somebody wrote.
_MARK = re.compile(r"zot-ci key=(\S{1,8})(?!\S)")


def mark_of(key_uuid: str) -> str:
    """
    Return what a description shows of a key: the first eight characters of its uuid, which are no secret.
    """
    return key_uuid[:8]


def mark_in(description: str) -> str:
    """
    Return the mark that a description has; empty for none.
    """
    found = _MARK.findall(description)
    return str(found[-1]) if found else ""


def marked(description: str, key_uuid: str) -> str:
    """
    Return the *description* with the mark of another key: in the place of the mark that it has, else on a line of its
    own at the end. All else stays as it is. A text that is so long that the server would cut off the mark gets none.
    """
    mark = f"zot-ci key={mark_of(key_uuid)}"
    before = list(_MARK.finditer(description))
    if before:
        text = description[: before[-1].start()] + mark + description[before[-1].end() :]
    else:
        text = f"{description}\n{mark}" if description else mark
    return text if len(text) <= LONGEST else description
