"""
Who uses the key: jobs that read it once, when they begin, and push with it until they end.

They push to the registry itself, past the proxies: a system that is away for an `up` is away for the program, and what
is tried is whether a key still works.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import httpx

from tests.estate.zot.registry import MANIFEST_TYPE
from tests.world import World

# The longest that a job lasts, by the registry's clock.
LONGEST = timedelta(hours=2)
# With *beyond_the_grace*: one job in so many lasts so long, and so often a consumer reads its place anew. Both are more
# than the grace of a day.
_ONE_LONG_JOB_IN = 8
LONG = timedelta(hours=50)
POLLS = timedelta(hours=36)
_REPOSITORY = "soak/image"
_LAYER = b"the one layer of every image"
_DIGEST = f"sha256:{hashlib.sha256(_LAYER).hexdigest()}"
_BLOB = {"digest": _DIGEST, "size": len(_LAYER)}
_MANIFEST = json.dumps({"schemaVersion": 2, "config": _BLOB, "layers": [_BLOB]}).encode()
# While an `up` runs: between two pushes, which are some thousandths of a second each, and between two new jobs. The
# engine and the systems share this machine with them.
_PAUSE_SECONDS = 0.04
_NEW_JOB_EVERY = 8
_KNOWN = ("chance", "pushes", "refused", "jobs", "images", "turns", "of_chance")


@dataclass
class Job:
    """
    A job: what it has read, where, and when it ends by the registry's clock; one that polls reads it again then.
    """

    place: str
    key: str
    began: datetime
    ends: datetime
    polls: bool = False


@dataclass
class Client:
    """
    All jobs.

    Attributes:
        beyond_the_grace: whether some hold a key for longer than its grace.
        pushes: how many were accepted.
        refused: those that were not, each in a sentence.
        images: how many were pushed or refused.
        turns: how many jobs have begun; they take turns at the places.
        of_chance: how many of these without a given length.
    """

    world: World
    chance: random.Random
    beyond_the_grace: bool = False
    pushes: int = 0
    refused: list[str] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    images: int = 0
    turns: int = 0
    of_chance: int = 0

    def __post_init__(self) -> None:
        self._registry = httpx.Client(base_url=self.world.estate.listening["zot"], timeout=30, trust_env=False)
        self._places: dict[str, Callable[[], str | None]] = {
            "the secret": self.world.secret,
            "the field": self.world.field,
        }

    def start_consumers(self) -> None:
        """
        With *beyond_the_grace*, begin what reads each place again and again.
        """
        for _ in self._places if self.beyond_the_grace else ():
            self.begin(POLLS / timedelta(hours=1))
            self.jobs[-1].polls = True

    def known(self) -> dict[str, Any]:
        """
        Return what *go_on* needs; not a copy.
        """
        return {name: getattr(self, name) for name in _KNOWN}

    def go_on(self, known: Mapping[str, Any]) -> None:
        """
        Go on where another one was.
        """
        vars(self).update(known)

    def close(self) -> None:
        """
        No more pushes.
        """
        self._registry.close()

    def begin(self, hours: float | None = None) -> None:
        """
        Begin a job, which reads one place now. It ends after *hours*, or some time within the two that it may take.
        """
        place = list(self._places)[self.turns % len(self._places)]
        self.turns += 1
        now = self.world.estate.clock.now()
        lasts = timedelta(hours=hours) if hours else self.chance.choice((1, 2, 3, 4)) * LONGEST / 4
        self.of_chance += not hours
        if self.beyond_the_grace and not hours and self.of_chance % _ONE_LONG_JOB_IN == 0:
            lasts = LONG
        self.jobs.append(Job(place, self._places[place]() or "", now, now + lasts))
        self._push(self.jobs[-1], _LAYER)

    def push_all(self) -> None:
        """
        Push once with every job, and let go of those that have ended by that.
        """
        now = self.world.estate.clock.now()
        for job in self.jobs:
            if job.polls and job.ends <= now:
                job.key, job.began, job.ends = self._places[job.place]() or "", now, now + POLLS
            self._push(job)
        self.jobs = [job for job in self.jobs if job.ends > now]

    @contextmanager
    def pushing(self) -> Iterator[None]:
        """
        Push without pause for as long, with every job by turns, and begin a long one again and again.
        """
        over = threading.Event()
        thread = threading.Thread(target=self._push_until, args=(over,), name="soak-client")
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()

    def _push_until(self, over: threading.Event) -> None:
        for number in itertools.count():
            if number % _NEW_JOB_EVERY == 0:
                self.begin(LONGEST / timedelta(hours=1))
            else:
                self._push(self.jobs[number % len(self.jobs)])
            if over.wait(_PAUSE_SECONDS):
                return

    def _push(self, job: Job, layer: bytes = b"") -> None:
        """
        Push an image under a tag that no other has: that is what CI's rights allow. The *layer* goes with a job's first
        one.
        """
        auth = (self.world.username, job.key)
        self.images += 1
        blob = f"/v2/{_REPOSITORY}/blobs/uploads/?digest={_DIGEST}"
        manifest = f"/v2/{_REPOSITORY}/manifests/build-{self.images}"
        typed = {"Content-Type": MANIFEST_TYPE}
        try:
            answer = self._registry.post(blob, content=layer, auth=auth) if layer else None
            if answer is None or answer.status_code == httpx.codes.CREATED:
                answer = self._registry.put(manifest, content=_MANIFEST, headers=typed, auth=auth)
            came = str(answer.status_code)
        except httpx.TransportError as error:
            came = type(error).__name__
        if came == str(int(httpx.codes.CREATED)):
            self.pushes += 1
            return
        into = self.world.estate.clock.now() - job.began
        self.refused.append(f"{came} for a job that read {job.place} {into / timedelta(hours=1):.1f} hours before")
