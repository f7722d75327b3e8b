"""
The accounts that a run has looked at: a page of them by one request, where the token may list.

A token that may see a few accounts only, or may not list at all, still works: each account is then asked for by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock

from ..http.errors import ReconcileError, UnreachableError
from ..http.once import Once
from .model import Account, Accounts

PAGE = 100  # the most that is given in one page


class SeenAccounts:
    """
    What is known of accounts.

    Args:
        page: asks for one page of the list of service accounts, counted from 1.
        one: asks for one account by its number; the name is for messages.
    """

    def __init__(self, page: Callable[[int], Accounts], one: Callable[[int, str], Account | None]) -> None:
        self._page, self._one = page, one
        self._accounts: Once[int, Account | None] = Once()
        self._pages: Once[int, Accounts] = Once()
        self._lock = Lock()
        self._looked_for: set[int] = set()
        self._may_list = True

    def account(self, pk: int, username: str) -> Account | None:
        """
        Return the account *pk*, None if it is gone or the token may not see it.

        The first one is asked for by itself. Whoever comes later looks into as many pages of the list as other accounts
        were looked for before: on a server with thousands of accounts of others, a program with a few sends no more
        than twice the requests.
        """
        with self._lock:
            pages = len(self._looked_for - {pk})
            self._looked_for.add(pk)
        return self._accounts.get(pk, lambda: self._listed(pk, pages) or self._one(pk, username))

    def forget(self) -> None:
        """
        Forget what was seen: something of it was changed.
        """
        self._accounts.forget()
        self._pages.forget()

    def _listed(self, pk: int, pages: int) -> Account | None:
        """
        Return the account *pk* if it is on one of the first so many *pages*. A token that may not list finds none.
        """
        for number in range(1, pages + 1 if self._may_list else 1):
            try:
                page = self._pages.get(number, partial(self._page, number))
            except UnreachableError:
                raise
            except ReconcileError:
                # Whatever is wrong with it, each account's own answer will say.
                self._may_list = False
                return None
            found = next((account for account in page.results if account.pk == pk), None)
            if found or not page.pagination.next:
                return found
        return None
