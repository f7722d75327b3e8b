"""
A notice in as many messages as a service needs, and no more than three. Pure.
"""

from __future__ import annotations

# More than that in one go is what people switch off.
MOST_PARTS = 3
_MORE = "… and {} more lines"
# For the longest number in it.
_FOR_MORE = len(_MORE.encode()) + 4


def cut(body: str, head: str, most: int) -> list[str]:
    """
    Return the *body* as it is where it is not longer than *most*; else at most three parts, none of them longer, cut
    between lines: the first begins with the *head*, and the last says how many lines are left out.

    Args:
        most: in bytes of UTF-8, a line's end being two: no service counts more.
    """
    if size(body) <= most:
        return [body]
    lines = [shortened(line, most - _FOR_MORE - 2) for line in [head, *body.splitlines()]]
    parts: list[list[str]] = []
    while lines and len(parts) < MOST_PARTS:
        # The last part keeps room for what it leaves out.
        room = most - (_FOR_MORE + 2 if len(parts) == MOST_PARTS - 1 else 0)
        parts.append([lines.pop(0)])
        while lines and size("\n".join([*parts[-1], lines[0]])) <= room:
            parts[-1].append(lines.pop(0))
    if lines:
        parts[-1].append(_MORE.format(len(lines)))
    return ["\n".join(part) for part in parts]


def size(text: str) -> int:
    """
    Return how much a service may count a text as.
    """
    return len(text.encode()) + text.count("\n")


def shortened(line: str, most: int) -> str:
    """
    Return a line, or as much of it as is not longer than *most*.
    """
    if size(line) <= most:
        return line
    return line.encode()[: most - len("…".encode())].decode(errors="ignore") + "…"
