"""
One answer for all who ask for the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from tests.http.clock import SetClock
from zot_ci.http import once
from zot_ci.http.errors import NotFoundError, UnreachableError
from zot_ci.http.once import Once, SingleFlight

PATIENCE_SECONDS = 60


class Question:
    """Something to ask, which waits until it may be answered."""

    def __init__(self, *answers: Any) -> None:
        self.asked = 0
        self.began = threading.Event()
        self.may_end = threading.Event()
        self._answers = list(answers)

    def __call__(self) -> Any:
        """Answer, or raise what is to be raised."""
        self.asked += 1
        answer = self._answers.pop(0)
        self.began.set()
        assert self.may_end.wait(PATIENCE_SECONDS)
        if isinstance(answer, Exception):
            raise answer
        return answer


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> threading.Semaphore:
    """Released by each thread that begins to wait for an answer."""
    begun, result = threading.Semaphore(0), Future.result

    def counted(future: Future[Any], timeout: float | None = None) -> Any:
        begun.release()
        return result(future, timeout)

    monkeypatch.setattr(Future, "result", counted)
    return begun


def asked_in_threads(
    known: Once[str, Any] | SingleFlight[str, Any], question: Question, waiting: threading.Semaphore
) -> list[Any]:
    """Ask from four threads at once, and return what each got; an error as itself."""
    results: list[Any] = []

    def ask() -> None:
        try:
            results.append(known.get("key", question))
        except Exception as exc:
            results.append(exc)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    threads[0].start()
    assert question.began.wait(PATIENCE_SECONDS)
    for thread in threads[1:]:
        thread.start()
        # One that came after the answer would ask anew.
        assert waiting.acquire(timeout=PATIENCE_SECONDS)
    question.may_end.set()
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    return results


def answer(value: Any) -> Callable[[], Any]:
    """A question that is answered at once."""
    return lambda: value


def test_who_asks_at_the_same_moment_or_later_gets_the_one_answer(waiting: threading.Semaphore) -> None:
    """And another question is another one."""
    known: Once[str, Any] = Once()
    question = Question("answer")

    assert asked_in_threads(known, question, waiting) == ["answer"] * 4
    assert known.get("key", answer("another")) == "answer"
    assert known.get("other", answer("another")) == "another"
    assert question.asked == 1


def test_a_question_in_the_air_stops_no_other_question() -> None:
    """No lock is held while somebody waits for the network."""
    known: Once[str, Any] = Once()
    slow = Question("slow")
    thread = threading.Thread(target=known.get, args=("slow", slow))
    thread.start()
    assert slow.began.wait(PATIENCE_SECONDS)

    assert known.get("quick", answer("quick")) == "quick"
    known.forget()

    slow.may_end.set()
    thread.join(PATIENCE_SECONDS)


def test_an_error_is_for_those_who_were_waiting(waiting: threading.Semaphore) -> None:
    """The next one asks again."""
    known: Once[str, Any] = Once()
    fault = NotFoundError("it is not there")

    found = asked_in_threads(known, Question(fault), waiting)

    assert found == [fault] * 4
    assert known.get("key", answer("it is there")) == "it is there"


def test_a_silence_that_took_long_is_not_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not by a hundred resources, each its whole time-out; after as long again somebody asks."""
    clock = SetClock(monkeypatch, once)
    known: Once[str, Any] = Once()
    silent = UnreachableError("no answer")

    def time_out() -> None:
        clock.now += 20
        raise silent

    for _ in range(3):
        with pytest.raises(UnreachableError):
            known.get("key", time_out)
    assert clock.now == 120.0

    clock.now += 21
    assert known.get("key", answer("back")) == "back"


def test_an_answer_serves_as_long_as_it_may(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then it is asked for anew."""
    clock = SetClock(monkeypatch, once)
    known: Once[str, Any] = Once(60)

    assert known.get("key", answer(1)) == 1
    clock.now += 59
    assert known.get("key", answer(2)) == 1
    clock.now += 1
    assert known.get("key", answer(3)) == 3


def test_what_was_changed_is_forgotten_also_while_it_is_asked_for() -> None:
    """The answer that is on its way may be from before: it is nobody's who asks after the change."""
    known: Once[str, Any] = Once()
    before = Question("before")
    got: list[Any] = []
    thread = threading.Thread(target=lambda: got.append(known.get("key", before)))
    thread.start()
    assert before.began.wait(PATIENCE_SECONDS)

    known.forget(lambda key: key == "key")
    assert known.get("key", answer("after")) == "after"
    before.may_end.set()
    thread.join(PATIENCE_SECONDS)

    assert got == ["before"]
    assert known.get("key", answer("unasked")) == "after"


def test_a_known_answer_is_amended_and_one_in_the_air_is_not_kept() -> None:
    """Nobody knows whether the latter has the change."""
    known: Once[str, Any] = Once()
    known.get("known", answer(1))
    flying = Question(1)
    thread = threading.Thread(target=known.get, args=("flying", flying))
    thread.start()
    assert flying.began.wait(PATIENCE_SECONDS)

    for key in ("known", "flying", "never asked"):
        known.amend(key, lambda value: value + 1)
    flying.may_end.set()
    thread.join(PATIENCE_SECONDS)

    assert known.get("known", answer("unasked")) == 2
    assert known.get("flying", answer("asked")) == "asked"
    assert known.get("never asked", answer("asked")) == "asked"


def test_what_is_asked_together_is_not_remembered(waiting: threading.Semaphore) -> None:
    """Four who wait for the same are served by one answer, and the next one asks again."""
    together: SingleFlight[str, Any] = SingleFlight()
    question = Question("first")

    assert asked_in_threads(together, question, waiting) == ["first"] * 4
    assert question.asked == 1
    assert together.get("key", answer("later")) == "later"
