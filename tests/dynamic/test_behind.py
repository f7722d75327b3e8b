"""
A place stays while the run leaves out the sweep that needs it: what the program and the providers tell each other.
"""

from __future__ import annotations

import pytest

from components.dynamic.behind import Behind
from components.dynamic.journal import Journal
from components.http.errors import NotYetError
from components.settings.place import Place

OURS = Place.secret("C", repository="a/b")
THEIRS = Place.secret("F", repository="d/e")


@pytest.fixture
def behind() -> Behind:
    """Of a run with two accounts, each with a place."""
    noted = Behind(Journal(None))
    for place, username in ((OURS, "zot-ci"), (THEIRS, "mirror")):
        noted.note_needs(username, [str(place)])
        noted.note_expected(username)
    return noted


def test_a_place_goes_when_the_run_has_come_to_the_sweep(behind: Behind) -> None:
    """The engine has then written that the sweep needs it no more."""
    behind.note_done("zot-ci", "a-mark")

    behind.refuse_deletion(OURS)


def test_a_place_stays_while_its_account_s_sweep_is_left_out(behind: Behind) -> None:
    """One that was left out has no mark; another account's does not count."""
    behind.note_done("zot-ci", None)
    behind.note_done("mirror", "a-mark")

    with pytest.raises(NotYetError, match=r"secret a/b/C stays for now: .* the sweep of zot-ci"):
        behind.refuse_deletion(OURS)
    behind.refuse_deletion(THEIRS)


def test_a_sweep_that_does_not_exist_yet_needs_nothing(behind: Behind) -> None:
    """A new account's, which the run leaves out."""
    behind.note_done("zot-ci", "a-mark")
    behind.note_expected("new")

    behind.refuse_deletion(OURS)


def test_without_a_program_everything_goes() -> None:
    """A destroy."""
    Behind(Journal(None)).refuse_deletion(OURS)
