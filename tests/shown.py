"""
What the engine prints, shortened for somebody who sees it for the first time: the program's own sentences as they come,
what a preview would change, and the count. For the demo and the pictures; `VERBOSE=1 make demo` shows all of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

# A resource's progress: an operation, type and name, how it stands, and perhaps a message at the end.
_PROGRESS = re.compile(
    r"^ *(?P<sign>[-+~]{0,2}) +(?P<type>[\w-]+:[\w/-]+:\w+) \S+ *"
    r"(?P<state>(?:creat|updat|delet|replac|refresh|runn|read)\w*(?: replacement| original)?)?"
    r"(?: \([\d.]+m?s\))?(?P<diff> \[diff: [^\]]*\])? *(?P<message>.*)$"
)
# What is planned, one line for each resource: a replacement's creation and deletion are in its own line.
_PLANNED = {"create", "update", "delete", "replace"}
_COUNT = re.compile(r"^ +(?:[-+~]{1,2} ?)?(\d+ \D+?)\.?(?: (\d+ unchanged))?$")
_UUID = re.compile(r"\b([0-9a-f]{8})-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}\b")
_SECONDS = re.compile(r"(\d\d:\d\d):\d\d(?:\.\d+)?\+00:00")
# The program says first which system it has changed; of what is out of sync it names the thing.
_DONE = re.compile(r"^(?:authentik|zot|1Password|Forgejo): ")
STYLES = {"plan": "dim", "drift": "yellow", "done": "green", "count": "bold", "error": "red"}


@dataclass(frozen=True)
class Line:
    """
    One line that is shown: *kind* is a key of STYLES.
    """

    kind: str
    text: str


def shortened(lines: Iterable[str]) -> Iterator[Line]:
    """
    Yield what matters of the engine's lines, each as soon as it is known. They are without colours.
    """
    section, said, counts = "progress", set[str](), list[str]()
    for line in (line.rstrip() for line in lines):
        if line and not line.startswith(" "):
            section = line.partition(":")[0]
            if section == "error" and "no changes were expected" not in line:
                yield Line("error", line)
        elif section == "Resources":
            # Its last line adds up the others.
            counts += [text for text in (_COUNT.sub(r"\1", line), _COUNT.sub(r"\2", line)) if text != line and text]
        elif line:
            for found in _seen(section, line):
                if found.kind in ("plan", "error") or found.text not in said:
                    said.add(found.text)
                    yield found
    if counts:
        yield Line("count", ", ".join(text for text in counts if not text.endswith(("change", "changes"))))


def _seen(section: str, line: str) -> Iterator[Line]:
    """
    What one line of the progress, or of the messages that are gathered at the end, has to say.
    """
    if section == "Diagnostics":
        # The engine puts each resource's messages below its name.
        if line.startswith("    "):
            yield _said(line.strip())
        return
    progress = _PROGRESS.match(line)
    if progress is None or section in ("Outputs", "Duration"):
        return
    kind = progress["type"].rpartition("/")[2]
    if progress["sign"] and progress["state"] in _PLANNED and ":dynamic/" in progress["type"]:
        changed = re.sub(r"[\[\]]|diff: |~", "", progress["diff"] or "").strip().replace(",", ", ")
        yield Line("plan", f"{progress['sign']:2} {kind}  {progress['state']}" + (f": {changed}" if changed else ""))
    message = progress["message"]
    if message and not re.fullmatch(r"\d+ messages?|\d+ warnings?|\d+ errors?", message):
        yield _said(message)


def _said(message: str) -> Line:
    """
    A sentence of the program's, its ids and times as long as a person reads them.
    """
    text = _SECONDS.sub(r"\1", _UUID.sub(r"\1…", message))
    if text.startswith("error: "):
        return Line("error", text)
    return Line("done" if _DONE.match(text) else "drift", text)
