"""
What must hold of what runs show and leave: their texts, files and command lines, and what a preview did.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from tests.engine.leaks import leaks, leaks_in
from tests.oracle.evidence import Seen
from tests.oracle.named import check

# A line of progress says only that something is looked at; and the engine's root has one of its own.
_LOOKED_AT = re.compile(r" refresh(ing)?\b|~ pulumi:pulumi:Stack: \(refresh\)")
_A_CHANGE = re.compile(r"^ *(~|\+|-|\+-|\+\+|--) ")


@check(2)
def one_more_up_ends_well(code: int, what: str = "the up", why: str = "") -> Iterator[str]:
    """
    It succeeds, whatever came before it.
    """
    if code:
        yield f"{what} ended with {code}{why and f': {why}'}"


@check(2)
def a_preview_after_it_is_empty(code: int, what: str = "the preview after it") -> Iterator[str]:
    """
    `preview --expect-no-changes` succeeds.
    """
    if code:
        yield f"{what} ended with {code}"


@check(3)
def a_preview_changes_nothing(before: Seen, after: Seen) -> Iterator[str]:
    """
    Places, keys, accounts and all that is somebody else's are the same after a preview.
    """
    for what, one, other in (
        ("a place", before.held, after.held),
        ("a key", before.keys, after.keys),
        ("an account", before.users, after.users),
        ("something of somebody else's", before.others, after.others),
        ("an item, as a whole,", before.items_written, after.items_written),
    ):
        if one != other:
            yield f"{what} was changed by a preview"


@check(4)
def no_secret_is_shown(secrets: Collection[str], text: str) -> Iterator[str]:
    """
    None stands in what the runs have shown.
    """
    for leak in leaks(set(secrets), text.encode()):
        yield f"the secret {leak}… stands in the output"


@check(4)
def no_secret_is_in_a_file(secrets: Collection[str], folder: Path) -> Iterator[str]:
    """
    None stands in clear below a *folder*: the state, temporary files, the engine's logs.
    """
    for leak in leaks_in(set(secrets), folder):
        yield f"a secret stands in {leak}…"


@check(4)
def no_secret_is_in_the_process_table(secrets: Collection[str], command_lines: Collection[str]) -> Iterator[str]:
    """
    None is an argument of a process.
    """
    for leak in leaks(set(secrets), "\n".join(command_lines).encode()):
        yield f"the secret {leak}… stands in the process table"


@check(6)
def a_fault_is_told_in_a_sentence(text: str) -> Iterator[str]:
    """
    No run that was not killed shows a traceback.
    """
    if "Traceback" in text:
        yield "a traceback stands in the output"


@check(7)
def the_run_says_what_it_left_out(text: str, words: Collection[str], times: int | None = None) -> Iterator[str]:
    """
    Some line of the *text* has one of the *words*; so many lines have, if *times* is given.
    """
    lines = [line for line in text.splitlines() if any(one in line for one in words)]
    if times is None and not lines:
        yield f"no line says: {' or '.join(words)}"
    elif times is not None and len(lines) != times:
        yield f"{len(lines)} lines, not {times}, say: {' or '.join(words)}"


@check(8)
def a_preview_in_sync_shows_its_count_alone(text: str) -> Iterator[str]:
    """
    How many resources stay as they are: no change, no output, and no sentence.
    """
    lines = [line for line in text.splitlines() if not _LOOKED_AT.search(line)]
    for line in lines:
        if line.startswith(("Outputs:", "Diagnostics:", "error:", "warning:")) or _A_CHANGE.match(line):
            yield f"a preview in sync shows: {line.strip()}"
    if not re.search(r"^ +\d+ unchanged$", text, re.MULTILINE):
        yield "a preview in sync does not show how many resources stay as they are"


@check(9)
def no_push_is_refused(refused: Sequence[str]) -> Iterator[str]:
    """
    Nobody who reads the key when a job begins, and ends within the grace, is refused; each refusal in words.
    """
    yield from refused


@check(9)
def nothing_grows(sizes: Mapping[str, tuple[float, float]], tolerance: float) -> Iterator[str]:
    """
    No size, given by its name, is later larger than before, by more than that part of it.
    """
    for what, (before, after) in sizes.items():
        if after > before * (1 + tolerance):
            yield f"{what} grew from {before:g} to {after:g}"
