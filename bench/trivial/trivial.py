"""
A dynamic resource that is always as it was: no request, no file, no clock.
"""

from __future__ import annotations

from typing import Any

import pulumi
from pulumi.dynamic import CreateResult, DiffResult, ReadResult, Resource, ResourceProvider, UpdateResult


class ThingProvider(ResourceProvider):
    """
    The least that a life cycle with a refresh can be.
    """

    def create(self, props: dict[str, Any]) -> CreateResult:
        """
        Make nothing.
        """
        return CreateResult("thing", props)

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """
        Find everything as it was.
        """
        return ReadResult(id_, props, {"value": props["value"]})

    def diff(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """
        Compare the one value.
        """
        return DiffResult(changes=olds["value"] != news["value"])

    def update(self, id_: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """
        Take the value.
        """
        return UpdateResult(news)


class Thing(Resource, module="bench", name="Thing"):
    """
    One such resource.
    """

    value: pulumi.Output[str]

    def __init__(
        self, name: str, value: pulumi.Input[str] = "same", opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(ThingProvider(), name, {"value": value}, opts)
