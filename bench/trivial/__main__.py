"""
As many trivial dynamic resources as the stack file says.
"""

from __future__ import annotations

import pulumi

config = pulumi.Config()
if config.get_bool("libraries"):
    from trivial_with_libraries import LibraryThing as Thing
else:
    from trivial import Thing

for number in range(config.require_int("count")):
    Thing(f"thing-{number}")
