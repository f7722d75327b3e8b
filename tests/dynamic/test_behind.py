"""
A place stays while the run leaves out the sweep that needs it: what the program and the providers tell each other.
"""

from __future__ import annotations

import pytest

from components.dynamic.behind import Behind
from components.dynamic.journal import Journal
from components.http.errors import NotYetError

KEY, OTHER = "the-key", "another-key"


@pytest.fixture
def behind() -> Behind:
    """Of a run with two accounts, whose keys are known."""
    noted = Behind(Journal(None))
    for key, username in ((KEY, "zot-ci"), (OTHER, "mirror")):
        noted.note_owner(key, username)
        noted.note_expected(username)
    return noted


def test_a_place_goes_when_the_run_has_come_to_the_sweep(behind: Behind) -> None:
    """The engine has then written that the sweep needs it no more."""
    behind.note_done("zot-ci", "a-mark")

    behind.refuse_deletion(KEY, "Forgejo secret a/b/C")


def test_a_place_stays_while_its_account_s_sweep_is_left_out(behind: Behind) -> None:
    """One that was left out has no mark; another account's does not count."""
    behind.note_done("zot-ci", None)
    behind.note_done("mirror", "a-mark")

    with pytest.raises(NotYetError, match=r"secret a/b/C stays for now: .* the sweep of zot-ci"):
        behind.refuse_deletion(KEY, "Forgejo secret a/b/C")
    behind.refuse_deletion(OTHER, "Forgejo secret d/e/F")


def test_of_a_key_that_nobody_knows_any_sweep_may_need_the_place(behind: Behind) -> None:
    """An older rotation's, whose run died."""
    behind.note_done("zot-ci", "a-mark")

    with pytest.raises(NotYetError):
        behind.refuse_deletion("unknown", "Forgejo secret a/b/C")


def test_without_a_program_everything_goes() -> None:
    """A destroy."""
    Behind(Journal(None)).refuse_deletion(KEY, "Forgejo secret a/b/C")
