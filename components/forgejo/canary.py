"""
A canary's inputs, and the meaning of its result. Pure.

A canary is a workflow of the repository that uses the secret. It answers two questions by a job each, as in
`examples/workflows/canary.yaml`: does the registry accept CI's key, and is that the published key. For the second
question the job gets a number that is used once and the SHA-256 of `number:key`, and computes the same from the secret.
Everybody who sees the run sees both, but the digest of a key's 122 random bits does not reveal the key.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from hashlib import sha256
from typing import Literal

import msgspec

# The canary's jobs, and its inputs.
ACCEPTED, OURS = "accepted", "ours"
NONCE, DIGEST = "nonce", "digest"
EXAMPLE = "examples/workflows/canary.yaml"

# The results of a job that answer its question. An `up` starts a canary without inputs, and then it compares nothing.
_ANSWERS = {ACCEPTED: ("success", "failure"), OURS: ("success", "failure", "skipped")}

Word = Literal["works", "refused", "another key", "no answer"]


class Verdict(msgspec.Struct, frozen=True):
    """
    What a canary's run says about a secret.

    Args:
        word: *works*: the registry accepts what CI has. *refused*: it does not. *another key*: CI has another key than
            the one that it was compared with. *no answer*: the run says nothing.
        why: the rest of the sentence; empty where there is nothing to add.
        is_ours: whether CI has the key that it was compared with; None if the canary did not compare.
    """

    word: Word
    why: str = ""
    is_ours: bool | None = None


def question(key: str) -> dict[str, str]:
    """
    Return the inputs with which a canary recognises *key*; they differ each time.
    """
    nonce = uuid.uuid4().hex
    return {NONCE: nonce, DIGEST: sha256(f"{nonce}:{key}".encode()).hexdigest()}


def judge(end: str, jobs: Mapping[str, str]) -> Verdict:
    """
    Return the verdict of a run that ended with *end*; *jobs* has the result of each of its jobs.
    """
    for job, ends in _ANSWERS.items():
        how = jobs.get(job, end)
        if how not in ends:
            what = f"its job {job}" if job in jobs else "its run"
            return Verdict("no answer", f"{what} ended with {how or 'nothing'}")
    accepted = jobs.get(ACCEPTED, end) == "success"
    match jobs.get(OURS):
        case "failure":
            says = "accepts" if accepted else "does not accept"
            known = f", which the registry {says}" if ACCEPTED in jobs else ""
            return Verdict("another key", f"CI has another key than the store of record{known}", is_ours=False)
        case "success":
            if accepted:
                return Verdict("works", is_ours=True)
            return Verdict(
                "refused", "CI has the key of the store of record, and the registry refuses it", is_ours=True
            )
        case "skipped":
            untold = f"its job {OURS} was skipped: its trigger workflow_dispatch needs the inputs {NONCE} and {DIGEST}"
            hint = f"{untold}, as {EXAMPLE} has them"
        case _ if jobs:
            hint = f"its canary has no job {OURS}, so whose key CI has is not known: {EXAMPLE} has one"
        case _:
            hint = "this forge does not say how each of its jobs ended, so whose key CI has is not known"
    if accepted:
        return Verdict("works", hint)
    return Verdict("refused", f"its canary ended with {jobs.get(ACCEPTED, end)}; {hint}")
