"""
How the program registers one of the five resources: the same for all of them.
"""

from __future__ import annotations

from typing import ClassVar, TypeVar, overload

import msgspec
import pulumi
from pulumi.dynamic import Resource

from .border import plain_value
from .properties import Properties, Trait, having
from .provider import AnyProvider
from .state_shape import SHAPE

_T = TypeVar("_T")


@overload
def given(value: pulumi.Output[_T]) -> _T: ...


@overload
def given(value: pulumi.Input[_T]) -> _T: ...


def given(value: object) -> object:
    """
    Return an input for a property of its type: one that comes from another resource is known later, and stays an output
    till then.
    """
    return value


class Managed(Resource):
    """
    A resource of this program. Its annotations are the outputs that the program looks at.

    Args:
        wanted: what the program asks, with outputs where values come from other resources.
    """

    managed_by: ClassVar[type[AnyProvider]]
    _outputs: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, **names: str) -> None:
        super().__init_subclass__(**names)
        cls._outputs = tuple(cls.__annotations__)
        # For type checkers only: the SDK would evaluate them again for each resource, to convert outputs that are of
        # their types anyway (8 % of the program's time at a hundred accounts, measured).
        cls.__annotations__ = {}

    def __init__(self, resource_name: str, wanted: Properties, opts: pulumi.ResourceOptions | None = None) -> None:
        provider = self.managed_by()
        inputs = {name: plain_value(value) for name, value in msgspec.structs.asdict(wanted).items()} | {"shape": SHAPE}
        # An output that is no input has to be declared, or the SDK does not set it.
        outputs = dict.fromkeys(self._outputs)
        state: type[Properties] = provider.state
        secrets = list(having(state, Trait.SECRET))
        secret = pulumi.ResourceOptions(additional_secret_outputs=secrets)
        super().__init__(provider, resource_name, outputs | inputs, pulumi.ResourceOptions.merge(secret, opts))
