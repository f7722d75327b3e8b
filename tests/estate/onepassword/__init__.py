"""
An embedded 1Password Connect server: vaults, items, fields, and reads that lag writes.

Read in the vendor's OpenAPI 1.7.1, SDKs and Terraform provider; no vendor server was run. The parts that hurt are here:
a title may match several items, the answer to an update carries the old ``version``, the next reads are still the old
item, and a PUT silently drops every field it does not name.
"""

from __future__ import annotations

import copy
from collections.abc import Callable

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from tests.estate.core import System, World, stamp
from tests.estate.onepassword import api, direct
from tests.estate.onepassword.backdoor import BackDoors
from tests.estate.onepassword.model import Item, Json, Token, Vault, new_id

__all__ = ["Item", "OnePassword", "Token", "Vault", "new_id"]


class OnePassword(BackDoors, System):
    """
    The embedded Connect server.

    Attributes:
        lag_reads: how many reads after a write still show the old item.
        puts: how many whole items were written.
        alters: what the server makes of each field that is added: another label, value, type or section.
        silent_vaults: names or ids of vaults whose routes answer 503, while the other ones are well.
    """

    name = "onepassword"

    def __init__(self, world: World, url: str) -> None:
        self.vaults: dict[str, Vault] = {}
        self.tokens: dict[str, Token] = {}
        self.lag_reads = 2
        self.puts = 0
        self.silent_vaults: set[str] = set()
        self.alters: Callable[[Json], Json] | None = None
        # What happens to the next writes: a status that refuses each, and what somebody does just before one.
        self.refusals: list[int] = []
        self.meanwhile: Callable[[], None] | None = None
        super().__init__(world, url)

    def routes(self) -> ASGIApp:
        """Return the API's routes."""
        item = "/v1/vaults/{vault}/items/{item}"
        routes = [
            Route("/heartbeat", self._answer(api.heartbeat)),
            Route("/health", self._answer(api.health)),
            Route("/v1/vaults", self._answer(api.list_vaults), methods=["GET"]),
            Route("/v1/vaults/{vault}", self._answer(api.get_vault), methods=["GET"]),
            Route("/v1/vaults/{vault}/items", self._answer(api.list_items), methods=["GET"]),
            Route(item, self._answer(api.get_item), methods=["GET"]),
            Route(item, self._answer(api.patch_item), methods=["PATCH"]),
            Route(item, self._answer(api.put_item), methods=["PUT"]),
            *(Route(path, self._answer(handler), methods=[method]) for method, path, handler in direct.ROUTES),
        ]
        return Starlette(routes=routes)

    def _answer(self, handler: api.Handler) -> api.Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(self, request)
            except api.Refusal as refusal:
                return refusal.response()

        return endpoint

    def store(self, item: Item, changed: Json) -> Json:
        """Write an item and return the answer to that write: the new content under the old version."""
        item.stale, item.stale_reads = copy.deepcopy(item.current), self.lag_reads
        old_version = item.current["version"]
        for entry in changed["fields"]:
            if entry.get("type") == "CONCEALED":
                self.secrets.add(entry.get("value"))
        item.current = changed | {
            "version": old_version + 1,
            "updatedAt": stamp(self.clock.now()),
            "lastEditedBy": new_id(),
        }
        return item.current | {"version": old_version}

    def kept_as(self, entry: Json) -> Json:
        """Return what the server keeps of a field that is added."""
        return self.alters(entry) if self.alters else entry

    def before_writing(self) -> None:
        """Let happen what a test has planned for the next write."""
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        if self.refusals:
            raise api.Refusal(self.refusals.pop(0), "refused, as the test wants it")
