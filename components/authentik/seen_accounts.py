"""
The accounts that a run has looked at, a page of them by one request where the token may list accounts.

A token that may not list, or sees only a few accounts, still works: then one request asks for each account.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from threading import Lock

from ..http.errors import ReconcileError, UnreachableError
from ..http.once import Once
from .model import Account, Accounts

PAGE = 100  # the server's largest page


class SeenAccounts:
    """
    The known accounts.

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
        Return the account *pk*, None if it does not exist or the token may not see it.

        A request of its own asks for the first account. For each later account, as many pages of the list are read as
        accounts were asked for before. So on a server with thousands of other accounts a program with a few accounts
        sends at most twice the requests.
        """
        with self._lock:
            pages = len(self._looked_for - {pk})
            self._looked_for.add(pk)
        return self._accounts.get(pk, lambda: self._listed(pk, pages) or self._one(pk, username))

    def forget(self) -> None:
        """
        Forget all accounts, since one of them was changed.
        """
        self._accounts.forget()
        self._pages.forget()

    def _listed(self, pk: int, pages: int) -> Account | None:
        """
        Return the account *pk* if it is on one of the first *pages* pages; None if the token may not list.
        """
        for number in range(1, pages + 1 if self._may_list else 1):
            try:
                page = self._pages.get(number, partial(self._page, number))
            except UnreachableError:
                raise
            except ReconcileError:
                # The request for each single account will report what is wrong.
                self._may_list = False
                return None
            found = next((account for account in page.results if account.pk == pk), None)
            if found or not page.pagination.next:
                return found
        return None
