"""
Splits a notice into as many messages as a service needs, at most three. Pure.
"""

from __future__ import annotations

# People switch a service off if it sends more messages at once.
MOST_PARTS = 3
_MORE = "… and {} more lines"
# The length of that line with the longest number.
_FOR_MORE = len(_MORE.encode()) + 4


def cut(body: str, head: str, most: int) -> list[str]:
    """
    Return the *body* if it is not longer than *most*. Otherwise return at most three parts of at most that length, cut
    between lines: the first begins with the *head*, and the last says how many lines are left out.

    Args:
        most: in bytes of UTF-8, with two for a line end; no service counts more.
    """
    if size(body) <= most:
        return [body]
    lines = [shortened(line, most - _FOR_MORE - 2) for line in [head, *body.splitlines()]]
    parts: list[list[str]] = []
    while lines and len(parts) < MOST_PARTS:
        # The last part keeps room for the line about what is left out.
        room = most - (_FOR_MORE + 2 if len(parts) == MOST_PARTS - 1 else 0)
        parts.append([lines.pop(0)])
        while lines and size("\n".join([*parts[-1], lines[0]])) <= room:
            parts[-1].append(lines.pop(0))
    if lines:
        parts[-1].append(_MORE.format(len(lines)))
    return ["\n".join(part) for part in parts]


def size(text: str) -> int:
    """
    Return the largest length that a service may count for a text.
    """
    return len(text.encode()) + text.count("\n")


def shortened(line: str, most: int) -> str:
    """
    Return a line, cut to at most the length *most*.
    """
    if size(line) <= most:
        return line
    return line.encode()[: most - len("…".encode())].decode(errors="ignore") + "…"
