"""
As many accounts as the stack file says, each a component of five resources that take a value from the one before.
"""

from __future__ import annotations

import pulumi
from trivial import Thing


class Account(pulumi.ComponentResource):
    """
    One account's chain.
    """

    def __init__(self, name: str) -> None:
        super().__init__("bench:index:Account", name)
        before: Thing | None = None
        things = []
        for part in ("account", "key", "field", "secret", "sweep"):
            depends_on = [before] if before else []
            value = before.value if before else "same"
            before = Thing(f"{name}-{part}", value, pulumi.ResourceOptions(parent=self, depends_on=depends_on))
            things.append(before)
        self.summary = pulumi.Output.all(**{f"value_{number}": one.value for number, one in enumerate(things)})
        self.register_outputs({"summary": self.summary})


accounts = {f"ci-{number:06d}": Account(f"ci-{number:06d}") for number in range(pulumi.Config().require_int("count"))}
pulumi.export("accounts", {name: account.summary for name, account in accounts.items()})
