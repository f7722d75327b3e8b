"""
As many trivial dynamic resources as the stack file says.
"""

from __future__ import annotations

import pulumi
from trivial import Thing

for number in range(pulumi.Config().require_int("count")):
    Thing(f"thing-{number}")
