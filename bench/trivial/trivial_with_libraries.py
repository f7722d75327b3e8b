"""
The same resource, in processes that import the libraries which our providers load.
"""

from __future__ import annotations

import httpx  # noqa: F401 - to import it is all that this is for
import msgspec  # noqa: F401 - as httpx
import pulumi
import truststore  # noqa: F401 - as httpx
from pulumi.dynamic import Resource
from trivial import ThingProvider


class LibraryProvider(ThingProvider):
    """
    The same life cycle.
    """


class LibraryThing(Resource, module="bench", name="LibraryThing"):
    """
    One such resource.
    """

    value: pulumi.Output[str]

    def __init__(self, name: str) -> None:
        super().__init__(LibraryProvider(), name, {"value": "same"})
